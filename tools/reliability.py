"""Writes what `./dev faults --full` reached into docs/reliability.md, between its marks.

usage: reliability.py RESULTS PASSED
RESULTS has a line a figure: the test's row, a tab, the figure. PASSED is "yes" if every test passed.
"""

import datetime
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools" / "bench"))

from machine import describe  # noqa: E402

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- faults: begin -->\n", "<!-- faults: end -->\n"

# What a row of results begins with, what is done, what is wanted.
ROWS = [
    ("cut", "connection cut by FIN or RST at every KiB and in each of the last 16 bytes, each format",
     "an error and no file, or all of it"),
    ("stall", "the server's bytes stop", "ends within the limit + 1 s"),
    ("drip", "a byte a second", "ends within the limit + 1 s"),
    ("half_open", "nothing goes either way, no new connection is answered", "ends within the limit + 1 s"),
    ("session killed", "session terminated on the server", "50 errors, 0 files"),
    ("query killed", "query cancelled on the server", "50 errors, 0 files"),
    ("server killed", "SIGKILL of the server", "50 kills: an error each run, 0 files"),
    ("killed at random", "SIGKILL at a random moment", "500 kills: 0 torn files, leftovers swept"),
    ("killed at a call", "SIGKILL at each write, fsync, rename, close", "0 torn files, leftovers swept"),
    ("signals", "SIGINT and SIGTERM", "100 each: exit and query gone within 2 s, 0 leftovers"),
    ("failing calls", "a full disk, an I/O error, an error only at close", "non-zero exit, the old file kept"),
    ("file size limit", "RLIMIT_FSIZE", "non-zero exit, the old file kept"),
    ("full device", "/dev/full", "non-zero exit"),
    ("flip", "one changed byte of a server's stream, under ASan and UBSan", "10,000: 0 crashes, 0 hangs"),
    ("corrupt files", "damaged SQLite files, under ASan and UBSan", "20,000: 0 crashes"),
    ("8 writers", "8 writers of one output, --fail-on-busy", "200 rounds: one winner, lock errors, 0 mixed files"),
    ("removed lock file", "the same while the lock file is removed", "never two holders"),
    ("rebinding", "a name whose address changes after the first answer",
     "200 runs: one resolution each, 0 connections to the second address"),
    ("slow consumer", "a reader that takes 2.5 MiB a second", "memory flat"),
]


def machine():
    it = describe()
    return f"{it['cores']} cores of {it['cpu']}, {it['memory_gb']} GB, Linux {it['kernel']}, {it['system']}"


def reached(key, results):
    """(what it was with, the figure) for each line of a row."""
    return [(row[len(key):].strip(), figure) for row, figure in results if row == key or row.startswith(key + " ")]


def table(results):
    lines = ["| fault | with | reached | wanted |", "|---|---|---|---|"]
    for key, fault, wanted in ROWS:
        for number, (about, figure) in enumerate(reached(key, results) or [("", "**not measured**")]):
            first = number == 0
            lines.append(f"| {fault if first else ''} | {about} | {figure} | {wanted if first else ''} |")
    return "\n".join(lines)


def main():
    results = [line.split("\t", 1) for line in pathlib.Path(sys.argv[1]).read_text().splitlines()]
    passed = "Every test passed." if sys.argv[2] == "yes" else "**Some tests failed.**"
    if any(not reached(key, results) for key, _, _ in ROWS):
        passed += " **Some rows were not measured.**"
    bounds = reached("bounds", results)
    passed += f" The bounds on time were {bounds[0][1] if bounds else 'not checked'}."
    text = (f"{BEGIN}{datetime.date.today().isoformat()}, {machine()}. {passed}\n\n{table(results)}\n{END}")
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    PAGE.write_text(before + text + rest.split(END)[1])
    print(f"{len(results)} figures in {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
