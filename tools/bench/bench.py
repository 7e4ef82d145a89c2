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
import signal
import subprocess
import sys
import tomllib

import data
import machine
import report
import runner
import servers

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
CACHE = SOURCE / ".cache" / "bench"
CARGO = CACHE / "cargo"
VENV = SOURCE / ".venv-bench"
DOCS = SOURCE / "docs" / "benchmarks.md"
DATABASES = {
    "sqlite": data.Sqlite,
    "postgresql": servers.Postgres,
    "mariadb": servers.MariaDb,
    "mysql": servers.MySql,
}
PYTHON_GROUPS = ("frames", "hosts")
# Another process on a busy core is measured too.
QUIET_LOAD = 0.5


def say(text):
    print(text, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="TPC-H scale (1: 6,001,215 rows)")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each contender")
    parser.add_argument("--quick", action="store_true", help="scale 0.05, one run: does it work?")
    parser.add_argument("--only", nargs="+", metavar="PATTERN", default=[],
                        help="contenders by database, report, group, name or database/name: postgresql, mysql-python,"
                             " sqlite-memory, 'DuckDB*', 'mariadb/penstock*'")
    parser.add_argument("--list", action="store_true", help="name the contenders and stop")
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build", help="build folder")
    parser.add_argument("--results", type=pathlib.Path, default=CACHE / "results", metavar="FOLDER",
                        help="a JSON file a report: a database, or Python's libraries on it")
    parser.add_argument("--show", action="store_true", help="the reports of --results, measured earlier")
    parser.add_argument("--write-docs", action="store_true", help="put them into docs/benchmarks.md")
    options = parser.parse_args()
    if options.quick:
        options.scale, options.runs = 0.05, 1
    if options.runs < 1 or options.scale <= 0:
        parser.error("--runs and --scale must be above zero")
    options.build = options.build.resolve()
    return options


def report_of(database, to):
    """What is measured, judged and written together: a database, or what Python's libraries make of it."""
    return f"{database}-python" if to in PYTHON_GROUPS else database


def expand(suite):
    """A contender for each database that one in the suite is for."""
    return [
        {
            "database": database,
            "group": f"{database}-{contender['to']}",
            "report": report_of(database, contender["to"]),
            "name": contender["name"],
            "command": contender["command"],
            "verify": contender["verify"],
            "dataset": suite["dataset"][contender.get("dataset", "lineitem")],
            "low": contender.get("low", ""),
            "partitions": contender.get("partitions"),
            "unpadded": contender.get("unpadded", False),
            "note": contender.get(f"note_{database}", contender.get("note", "")),
            "error": None,
            "file_bytes": None,
            "runs": [],
            "median": None,
        }
        for database in DATABASES
        for contender in suite["contender"]
        if database in contender["databases"]
    ]


def choose(contenders, patterns):
    def names(contender):
        database, name = contender["database"], contender["name"]
        return database, contender["group"], contender["report"], name, f"{database}/{name}"

    chosen = [
        contender
        for contender in contenders
        if not patterns or any(fnmatch.fnmatch(n, p) for n in names(contender) for p in patterns)
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


def install_crates(crates, contenders):
    """The Rust peers. One that cannot be had is an error of its contenders and of nobody else."""
    listed = CARGO / ".crates.toml"
    for name, version in crates.items():
        users = [c for c in contenders if c["command"][0] == f"{{cargo}}/{name}"]
        known = listed.read_text() if listed.exists() else ""
        if not users or f'"{name} {version} ' in known:
            continue
        say(f"building {name} {version}, once, for some minutes")
        command = ["cargo", "install", name, "--version", version, "--locked", "--root", CARGO]
        try:
            # Not here: a folder's own .cargo/config.toml would count.
            done = subprocess.run(command, cwd="/", check=False, stderr=subprocess.PIPE, text=True)
            failure = (done.stderr.strip().splitlines() or ["?"])[-1] if done.returncode else ""
        except FileNotFoundError:
            failure = "there is no cargo"
        for contender in users if failure else ():
            contender["error"] = f"cargo install {name}: {failure}"
            say(f"{contender['database']}/{contender['name']}: {contender['error']}")


def verify(run, contenders):
    """One untimed run of each; those that fail, or answer wrongly, are not timed."""
    for number, contender in enumerate(contenders, 1):
        title = f"verify {number}/{len(contenders)}  {contender['database']}/{contender['name']}"
        if contender["error"]:
            continue
        try:
            first = run.verify(contender)
            contender["file_bytes"] = first.get("file_bytes")
            contender["row_groups"] = first.get("row_groups")
            say(f"{title}: right")
        except runner.Failed as failure:
            contender["error"] = str(failure)
            say(f"{title}: FAILED: {failure}")


def measure(run, contenders, runs):
    """A B C ... A B C ..., so that a slow minute of the machine is everybody's."""
    for number in range(1, runs + 1):
        for contender in contenders:
            if contender["error"]:
                continue
            title = f"run {number}/{runs}  {contender['database']}/{contender['name']}"
            try:
                cost = run.time(contender)
            except runner.Failed as failure:
                contender["error"] = str(failure)
                say(f"{title}: FAILED: {failure}")
                continue
            contender["runs"].append(cost)
            say(f"{title}: {cost['wall_s']:.3f} s")


def run_report(name, contenders, options, suite):
    """Verifies and times one report's contenders, while no other database runs; its results."""
    database_name = contenders[0]["database"]
    load = machine.load_average()
    if load > QUIET_LOAD:
        say(f"warning: load average {load:.1f}: other work on this machine spoils the numbers")
    words = {
        "build": str(options.build),
        "cargo": str(CARGO / "bin"),
        "peers": str(HERE / "peers"),
        "python": str(VENV / "bin" / "python"),
        "recotem": str(SOURCE / ".venv-bench-recotem" / "bin" / "python"),
        "flytekit": str(SOURCE / ".venv-bench-flytekit" / "bin" / "python"),
        "remote_store": str(SOURCE / ".venv-bench-remote-store" / "bin" / "python"),
    }
    database_version, rows = "", 0
    try:
        with DATABASES[database_name](options.scale, CACHE, VENV, say) as database:
            database_version = database.version()
            rows = database.expected(suite["dataset"]["lineitem"])["rows"]
            run = runner.Runner(words, database, CACHE, options.scale)
            verify(run, contenders)
            measure(run, contenders, options.runs)
    except servers.Unavailable as problem:
        say(f"{name}: FAILED: {problem}")
        for contender in contenders:
            contender["error"] = contender["error"] or str(problem)

    for contender in contenders:
        if contender["runs"] and not contender["error"]:
            contender["median"] = report.median(contender["runs"])
    return {
        "date": datetime.date.today().isoformat(),
        "machine": machine.describe(),
        "versions": machine.versions(options.build, HERE / "requirements.txt", SOURCE)
        | {"database": database_version, "client": machine.client(options.build, database_name)},
        "settings": {
            "scale": options.scale,
            "runs": options.runs,
            "load": load,
            "whole": len(contenders) == sum(one["report"] == name for one in expand(suite)),
        },
        "crates": suite["cargo"],
        "rows": rows,
        "groups": [group for group in suite["group"] if report_of(group["database"], group["to"]) == name],
        "contenders": contenders,
        "targets": [target for target in targets_of(suite, name) if database_name in target["databases"]],
    }


def targets_of(suite, name):
    known = {contender["name"] for contender in expand(suite) if contender["report"] == name}
    return [target for target in suite["target"] if target["of"] in known]


def run_suite(options, suite, contenders):
    """Measures, and writes a file a report as soon as it is done."""
    if not (VENV / "bin" / "tpchgen-cli").exists():
        sys.exit(f"the peers are not in {VENV.name}; ./dev bench installs them")
    CACHE.mkdir(parents=True, exist_ok=True)
    build_programs(options.build, contenders)
    versions = machine.versions(options.build, HERE / "requirements.txt", SOURCE)
    if versions["sanitizers"] or versions["build_type"] not in ("RelWithDebInfo", "Release"):
        sys.exit(f"{options.build} is no build to measure: {versions['build_type']}"
                 f" {versions['sanitizers']}")  # fmt: skip
    install_crates(suite["cargo"], contenders)
    options.results.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(contender["report"] for contender in contenders):
        mine = [contender for contender in contenders if contender["report"] == name]
        results = run_report(name, mine, options, suite)
        result_file(options, name).write_text(json.dumps(results, indent=1) + "\n")


def result_file(options, name):
    return options.results / f"{name}.json"


def write_docs(name, results):
    if results["settings"]["scale"] < 1 or not results["settings"]["whole"]:
        sys.exit(f"{DOCS.name} takes only the whole of {name}, at scale 1 or above")
    block = report.render(results, markdown=True)
    DOCS.write_text(report.replace_between_marks(DOCS.read_text(), name, block))


def main():
    # A server is stopped on the way out, however that comes.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    suite = tomllib.loads((HERE / "suite.toml").read_text())
    contenders = choose(expand(suite), options.only)
    if options.list:
        print("\n".join(f"{contender['database']}/{contender['name']}" for contender in contenders))
        return 0
    if not options.show:
        run_suite(options, suite, contenders)
    chosen = dict.fromkeys(contender["report"] for contender in contenders)
    files = {name: result_file(options, name) for name in chosen}
    measured = {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}
    if not measured:
        sys.exit(f"no results in {options.results}")
    print("\n\n".join(report.render(results) for results in measured.values()), end="")
    if options.write_docs:
        for name, results in measured.items():
            write_docs(name, results)
    return 1 if any(c["error"] for results in measured.values() for c in results["contenders"]) else 0


if __name__ == "__main__":
    sys.exit(main())
