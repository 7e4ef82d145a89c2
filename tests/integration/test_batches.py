"""Batches keep to their bytes, also where a value is longer here than the server sends it."""

import sqlite3

import pyarrow as pa

from on_postgres import pg, query  # noqa: F401

ROOM = 4 * 1024 * 1024  # the default of --batch-bytes


def largest(folder, name):
    """Bytes of the longest batch, and the rows of all."""
    batches = list(pa.ipc.open_stream(folder / name))
    return max(batch.nbytes for batch in batches), sum(batch.num_rows for batch in batches)


# RS-021: numeric 1e131071 comes in ten bytes and is 131,072 digits.
def test_numbers_in_arrays_count_as_their_text(pg):  # noqa: F811
    assert query(pg, "SELECT ARRAY[1e131071::numeric] AS c FROM generate_series(1, 200)", "-o", "x.arrows").code == 0
    longest, rows = largest(pg.cwd, "x.arrows")
    assert rows == 200 and longest < ROOM + 200_000


# RS-021: a blob as text is two hex digits a byte.
def test_a_blob_as_text_counts_as_its_digits(penstock):
    with sqlite3.connect(penstock.cwd / "shop.db") as connection:
        connection.execute("CREATE TABLE t (b TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [(bytes(1_000_000),)] * 12)
    connection.close()
    penstock.env["PENSTOCK_SHOP_DSN"] = "sqlite:///shop.db"
    result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT b FROM t", "--on-lossy", "text", "-o", "x.arrows")
    assert result.code == 0, result
    longest, rows = largest(penstock.cwd, "x.arrows")
    assert rows == 12 and longest < ROOM + 2_100_000
