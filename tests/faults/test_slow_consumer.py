"""A reader that takes its time: memory stays as it is."""

import pathlib
import re
import time

from harness import Workplace, all_at_once, cases, dsn_of, report, rows_query

SECONDS = cases(3, 30)
MEBIBYTE = 1 << 20
GROWTH = 16 * MEBIBYTE


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


# RS-021
def test_memory_does_not_grow_behind_a_slow_reader(server, tmp_path):
    def read(form):
        place = Workplace(tmp_path / form, dsn_of(server))
        columns = "repeat('x', 1000) AS t"
        sql = rows_query(server, 240_000, columns)
        process = place.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", "-", "--format", form)
        seen, taken, end = [], 0, time.monotonic() + SECONDS
        try:
            while time.monotonic() < end:
                taken += len(process.stdout.read(MEBIBYTE // 4))
                seen.append(resident(process.pid))
                time.sleep(0.1)
            assert process.poll() is None
        finally:
            process.kill()
            process.communicate()
        warm = max(seen[: len(seen) // 3])
        assert max(seen) < warm + GROWTH, seen
        assert max(seen) < 128 * MEBIBYTE
        report(f"slow consumer {server} {form}",
               f"{taken / MEBIBYTE:.0f} MiB in {SECONDS} s: {warm / MEBIBYTE:.0f} MiB after a third, "
               f"{max(seen) / MEBIBYTE:.0f} MiB at most")

    all_at_once(read, cases(["csv"], ["csv", "jsonl", "arrows"]))
