"""DuckDB's scanner of a --kind (sqlite, postgres, mysql), from PyPI, loaded by its path: INSTALL would ask the network.

To Arrow as a stream of record batches, to Parquet by COPY. DuckDB reads on as many threads as the machine has cores
unless --threads says otherwise.
"""

import importlib
import pathlib

import duckdb
import peer

BATCH_ROWS = 65_536

options = peer.arguments()
module = importlib.import_module(f"duckdb_extension_{options.kind}_scanner")
(extension,) = pathlib.Path(module.__file__).parent.glob(
    f"extensions/*/{options.kind}_scanner.duckdb_extension"
)

connection = duckdb.connect(
    config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    | ({"threads": options.threads} if options.threads else {})
)
connection.execute(f"LOAD '{extension}'")
connection.execute(f"ATTACH '{options.uri}' AS source (TYPE {options.kind}, READ_ONLY)")
connection.execute("USE source")

if options.parquet:
    (rows,) = connection.execute(
        f"COPY ({options.query}) TO '{options.parquet}' (FORMAT parquet, COMPRESSION {peer.CODEC},"
        f" COMPRESSION_LEVEL {peer.LEVEL}, ROW_GROUP_SIZE {peer.ROW_GROUP_ROWS})"
    ).fetchone()
    print(f'{{"rows": {rows}}}')
else:
    tally = peer.Tally(options.verify)
    for batch in connection.execute(options.query).to_arrow_reader(BATCH_ROWS):
        tally.add(batch)
    tally.print()
