"""The program is killed or asked to stop at any moment."""

import random
import signal
import subprocess
import time

from harness import (ENDLESS_ROWS, FORMATS, Workplace, all_at_once, cases, dsn_of, report, rows_query,
                     sessions_that_run, wait_until)
from spare_time import STRICT

SQL = "SELECT n, noise FROM numbers"
SECONDS = 2 if STRICT else 20


# RS-024
def test_killed_at_a_random_moment_nothing_is_torn_and_the_next_run_sweeps(numbers):
    count = cases(25, 500)
    whole, times = {}, {}
    for form in FORMATS:
        result = numbers.query(SQL, f"whole.{form}")
        assert result.code == 0
        whole[form], times[form] = (numbers.folder / f"whole.{form}").read_bytes(), result.seconds

    def torn(number):
        moment, form = random.Random(number), FORMATS[number % len(FORMATS)]
        place = Workplace(numbers.folder / f"run{number}", numbers.env["PENSTOCK_SHOP_DSN"])
        target = place.folder / f"x.{form}"
        target.write_bytes(b"old")
        process = place.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", SQL, "-o", target.name,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment.uniform(0, times[form] * 1.2))
        process.kill()
        process.wait()
        left = len([name for name in place.names() if name.endswith(".tmp")])
        assert target.read_bytes() in (b"old", whole[form]), number
        assert left <= 1, place.names()
        assert place.query(SQL, target.name).code == 0
        assert target.read_bytes() == whole[form], number
        assert place.names() == [target.name, f"{target.name}.lock"], number
        return process.returncode == -signal.SIGKILL, left

    # A moment after the run's end kills nothing: drawn until as many as are wanted have hit.
    ended, kills = [], 0
    while kills < count:
        assert len(ended) < 6 * count, f"{kills} of {len(ended)} moments were within the run"
        ended += all_at_once(torn, range(len(ended), len(ended) + count - kills), workers=2)
        kills = sum(hit for hit, _ in ended)
    left = sum(one for _, one in ended)
    report("killed at random", f"{kills} kills of a running program, of {len(ended)} moments: 0 torn; {left} leftovers, "
                               "all swept")


# RS-024
def test_a_signal_ends_run_and_query_and_leaves_nothing(server, tmp_path):
    count = cases(3, 100)
    slowest = {"exit": 0.0, "query": 0.0}

    def stop(case):
        number, (sign, code) = case
        mark = f"mark-{sign.name}-{number}-"
        place = Workplace(tmp_path / f"{sign.name}{number}", dsn_of(server))
        form = FORMATS[number % len(FORMATS)]
        process = place.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN",
                              rows_query(server, 100_000, f"'{mark}' AS mark", wait=0.005), "-o", f"x.{form}")
        assert wait_until(lambda: sessions_that_run(server, mark)), process.communicate()
        time.sleep(random.Random(number).uniform(0, 0.3))
        begin = time.monotonic()
        process.send_signal(sign)
        _, err = process.communicate(timeout=60)
        slowest["exit"] = max(slowest["exit"], time.monotonic() - begin)
        assert process.returncode == code, err.decode()
        assert wait_until(lambda: not sessions_that_run(server, mark), SECONDS), sessions_that_run(server, mark)
        slowest["query"] = max(slowest["query"], time.monotonic() - begin)
        assert [name for name in place.names() if not name.endswith(".lock")] == []

    signals = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
    all_at_once(stop, enumerate([one for one in signals for _ in range(count)]))
    assert slowest["exit"] < SECONDS and slowest["query"] < SECONDS, slowest
    report(f"signals {server}", f"SIGINT x {count}, SIGTERM x {count}: exit within {slowest['exit']:.2f} s, query gone "
                                f"within {slowest['query']:.2f} s, 0 leftovers")


# RS-024
def test_a_signal_ends_a_read_of_a_file(numbers):
    count, slowest = cases(3, 100), 0.0
    for number in range(2 * count):
        sign, code = [(signal.SIGINT, 130), (signal.SIGTERM, 143)][number % 2]
        process = numbers.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", ENDLESS_ROWS, "-o", "x.csv")
        assert wait_until(lambda: any(name.endswith(".tmp") for name in numbers.names()))
        time.sleep(random.Random(number).uniform(0, 0.1))
        begin = time.monotonic()
        process.send_signal(sign)
        _, err = process.communicate(timeout=60)
        slowest = max(slowest, time.monotonic() - begin)
        assert process.returncode == code, err.decode()
        assert numbers.names() == ["x.csv.lock"]
    assert slowest < SECONDS
    report("signals sqlite", f"SIGINT x {count}, SIGTERM x {count}: exit within {slowest:.2f} s, 0 leftovers")
