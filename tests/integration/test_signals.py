"""Ctrl-C, termination, a reader that goes away, and a process that is killed."""

import signal
import subprocess
import time

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from conftest import ENDLESS, ENDLESS_ROWS, left_in, wait_until

SLOW_ENOUGH = 60  # seconds, of which none may pass


def ended_by(penstock, number, path, *args):
    process = penstock.start("fetch", path, *args)
    # The lock file shows that the run has begun; the query starts within milliseconds of it.
    wait_until(lambda: list(penstock.cwd.glob("*.lock")))
    time.sleep(0.3)
    start = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=SLOW_ENOUGH)
    return process.returncode, time.monotonic() - start, err.decode()


# RS-024
@pytest.mark.parametrize("query", [ENDLESS, ENDLESS_ROWS], ids=["no rows", "rows"])
@pytest.mark.parametrize("number, code, error_type", [(signal.SIGINT, 130, "Interrupted"),
                                                      (signal.SIGTERM, 143, "Terminated")])
def test_a_signal_ends_a_long_query_at_once_and_leaves_nothing(penstock, shop, recipe, query, number, code, error_type):
    got, seconds, err = ended_by(penstock, number, recipe(query), "-o", "x.parquet")
    assert got == code, err
    assert seconds < 2
    assert f'"error_type":"{error_type}"' in err.splitlines()[-1]
    assert f'"exit_code":{code}' in err.splitlines()[-1]
    assert left_in(penstock.cwd) == ["x.parquet.lock"]


def test_a_signal_leaves_the_old_file(penstock, shop, recipe):
    (penstock.cwd / "x.csv").write_text("old")
    assert ended_by(penstock, signal.SIGINT, recipe(ENDLESS_ROWS), "-o", "x.csv")[0] == 130
    assert (penstock.cwd / "x.csv").read_text() == "old"
    assert left_in(penstock.cwd) == ["x.csv", "x.csv.lock"]


def test_ctrl_c_on_a_terminal_is_told_in_a_word(penstock, shop, recipe):
    path = recipe(ENDLESS)
    pressed = []

    def press(seen):
        if "waiting for the first row" in seen and not pressed:
            pressed.append(time.monotonic())
            return b"\x03"

    screen = penstock.on_terminal("fetch", path, "-o", "x.parquet", keys=press)
    assert screen.code == 130
    assert time.monotonic() - pressed[0] < 2
    assert screen.text.endswith("error: interrupted\n")
    assert left_in(penstock.cwd) == ["x.parquet.lock"]


def test_a_run_that_waits_for_a_lock_or_for_input_can_be_interrupted(penstock, shop, recipe):
    path = recipe(ENDLESS)
    holder = penstock.start("fetch", path, "-o", "x.csv")
    wait_until(lambda: (penstock.cwd / "x.csv.lock").exists())
    waiters = [
        penstock.start("fetch", path, "-o", "x.csv", "--lock-timeout", "-1"),
        penstock.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "-", stdin=subprocess.PIPE),
    ]
    time.sleep(0.5)
    for waiter in waiters:
        assert waiter.poll() is None
        waiter.send_signal(signal.SIGINT)
        assert waiter.wait(timeout=2) == 130
    holder.kill()
    holder.wait()


def test_a_stalled_reader_does_not_hold_up_ctrl_c(penstock, shop, recipe):
    process = penstock.start("fetch", recipe(ENDLESS_ROWS))
    process.stdout.read(1)  # and no more: the pipe fills up
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=2) == 130
    process.stdout.close()
    process.stderr.close()


def test_a_signal_ignored_by_the_parent_stays_ignored(penstock, shop, recipe, program):
    script = f'trap "" INT; exec "{program}" fetch "{recipe(ENDLESS)}" -o x.csv'
    process = subprocess.Popen(["sh", "-c", script], env=penstock.env, stderr=subprocess.DEVNULL, cwd=penstock.cwd)
    wait_until(lambda: (penstock.cwd / "x.csv.lock").exists())
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=2) == 143


@pytest.mark.parametrize("args", [["--format", "csv"], ["--format", "arrows"], ["--format", "parquet"]])
def test_a_broken_pipe_ends_the_run_silently_with_141(penstock, shop, recipe, args):
    process = penstock.start("fetch", recipe(ENDLESS_ROWS), *args)
    first = process.stdout.read(10)
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(timeout=20) == 141
    assert len(first) == 10
    assert err == b""
    process.stderr.close()


def test_a_shells_head_gets_its_lines(penstock, shop, recipe, program):
    script = f'"{program}" fetch "{recipe(ENDLESS_ROWS)}" | head -3; echo "${{PIPESTATUS[0]}}"'
    result = subprocess.run(["bash", "-c", script], env=penstock.env, capture_output=True, text=True, timeout=60)
    assert result.stdout == '"i"\n1\n2\n141\n'
    assert result.stderr == ""


def test_a_format_that_needs_its_end_is_never_closed_as_if_whole(penstock, shop, recipe):
    query = ENDLESS_ROWS + " LIMIT 200000"
    late_error = f"SELECT CASE WHEN i > 150000 THEN abs(-9223372036854775807 - 1) ELSE i END AS i FROM ({query})"
    path = recipe(late_error)
    for form in ("parquet", "arrow"):
        result = penstock("fetch", path, "--format", form)
        assert result.code == 3
        with pytest.raises(pa.ArrowInvalid):
            if form == "parquet":
                pq.read_table(pa.BufferReader(result.bytes))
            else:
                pa.ipc.open_file(pa.BufferReader(result.bytes)).read_all()
    stream = penstock("fetch", path, "--format", "arrows")
    assert not stream.bytes.endswith(b"\xff\xff\xff\xff\x00\x00\x00\x00")  # Arrow's end-of-stream


def test_a_killed_run_leaves_no_file_and_the_next_one_sweeps(penstock, shop, recipe):
    endless, short = recipe(ENDLESS_ROWS), recipe("SELECT 1 AS a", file="short.yaml")
    process = penstock.start("fetch", endless, "-o", "x.parquet")
    wait_until(lambda: any(name.endswith(".tmp") for name in left_in(penstock.cwd)))
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.communicate()
    assert not (penstock.cwd / "x.parquet").exists()
    assert len(left_in(penstock.cwd)) == 2  # the lock and the temporary
    assert penstock("fetch", short, "-o", "x.parquet").code == 0
    assert left_in(penstock.cwd) == ["x.parquet", "x.parquet.lock"]
    assert pq.read_table(penstock.cwd / "x.parquet").num_rows == 1


def test_a_run_killed_at_any_moment_leaves_the_old_file_or_the_new_one(penstock, numbers, recipe):
    path = recipe("SELECT n, word FROM numbers")
    assert penstock("fetch", path, "-o", "whole.parquet").code == 0
    whole = (penstock.cwd / "whole.parquet").read_bytes()
    target = penstock.cwd / "x.parquet"
    for step in range(40):
        target.write_bytes(b"old")
        process = penstock.start("fetch", path, "-o", "x.parquet", stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        time.sleep(step * 0.005)
        process.kill()
        process.wait()
        assert target.read_bytes() in (b"old", whole)
    assert penstock("fetch", path, "-o", "x.parquet").code == 0
    assert target.read_bytes() == whole
    assert left_in(penstock.cwd) == ["whole.parquet", "whole.parquet.lock", "x.parquet", "x.parquet.lock"]


def test_a_second_signal_ends_the_process_at_once(penstock, shop, recipe):
    process = penstock.start("fetch", recipe(ENDLESS), "-o", "x.csv")
    wait_until(lambda: (penstock.cwd / "x.csv.lock").exists())
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=2) in (130, 143)
    process.communicate()
