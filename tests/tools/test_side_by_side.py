"""tools/side_by_side.py: every file once, whatever fails, and a count that is right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSES = "def test_{0}(): pass\n"


@pytest.fixture
def run(tmp_path):
    """Runs files of tests, with the variables of servers set, so that none is started."""
    def run(files, *arguments):
        for name, text in files.items():
            (tmp_path / f"test_{name}.py").write_text(text)
        servers = {f"PENSTOCK_TEST_{name}_DSN": "none" for name in ("POSTGRES", "PGBOUNCER", "MARIADB", "MYSQL")}
        return subprocess.run([sys.executable, ROOT / "tools/side_by_side.py", tmp_path, *arguments], capture_output=True,
                              text=True, timeout=120, env={**os.environ, **servers})
    return run


def last_line(result):
    return result.stdout.splitlines()[-1].partition(" in ")[0]


def test_each_file_runs_once_and_all_are_counted(run):
    result = run({name: PASSES.format(name) for name in "abcde"})
    assert (result.returncode, last_line(result)) == (0, "5 passed"), result.stdout + result.stderr
    assert [result.stdout.count(f"test_{name}.py") for name in "abcde"] == [1] * 5


def test_a_failure_fails_the_run_and_is_shown_and_the_others_go_on(run):
    result = run({"a": "def test_a(): assert 1 == 2\n", "b": PASSES.format("b"), "c": "import nothing_of_that_name\n"})
    assert (result.returncode, last_line(result)) == (1, "1 failed, 1 error, 1 passed"), result.stdout
    assert "assert 1 == 2" in result.stdout and "nothing_of_that_name" in result.stdout


def test_arguments_are_pytests_and_a_file_without_a_chosen_test_is_no_failure(run):
    # A word that the test's folder does not hold: pytest looks for it there, too, in a clone beside that folder.
    result = run({"zebra": PASSES.format("zebra"), "b": PASSES.format("b")}, "-k", "test_zebra")
    assert (result.returncode, last_line(result)) == (0, "1 passed, 1 deselected"), result.stdout


def test_files_and_folders_may_be_named_and_some_left_out(run, tmp_path):
    result = run({name: PASSES.format(name) for name in "abc"}, f"--ignore={tmp_path}/test_b.py")
    assert (result.returncode, last_line(result)) == (0, "2 passed"), result.stdout
    assert "test_b" not in result.stdout


def test_where_no_test_ran_the_run_fails(run):
    assert run({}).returncode == 1
    assert run({"a": PASSES.format("a")}, "-k", "nothing").returncode == 1
