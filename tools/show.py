"""Shows what landed in a Parquet or Arrow file: its size, its schema, its first rows.

usage: show.py FILE [ROWS]
"""

import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq


def read(path):
    if path.endswith(".parquet"):
        return pq.read_table(path)
    with pa.memory_map(path) as source:
        open_file = pa.ipc.open_stream if path.endswith(".arrows") else pa.ipc.open_file
        return open_file(source).read_all()


def shown(value, width):
    if value is None:
        return "-"
    text = str(value).replace("\n", "⏎")
    return text if len(text) <= width else text[: width - 1] + "…"


def main():
    path = sys.argv[1]
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    table = read(path)
    print(f"{path}: {table.num_rows:,} rows, {table.num_columns} columns, {os.path.getsize(path):,} bytes")
    widest = max(len(name) for name in table.column_names)
    for field, column in zip(table.schema, table.columns):
        sample = "  ".join(shown(value, 24) for value in column.slice(0, first).to_pylist())
        print(f"  {field.name:{widest}}  {str(field.type):17} {sample}")


if __name__ == "__main__":
    main()
