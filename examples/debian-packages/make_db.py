#!/usr/bin/env python3
"""Makes packages.db, a SQLite database of the Debian packages that this machine knows of.

usage: make_db.py [FILE]

It reads what `apt-cache dumpavail` prints: the package index that the last `apt-get update` fetched. Nothing is fetched
here. Standard library only.
"""

import sqlite3
import subprocess
import sys
from pathlib import Path

TABLE = """
CREATE TABLE packages (
  package        TEXT NOT NULL,
  version        TEXT NOT NULL,
  architecture   TEXT NOT NULL,
  section        TEXT,
  priority       TEXT,
  essential      BOOLEAN NOT NULL,
  maintainer     TEXT NOT NULL,
  homepage       TEXT,             -- NULL: none is given
  depends        TEXT NOT NULL,    -- '': needs nothing
  tags           TEXT NOT NULL,    -- several lines, or ''
  description    TEXT NOT NULL,
  installed_kib  INTEGER,          -- NULL: not given
  size_bytes     INTEGER,          -- of the .deb file; NULL: installed, but in no index
  sha256         BLOB              -- of the .deb file
)
"""


def fail(message):
    sys.exit(f"make_db.py: {message}")


def index_files():
    """The package lists that apt has, by its own account."""
    command = ["apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Packages"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    return listed.stdout.split()


def records(stream):
    """Each stanza as a dictionary; a line that starts with a blank goes on with the field before it."""
    record, field = {}, None
    for line in stream:
        line = line.rstrip("\n")
        if not line:
            if record:
                yield record
            record, field = {}, None
        elif line[0] in " \t":
            record[field] += "\n" + line[1:]
        else:
            field, _, value = line.partition(":")
            record[field] = value.strip()
    if record:
        yield record


def number(text):
    return None if text is None else int(text)


def row(record):
    get = record.get
    digest = get("SHA256")
    return (
        record["Package"], record["Version"], record["Architecture"], get("Section"), get("Priority"),
        get("Essential") == "yes", record["Maintainer"], get("Homepage"), get("Depends", ""), get("Tag", ""),
        get("Description", ""), number(get("Installed-Size")), number(get("Size")),
        None if digest is None else bytes.fromhex(digest),
    )


def main():
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "packages.db")
    try:
        files = index_files()
    except (OSError, subprocess.CalledProcessError):
        fail("apt is not here: this example needs a Debian or Ubuntu machine")
    if not files:
        fail("apt has no package lists; fetch them with: apt-get update")
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute(TABLE)
    with subprocess.Popen(["apt-cache", "dumpavail"], stdout=subprocess.PIPE, encoding="utf-8",
                          errors="replace") as dump:
        marks = ", ".join("?" * 14)
        connection.executemany(f"INSERT INTO packages VALUES ({marks})", map(row, records(dump.stdout)))
    if dump.returncode != 0:
        fail(f"apt-cache dumpavail failed with exit code {dump.returncode}")
    connection.commit()
    count, = connection.execute("SELECT count(*) FROM packages").fetchone()
    connection.close()
    print(f"{path}: {count:,} packages")


if __name__ == "__main__":
    main()
