"""Two runs that would write one output exclude each other."""

import fcntl
import os
import stat
import subprocess
import time

import pytest

from conftest import ENDLESS, left_in, wait_until


@pytest.fixture
def held(penstock):
    """The lock of x.csv, held by this process until `release` is called."""
    descriptor = os.open(penstock.cwd / "x.csv.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    class Held:
        def release(self):
            nonlocal descriptor
            if descriptor >= 0:
                os.close(descriptor)
                descriptor = -1

    lock = Held()
    yield lock
    lock.release()


# RS-027
def test_a_contested_lock_is_a_success_with_a_message(penstock, shop, recipe, held):
    result = penstock("fetch", recipe(), "-o", "x.csv")
    assert result.code == 0
    (event,) = result.events
    assert event["event"] == "recipe_lock_contended_skipping"
    assert event["level"] == "warning"
    assert (event["recipe"], event["output"]) == ("orders", "x.csv")
    assert event["message"].endswith("; nothing was done")
    assert not (penstock.cwd / "x.csv").exists()
    screen = penstock.on_terminal("fetch", recipe(), "-o", "x.csv")
    assert screen.code == 0
    assert screen.text == f"warning: {event['message']}\n"


# RS-027
def test_fail_on_busy_makes_it_exit_6(penstock, shop, recipe, held):
    result = penstock("fetch", recipe(), "-o", "x.csv", "--fail-on-busy")
    assert result.code == 6
    assert result.error["error_type"] == "LockContestedError"
    assert "x.csv.lock" in result.error["message"]


# RS-027
def test_a_lock_timeout_waits_and_then_gives_up(penstock, shop, recipe, held):
    start = time.monotonic()
    result = penstock("fetch", recipe(), "-o", "x.csv", "--fail-on-busy", "--lock-timeout", "0.7")
    assert result.code == 6
    assert 0.6 < time.monotonic() - start < 5


# RS-027
@pytest.mark.parametrize("timeout", ["20", "-1"])
def test_a_run_that_waits_goes_on_when_the_other_ends(penstock, shop, recipe, held, timeout):
    process = penstock.start("fetch", recipe("SELECT 1 AS a"), "-o", "x.csv", "--lock-timeout", timeout)
    time.sleep(0.4)
    assert process.poll() is None
    held.release()
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert (penstock.cwd / "x.csv").read_text() == '"a"\n1\n'


# RS-027
def test_no_lock_runs_at_once(penstock, shop, recipe, held):
    result = penstock("fetch", recipe("SELECT 1 AS a"), "-o", "x.csv", "--no-lock")
    assert result.code == 0
    assert (penstock.cwd / "x.csv").read_text() == '"a"\n1\n'


# RS-027
def test_a_run_of_the_program_holds_the_lock_against_another(penstock, shop, recipe):
    holder = penstock.start("fetch", recipe(ENDLESS, file="long.yaml"), "-o", "x.csv")
    wait_until(lambda: (penstock.cwd / "x.csv.lock").exists())
    time.sleep(0.2)
    assert penstock("fetch", recipe(), "-o", "x.csv", "--fail-on-busy").code == 6
    assert penstock("fetch", recipe(), "-o", "y.csv", "--fail-on-busy").code == 0
    holder.kill()
    holder.communicate()
    assert penstock("fetch", recipe(), "-o", "x.csv", "--fail-on-busy").code == 0


# RS-027
def test_of_eight_writers_every_one_wins_or_is_told_and_the_file_is_whole(penstock, numbers, recipe):
    path = recipe("SELECT n, word FROM numbers")
    assert penstock("fetch", path, "-o", "whole.csv").code == 0
    for _ in range(5):
        runs = [penstock.start("fetch", path, "-o", "x.csv", "--fail-on-busy", stdout=subprocess.DEVNULL)
                for _ in range(8)]
        codes = [(run.communicate(timeout=60), run.returncode)[1] for run in runs]
        assert set(codes) <= {0, 6} and 0 in codes, codes
        assert (penstock.cwd / "x.csv").read_bytes() == (penstock.cwd / "whole.csv").read_bytes()
    assert left_in(penstock.cwd) == ["whole.csv", "whole.csv.lock", "x.csv", "x.csv.lock"]


# RS-027
def test_the_lock_file_is_private_and_stays(penstock, shop, recipe):
    assert penstock("fetch", recipe(), "-o", "x.csv").code == 0
    assert stat.S_IMODE((penstock.cwd / "x.csv.lock").stat().st_mode) == 0o600


# RS-027
def test_a_lock_that_is_a_link_is_not_followed(penstock, shop, recipe):
    (penstock.cwd / "x.csv.lock").symlink_to(penstock.cwd / "victim")
    result = penstock("fetch", recipe(), "-o", "x.csv")
    assert result.code == 5
    assert "it is a symbolic link" in result.error["message"]
    assert not (penstock.cwd / "victim").exists()
