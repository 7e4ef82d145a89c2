"""Runs one contender in a fresh process: what it cost, and whether its answer is right."""

import json
import os
import pathlib
import re
import subprocess

# The driver's own time-out, so that a peer that hangs ends the run of that peer and no more.
TIMEOUT_SECONDS = 1800


class Failed(Exception):
    """A contender that did not run, or whose answer is wrong."""


class Runner:
    def __init__(self, words, databases, cache, peers, scale):
        self._words = words
        self._databases = databases
        self._work = cache / "work"
        self._work.mkdir(parents=True, exist_ok=True)
        self._peers = peers
        self._scale = scale

    def verify(self, contender, query, database):
        """A first run, which also warms the page cache: Failed unless rows and sums are those of the data."""
        kind = contender["verify"]
        run = self._run(contender, query, database, ["--verify"] if kind == "flag" else [])
        if kind == "exit":
            return run
        if kind == "flag":
            found = run["answer"]
        else:
            found = json.loads(
                subprocess.run(
                    [self._words["python"], self._peers / "check_file.py", self._output()],
                    check=True, capture_output=True, text=True,
                ).stdout
            )  # fmt: skip
            if found["codecs"] != ["ZSTD"]:
                raise Failed(f"the file's codec is {', '.join(found['codecs'])}, not ZSTD")
        expected = self._databases[database].expected(query)
        if found["rows"] != expected["rows"]:
            raise Failed(f"{found['rows']} rows, not {expected['rows']}")
        wrong = [name for name, value in expected["sums"].items() if found["sums"].get(name) != value]
        if wrong:
            raise Failed(f"wrong sums: {', '.join(wrong)}")
        return run | {key: found[key] for key in ("row_groups",) if key in found}

    def time(self, contender, query, database):
        return self._run(contender, query, database, [])

    def query(self, contender, datasets):
        text = datasets[contender.get("dataset", "lineitem")]
        return re.sub(
            r"\{millions:(\d+)\}", lambda match: str(round(int(match[1]) * 1e6 * self._scale)), text
        )

    def _run(self, contender, query, database, more):
        result, answer = self._work / "cost.json", self._work / "answer.json"
        words = self._words | self._databases[database].words()
        words |= {"query": query, "output": str(self._output())}
        words["recipe"] = str(self._recipe(query))
        command = [word.format(**words) for word in contender["command"]] + more
        for path in (result, answer, self._output()):
            path.unlink(missing_ok=True)
        os.sync()  # what the run before left unwritten is not this one's to wait for
        with open(answer, "w") as out, open(self._work / "errors.txt", "w+") as errors:
            process = subprocess.Popen(
                [words["build"] + "/bench/measure", str(result), *command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=errors, cwd=self._work,
                env=self._environment(database), start_new_session=True,
            )  # fmt: skip
            try:
                process.wait(TIMEOUT_SECONDS)
            except BaseException as error:
                os.killpg(process.pid, 9)
                process.wait()
                if isinstance(error, subprocess.TimeoutExpired):
                    raise Failed(f"still running after {TIMEOUT_SECONDS} s") from error
                raise
            errors.seek(0)
            last_words = errors.read().strip().splitlines()[-1:] or ["nothing on stderr"]
        if process.returncode != 0:
            raise Failed(last_words[0])
        cost = json.loads(result.read_text())
        if cost["exit"] != 0:
            raise Failed(f"exit {cost['exit']}: {last_words[0]}")
        if contender["verify"] == "flag":
            cost["answer"] = json.loads(answer.read_text())
        if self._output().exists():
            cost["file_bytes"] = self._output().stat().st_size
        elif contender["verify"] == "file":
            raise Failed("exit 0, but no file")
        return cost

    def _environment(self, database):
        # Nothing of the caller's own settings may change what is measured.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PENSTOCK_", "RECOTEM_", "ARROW_", "PYTHON", "OMP_", "POLARS_"))
        }
        return kept | {
            "PENSTOCK_BENCH_DSN": self._databases[database].dsn(),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _output(self) -> pathlib.Path:
        return self._work / "output.parquet"

    def _recipe(self, query):
        path = self._work / "recipe.yaml"
        path.write_text(
            "name: benchmark\n"
            "source:\n"
            "  type: penstock\n"
            "  dsn_env: PENSTOCK_BENCH_DSN\n"
            f"  query: {json.dumps(query)}\n"
            f"  statement_timeout_seconds: {TIMEOUT_SECONDS}\n"
            "sink: {format: parquet, compression: 'zstd:3', row_group_rows: 1000000}\n"
        )
        return path
