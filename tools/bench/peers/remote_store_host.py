"""A Parquet file of remote-store that is a query: of its own backend, or of Penstock's, into polars or pyarrow."""

import peer
from remote_store import Store

options = peer.arguments()
if options.by == "penstock":
    from penstock.remote_store import QueryBackend as Backend
else:
    from remote_store.backends import SQLQueryBackend as Backend

with Store(Backend(options.uri, queries={"rows.parquet": options.query})) as store, store.read("rows.parquet") as file:
    if options.into == "polars":
        import polars

        frame = polars.read_parquet(file)
    else:
        from pyarrow import parquet

        frame = parquet.read_table(file)
peer.print_frame(frame, options)
