"""Shows what landed in a Parquet or Arrow file: its size, and each column's type and first values.

usage: show.py FILE [ROWS]
"""

import os
import sys
import unicodedata

import pyarrow as pa
import pyarrow.parquet as pq


def read(path):
    if path.endswith(".parquet"):
        return pq.read_table(path)
    with pa.memory_map(path) as source:
        open_file = pa.ipc.open_stream if path.endswith(".arrows") else pa.ipc.open_file
        return open_file(source).read_all()


def cell(value, width=27):
    """The value in `width` columns of a terminal; East Asian characters take two."""
    text = "null" if value is None else str(value).replace("\n", "⏎")
    shown, used = "", 0
    for character in text:
        wide = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used + wide > width - 1:
            return shown + "…" + " " * (width - used - 1)
        shown, used = shown + character, used + wide
    return shown + " " * (width - used)


def main():
    path = sys.argv[1]
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    table = read(path)
    print(f"{path}: {table.num_rows:,} rows, {table.num_columns} columns, {os.path.getsize(path):,} bytes")
    for field, column in zip(table.schema, table.columns):
        values = " ".join(cell(value) for value in column.slice(0, first).to_pylist())
        print(f"  {field.name:12}{str(field.type):19}{values}".rstrip())


if __name__ == "__main__":
    main()
