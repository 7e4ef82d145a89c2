"""Runs a command with private database servers beside it, and stops them after it.

usage: with_servers.py [--only NAME,...] COMMAND [ARGUMENT...]

The servers are postgres, pgbouncer, mariadb and mysql; each is a module here with start(folder), and is told to the
command by the variables that it names (PENSTOCK_TEST_...). One whose variables are set already is not started. A server
that does not start is a failure: the command does not run. The exit status is the command's.
"""

import argparse
import concurrent.futures
import importlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# Each with the servers it stands before, and the variable by which it is known to be there.
SERVERS = {
    "postgres": ((), "PENSTOCK_TEST_POSTGRES_DSN"),
    "pgbouncer": (("postgres",), "PENSTOCK_TEST_PGBOUNCER_DSN"),
    "mariadb": ((), "PENSTOCK_TEST_MARIADB_DSN"),
    "mysql": ((), "PENSTOCK_TEST_MYSQL_DSN"),
}


def start(name, folder, *before):
    try:
        return importlib.import_module(name).start(folder / name, *before)
    except Exception as error:
        raise RuntimeError(f"{name} did not start: {explain(error)}") from error


def start_all(names, folder):
    """Those that stand alone at once, side by side; then those that need them."""
    started = {}
    try:
        with concurrent.futures.ThreadPoolExecutor(len(SERVERS)) as pool:
            running = {pool.submit(start, name, folder): name for name in names if not SERVERS[name][0]}
            failure = None
            for done in concurrent.futures.as_completed(running):
                if done.exception() is None:
                    started[running[done]] = done.result()
                else:
                    failure = failure or done.exception()
        if failure:
            raise failure
        for name in names:
            needs = SERVERS[name][0]
            missing = [one for one in needs if one not in started]
            if missing:
                raise RuntimeError(f"{name} did not start: it needs {', '.join(missing)}, which is not started here")
            if needs:
                started[name] = start(name, folder, *(started[one] for one in needs))
    except BaseException:
        stop_all(started)
        raise
    return started


def explain(error):
    output = getattr(error, "stderr", None) or b""
    return f"{error}\n{output.decode(errors='replace') if isinstance(output, bytes) else output}"


def stop_all(started):
    for server in reversed(list(started.values())):
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default=",".join(SERVERS), help="names of servers, with commas between")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    names = [name for name in arguments.only.split(",") if SERVERS[name][1] not in os.environ]
    if not arguments.command:
        parser.error("no command")
    # A stop from outside still stops the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-servers-"))
    folder.chmod(0o755)
    started = {}
    try:
        started = start_all(names, folder)
        environment = dict(os.environ)
        for server in started.values():
            environment |= server.variables
        return subprocess.run(arguments.command, env=environment).returncode
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"with_servers: {explain(error)}", file=sys.stderr)
        return 1
    finally:
        stop_all(started)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
