#!/usr/bin/env python3
"""./dev bench: measures Penstock beside the limit of each database and beside its peers (docs/benchmarks.md).

Makes its data, builds its programs, lets every contender prove its answer, then runs them in turn, each run a fresh
process. Prints one report and writes a JSON file. The peers are in .venv-bench, where ./dev installs them.
"""

import argparse
import datetime
import fnmatch
import json
import pathlib
import subprocess
import sys
import tomllib

import data
import machine
import report
import runner

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
CACHE = SOURCE / ".cache" / "bench"
VENV = SOURCE / ".venv-bench"
DOCS = SOURCE / "docs" / "benchmarks.md"
# Another process on a busy core is measured too.
QUIET_LOAD = 0.5


def say(text):
    print(text, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="TPC-H scale (1: 6,001,215 rows)")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each contender")
    parser.add_argument("--quick", action="store_true", help="scale 0.05, one run: does it work?")
    parser.add_argument("--only", nargs="+", metavar="PATTERN", help="contenders by name: 'DuckDB*'")
    parser.add_argument("--list", action="store_true", help="name the contenders and stop")
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build", help="build folder")
    parser.add_argument("--json", type=pathlib.Path, default=CACHE / "results.json", metavar="FILE")
    parser.add_argument("--show", action="store_true", help="the report of --json, measured earlier")
    parser.add_argument("--write-docs", action="store_true", help="put it into docs/benchmarks.md")
    options = parser.parse_args()
    if options.quick:
        options.scale, options.runs = 0.05, 1
    if options.runs < 1 or options.scale <= 0:
        parser.error("--runs and --scale must be above zero")
    options.build = options.build.resolve()
    return options


def choose(suite, patterns):
    chosen = [
        contender
        for contender in suite["contender"]
        if not patterns or any(fnmatch.fnmatch(contender["name"], p) for p in patterns)
    ]
    if not chosen:
        sys.exit(f"no contender matches {' '.join(patterns)}; --list names them")
    return chosen


def build_programs(build, contenders):
    """Those that the contenders run, and the one that measures."""
    firsts = (contender["command"][0] for contender in contenders)
    own = {first.rpartition("/")[2] for first in firsts if first.startswith("{build}")}
    programs = sorted(own | {"measure"})
    say(f"building {', '.join(programs)}")
    python = SOURCE / ".venv" / "bin" / "python"
    configure = ["cmake", "-S", SOURCE, "-B", build, "-DPENSTOCK_BENCH=ON"]
    if not (build / "CMakeCache.txt").exists():
        configure += ["-G", "Ninja"] + ([f"-DPENSTOCK_PYTHON={python}"] if python.exists() else [])
    for command in (configure, ["cmake", "--build", build, "--target", *programs]):
        done = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if done.returncode != 0:
            sys.exit(done.stdout + "the build failed; nothing was measured")


def verify(run, contenders, databases_of, datasets):
    """One untimed run of each; those that fail, or answer wrongly, are not timed."""
    for number, contender in enumerate(contenders, 1):
        name = contender["name"]
        query = run.query(contender, datasets)
        try:
            first = run.verify(contender, query, databases_of[contender["group"]])
            contender["file_bytes"] = first.get("file_bytes")
            contender["row_groups"] = first.get("row_groups")
            say(f"verify {number}/{len(contenders)}  {name}: right")
        except runner.Failed as failure:
            contender["error"] = str(failure)
            say(f"verify {number}/{len(contenders)}  {name}: FAILED: {failure}")


def measure(run, contenders, databases_of, datasets, runs):
    """A B C ... A B C ..., so that a slow minute of the machine is everybody's."""
    for number in range(1, runs + 1):
        for contender in contenders:
            if contender["error"]:
                continue
            query = run.query(contender, datasets)
            try:
                cost = run.time(contender, query, databases_of[contender["group"]])
            except runner.Failed as failure:
                contender["error"] = str(failure)
                say(f"run {number}/{runs}  {contender['name']}: FAILED: {failure}")
                continue
            contender["runs"].append(cost)
            say(f"run {number}/{runs}  {contender['name']}: {cost['wall_s']:.3f} s")


def run_suite(options, suite):
    contenders = choose(suite, options.only)
    load = machine.load_average()
    if load > QUIET_LOAD:
        say(f"warning: load average {load:.1f}: other work on this machine spoils the numbers")
    if not (VENV / "bin" / "tpchgen-cli").exists():
        sys.exit(f"the peers are not in {VENV.name}; ./dev bench installs them")
    CACHE.mkdir(parents=True, exist_ok=True)
    build_programs(options.build, contenders)
    versions = machine.versions(options.build, HERE / "requirements.txt", SOURCE)
    if versions["sanitizers"] or versions["build_type"] not in ("RelWithDebInfo", "Release"):
        sys.exit(f"{options.build} is no build to measure: {versions['build_type']}"
                 f" {versions['sanitizers']}")  # fmt: skip

    databases_of = {group["name"]: group["database"] for group in suite["group"]}
    wanted = {databases_of[contender["group"]] for contender in contenders}
    databases = {
        name: data.DATABASES[name](options.scale, CACHE, VENV, say) for name in sorted(wanted)
    }
    words = {
        "build": str(options.build),
        "peers": str(HERE / "peers"),
        "python": str(VENV / "bin" / "python"),
    }
    run = runner.Runner(words, databases, CACHE, HERE / "peers", options.scale)
    contenders = [
        {"note": "", "error": None, "file_bytes": None, "runs": []} | contender
        for contender in contenders
    ]

    verify(run, contenders, databases_of, suite["dataset"])
    measure(run, contenders, databases_of, suite["dataset"], options.runs)

    for contender in contenders:
        ok = contender["runs"] and not contender["error"]
        contender["median"] = report.median(contender["runs"]) if ok else None
    medians = {c["name"]: c["median"] for c in contenders if c["median"]}
    database = next(iter(databases.values()))
    return {
        "date": datetime.date.today().isoformat(),
        "machine": machine.describe(),
        "versions": versions,
        "settings": {"scale": options.scale, "runs": options.runs, "load": load},
        "rows": database.expected(suite["dataset"]["lineitem"])["rows"],
        "groups": suite["group"],
        "contenders": contenders,
        "targets": report.judge(suite["target"], medians),
    }


def write_docs(results):
    if results["settings"]["scale"] < 1 or any(t["met"] is None for t in results["targets"]):
        sys.exit(f"{DOCS.name} takes only a whole run at scale 1 or above")
    block = report.render(results, markdown=True)
    DOCS.write_text(report.replace_between_marks(DOCS.read_text(), block))


def main():
    options = arguments()
    suite = tomllib.loads((HERE / "suite.toml").read_text())
    if options.list:
        print("\n".join(contender["name"] for contender in choose(suite, options.only)))
        return 0
    if options.show:
        results = json.loads(options.json.read_text())
    else:
        results = run_suite(options, suite)
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    print(report.render(results))
    if options.write_docs:
        write_docs(results)
    return 1 if any(contender["error"] for contender in results["contenders"]) else 0


if __name__ == "__main__":
    sys.exit(main())
