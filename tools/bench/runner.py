"""Runs one contender in a fresh process: what it cost, and whether its answer is right."""

import json
import os
import pathlib
import re
import subprocess

# The driver's own time-out, so that a peer that hangs ends the run of that peer and no more.
TIMEOUT_SECONDS = 1800
# Variables by which a caller's own settings would change what is measured.
FOREIGN = ("PENSTOCK_", "RECOTEM_", "ARROW_", "PYTHON", "OMP_", "POLARS_", "PG", "MYSQL_", "MARIADB_", "ODBC")


class Failed(Exception):
    """A contender that did not run, or whose answer is wrong."""


class Runner:
    def __init__(self, words, database, cache, scale):
        self._words = words
        self._database = database
        self._work = cache / "work"
        self._work.mkdir(parents=True, exist_ok=True)
        self._scale = scale

    def verify(self, contender):
        """A first run, which also warms the page cache: Failed unless rows and sums are those of the data."""
        kind = contender["verify"]
        run = self._run(contender, ["--verify"] if kind == "flag" else [])
        if kind == "exit":
            return run
        if kind == "flag":
            found = run["answer"]
        else:
            found = json.loads(
                subprocess.run(
                    [self._words["python"], self._words["peers"] + "/check_file.py", self._output()],
                    check=True, capture_output=True, text=True,
                ).stdout
            )  # fmt: skip
            self._check_partitions(contender)
            if found["codecs"] != ["ZSTD"]:
                raise Failed(f"the file's codec is {', '.join(found['codecs'])}, not ZSTD")
        expected = self._database.expected(self._query(contender, "0"), contender["unpadded"])
        if found["rows"] != expected["rows"]:
            raise Failed(f"{found['rows']} rows, not {expected['rows']}")
        wrong = [name for name, value in expected["sums"].items() if found["sums"].get(name) != value]
        if wrong:
            raise Failed(f"wrong sums: {', '.join(wrong)}")
        return run | {key: found[key] for key in ("row_groups",) if key in found}

    def time(self, contender):
        return self._run(contender, [])

    def _check_partitions(self, contender):
        """Penstock reads by one connection where it cannot read by several, and its report says so."""
        if contender["partitions"]:
            told = json.loads(self._report().read_text())["partitions"]
            if len(told["rows"]) != contender["partitions"]:
                raise Failed(f"not read by {contender['partitions']} connections: {told['how']}")

    def _query(self, contender, low):
        """`low` is how the one parameter is written."""
        return re.sub(
            r"\{millions:(\d+)\}",
            lambda match: str(round(int(match[1]) * 1e6 * self._scale)),
            contender["dataset"].replace("{low}", low),
        )

    def _run(self, contender, more):
        result, answer = self._work / "cost.json", self._work / "answer.json"
        query = self._query(contender, contender["low"])
        words = self._words | self._database.words()
        words |= {"query": query, "output": str(self._output()), "report": str(self._report())}
        words["recipe"] = str(self._recipe(query))
        command = [word.format(**words) for word in contender["command"]] + more
        for path in (result, answer, self._output(), self._report()):
            path.unlink(missing_ok=True)
        os.sync()  # what the run before left unwritten is not this one's to wait for
        with open(answer, "w") as out, open(self._work / "errors.txt", "w+") as errors:
            process = subprocess.Popen(
                [words["build"] + "/bench/measure", str(result), *command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=errors, cwd=self._work,
                env=self._environment(), start_new_session=True,
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
            last_words = _last_words(errors.read())
        if process.returncode != 0:
            raise Failed(last_words)
        cost = json.loads(result.read_text())
        if cost["exit"] != 0:
            raise Failed(f"exit {cost['exit']}: {last_words}")
        if contender["verify"] == "flag":
            cost["answer"] = json.loads(answer.read_text().splitlines()[-1])  # a host's log comes first
        if self._output().exists():
            cost["file_bytes"] = self._output().stat().st_size
        elif contender["verify"] == "file":
            raise Failed("exit 0, but no file")
        return cost

    def _environment(self):
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(FOREIGN)
        }
        return kept | {
            "PENSTOCK_BENCH_DSN": self._database.dsn(),
            # The servers are on this machine.
            "PENSTOCK_SQL_ALLOW_PRIVATE": "1",
            "PENSTOCK_LOG_FORMAT": "text",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _output(self) -> pathlib.Path:
        return self._work / "output.parquet"

    def _report(self) -> pathlib.Path:
        return self._work / "report.json"

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


def _last_words(text):
    """The line that says what went wrong: Penstock's has a mark and a hint below it, others' is the last."""
    lines = text.strip().splitlines()
    marked = [line for line in lines if line.startswith(("error", "penstock:"))]
    return (marked or lines or ["nothing on stderr"])[-1]
