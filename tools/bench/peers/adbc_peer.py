"""ADBC's driver of the URI's database, SQLite or PostgreSQL: a stream of record batches; to Parquet a million rows at a
time, so that memory stays bounded and the row groups are those of the others.
"""

import importlib

import peer
import pyarrow
import pyarrow.parquet

options = peer.arguments()
# A path is SQLite's.
driver = "postgresql" if options.uri.startswith("postgresql:") else "sqlite"
adbc = importlib.import_module(f"adbc_driver_{driver}.dbapi")
tally = peer.Tally(options.verify)


def discard(reader):
    for batch in reader:
        tally.add(batch)


def write(reader):
    with pyarrow.parquet.ParquetWriter(
        options.parquet, reader.schema, compression=peer.CODEC, compression_level=peer.LEVEL
    ) as writer:
        held, held_rows = [], 0
        for batch in reader:
            tally.add(batch)
            held.append(batch)
            held_rows += batch.num_rows
            if held_rows >= peer.ROW_GROUP_ROWS:
                writer.write_table(pyarrow.Table.from_batches(held), row_group_size=held_rows)
                held, held_rows = [], 0
        if held:
            writer.write_table(pyarrow.Table.from_batches(held), row_group_size=held_rows)


with adbc.connect(options.uri) as connection, connection.cursor() as cursor:
    cursor.execute(options.query)
    reader = cursor.fetch_record_batch()
    write(reader) if options.parquet else discard(reader)
tally.print()
