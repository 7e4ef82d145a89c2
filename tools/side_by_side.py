"""Runs test files side by side: as many pytests as there are cores, each beside database servers of its own.

usage: side_by_side.py FOLDER_OR_FILE... [PYTEST_ARGUMENT...]

The tests wait more than they work. A file is one pytest; the next is taken by whoever is done, the longest first. What a
file's pytest says is printed when it ends; the last line counts all. The exit status is 1 if any failed, or none ran.
"""

import collections
import fcntl
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
NO_TESTS = 5  # pytest's exit status where all of a file's tests were deselected


def take(queue):
    """The next file, or None."""
    with open(queue, "r+") as lines:
        fcntl.flock(lines, fcntl.LOCK_EX)
        first, *rest = lines.read().splitlines() or [None]
        lines.seek(0)
        lines.truncate()
        lines.write("\n".join(rest))
    return first


def work(queue, counts, arguments):
    """What one of them does, with its servers in the environment."""
    failed = False
    while file := take(queue):
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, file],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        print(f"{file}\n{done.stdout}", flush=True)
        failed |= done.returncode not in (0, NO_TESTS)
        last = (done.stdout.splitlines() or [""])[-1]
        with open(counts, "a") as lines:
            print(*re.findall(r"\d+ (?:passed|failed|errors?|skipped|deselected)", last), sep="\n", file=lines)
    return 1 if failed else 0


def files_of(words):
    """The files to run, the longest first, and pytest's arguments."""
    files, arguments, ignored = [], [], set()
    for word in words:
        path = pathlib.Path(word)
        if path.is_dir():
            files += path.glob("test_*.py")
        elif path.is_file():
            files.append(path)
        elif word.startswith("--ignore="):
            ignored.add(pathlib.Path(word.partition("=")[2]))
        else:
            arguments.append(word)
    return sorted(set(files) - ignored, key=lambda path: -path.stat().st_size), arguments


def main():
    if sys.argv[1] == "--work":
        return work(sys.argv[2], sys.argv[3], sys.argv[4:])
    began = time.monotonic()
    files, arguments = files_of(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="penstock-tests-") as shared:
        queue, counts = pathlib.Path(shared) / "queue", pathlib.Path(shared) / "counts"
        queue.write_text("\n".join(map(str, files)))
        counts.touch()
        command = [sys.executable, ROOT / "tools/servers/with_servers.py",
                   sys.executable, __file__, "--work", queue, counts, *arguments]
        workers = [subprocess.Popen(command) for _ in range(len(os.sched_getaffinity(0)))]
        failed = any([worker.wait() != 0 for worker in workers])
        total = collections.Counter()
        for line in counts.read_text().split("\n"):
            number, _, what = line.partition(" ")
            total[what.rstrip("s") if what.startswith("error") else what] += int(number or 0)
        left = queue.read_text().splitlines()
    if left:
        print(f"not run: {' '.join(left)}")
    told = ", ".join(f"{total[what]} {what}" for what in ("failed", "error", "passed", "skipped", "deselected") if total[what])
    print(f"{told or 'nothing'} in {time.monotonic() - began:.2f}s")
    return 1 if failed or left or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
