"""What the peers' scripts share: their arguments, and the tally of what they read.

Every script does one thing in a fresh process: it runs --query against --uri and either discards what it reads as the
peer hands it over, or writes --parquet. It prints {"rows": N}; with --verify also the sums of lineitem.py, which cost
time and so are never taken in a timed run. A file is verified by check_file.py.
"""

import argparse
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import lineitem

# The same on every side, ours included: zstd at level 3, a million rows in a row group.
CODEC = "zstd"
LEVEL = 3
ROW_GROUP_ROWS = 1_000_000
CHUNK_ROWS = 100_000


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--uri", required=True)
    parser.add_argument("--query", required=True)
    parser.add_argument("--parquet", help="write this file; without it the rows are discarded")
    parser.add_argument("--partition-on")
    parser.add_argument("--partitions", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--into", default="pyarrow", help="the library: pyarrow, pandas, polars")
    parser.add_argument("--by", default="host", help="in a host's program: whose part, the host's own or penstock's")
    parser.add_argument("--kind", help="of database, where the URI does not say it")
    parser.add_argument("--verify", action="store_true")
    return parser.parse_args()


class Tally:
    """Counts rows, and with `verify` sums the columns, of tables and batches."""

    def __init__(self, verify):
        self.rows = 0
        self.sums = {name: 0 for name, _, _ in lineitem.COLUMNS} if verify else None

    def add(self, data):
        self.rows += data.num_rows
        if self.sums is not None:
            for name, _, counts in lineitem.COLUMNS:
                self.sums[name] += _sum(data.column(name), counts)

    def print(self):
        print(json.dumps({"rows": self.rows} | ({"sums": self.sums} if self.sums else {})))


def print_frame(frame, options):
    """The tally of a table of pyarrow, or a frame of pandas or polars, that is in memory as a whole. Ends the process."""
    tally = Tally(options.verify)
    if options.verify and options.into == "pandas":
        import pyarrow

        frame = pyarrow.Table.from_pandas(frame)
    elif options.verify and options.into == "polars":
        frame = frame.to_arrow()
    if options.verify:
        tally.add(frame)
    else:
        tally.rows = len(frame)
    tally.print()
    # At once: a thread of pyarrow's that lets go of a Python file while the interpreter ends aborts the process (pyarrow 25
    # and 26, ~PyReadableFile by way of ~OwnedRefNoGIL).
    sys.stdout.flush()
    os._exit(0)


def write_table(table, path):
    """A table that is in memory as a whole, as Parquet."""
    import pyarrow.parquet as pq

    pq.write_table(
        table, path, compression=CODEC, compression_level=LEVEL, row_group_size=ROW_GROUP_ROWS
    )


def _sum(values, counts):
    import pyarrow as pa
    import pyarrow.compute as pc

    if counts == lineitem.HUNDREDTHS:
        hundredths = pc.multiply(values.cast(pa.float64()), 100.0)
        values = pc.round(hundredths).cast(pa.int64())
    elif counts == lineitem.DAYS:
        values = values.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
    elif counts == lineitem.BYTES:
        values = pc.binary_length(values).cast(pa.int64())
    return pc.sum(values).as_py() or 0
