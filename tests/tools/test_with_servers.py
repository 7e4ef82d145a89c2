"""A server that does not start fails the tests that need it: with_servers.py runs none of them without it."""

import os
import subprocess
import sys

import pytest

from conftest import ROOT

# Servers that only say that they were started and stopped.
STARTS = """import pathlib
class Server:
    variables = {{"PENSTOCK_TEST_{name}_DSN": "{name} is here"}}
    def __init__(self, folder):
        self.folder = folder
        said("started")
    def stop(self):
        said("stopped")
def said(what):
    with open({log!r}, "a") as log:
        log.write("{name} " + what + "\\n")
def start(folder, *_):
    return Server(folder)
"""
FAILS = "def start(folder, *_):\n    raise {error}\n"


@pytest.fixture
def run(tmp_path):
    """with_servers.py with modules in place of the servers; it gives its result, what the servers did, and whether the
    command ran."""
    tools = tmp_path / "servers"
    tools.mkdir()
    (tools / "with_servers.py").write_text((ROOT / "tools/servers/with_servers.py").read_text())
    log, mark = tmp_path / "log", tmp_path / "ran"

    def run(failing=(), error="", only="postgres,pgbouncer,mariadb,mysql", script="", **variables):
        for name in ("postgres", "pgbouncer", "mariadb", "mysql"):
            text = FAILS.format(error=error) if name in failing else STARTS.format(name=name.upper(), log=str(log))
            (tools / f"{name}.py").write_text(text)
        log.write_text("")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_TEST_")}
        result = subprocess.run(
            [sys.executable, tools / "with_servers.py", "--only", only, sys.executable, "-c",
             f"import os; open({str(mark)!r}, 'w').close(); {script}"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, env=environment | variables)
        return result, sorted(log.read_text().splitlines()), mark.exists()

    return run


ERRORS = {
    "RuntimeError('no port')": "no port",
    "FileNotFoundError(2, 'No such file', 'initdb')": "initdb",
    "__import__('subprocess').CalledProcessError(1, ['initdb'], stderr=b'disk full')": "disk full",
    "KeyError('a mistake of ours')": "a mistake of ours",
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", ["postgres", "pgbouncer", "mariadb", "mysql"])
def test_a_server_that_does_not_start_is_a_failure_and_no_test_runs(run, name, error):
    result, log, ran = run([name], error)
    assert result.returncode == 1, result
    assert not ran
    assert f"with_servers: {name} did not start: " in result.stderr
    assert ERRORS[error] in result.stderr
    # What had started is stopped.
    assert log == sorted(line for line in log if line.endswith("started")
                         for line in (line, line.replace("started", "stopped")))
    assert {"MARIADB started", "MYSQL started", "POSTGRES started"} - {f"{name.upper()} started"} <= set(log)


@pytest.mark.parametrize("arguments, stopped", [
    ({"only": "pgbouncer"}, []),
    ({"PENSTOCK_TEST_POSTGRES_DSN": "mine"}, ["MARIADB started", "MARIADB stopped", "MYSQL started", "MYSQL stopped"])])
def test_one_that_needs_another_is_not_left_out(run, arguments, stopped):
    result, log, ran = run(**arguments)
    assert (result.returncode, ran) == (1, False), result
    assert result.stderr.strip() == "with_servers: pgbouncer did not start: it needs postgres, which is not started here"
    assert log == stopped


def test_a_server_that_was_not_asked_for_is_not_started(run):
    result, log, ran = run(["mysql"], "RuntimeError('no port')", only="postgres,mariadb")
    assert (result.returncode, ran) == (0, True), result
    assert log == ["MARIADB started", "MARIADB stopped", "POSTGRES started", "POSTGRES stopped"]


def test_the_command_has_the_servers_variables_and_its_exit_status_is_given_back(run):
    script = "print(os.environ['PENSTOCK_TEST_MYSQL_DSN']); raise SystemExit(7)"
    result, log, ran = run(script=script, only="mysql")
    assert (result.returncode, result.stdout, ran) == (7, "MYSQL is here\n", True), result
    assert log == ["MYSQL started", "MYSQL stopped"]


def test_a_server_whose_variables_are_set_is_not_started(run):
    script = "print(os.environ['PENSTOCK_TEST_MYSQL_DSN'])"
    result, log, _ = run(script=script, only="mysql", PENSTOCK_TEST_MYSQL_DSN="mine")
    assert (result.returncode, result.stdout, log) == (0, "mine\n", [])
