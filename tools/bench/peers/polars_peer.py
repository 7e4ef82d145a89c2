"""polars' read_database_uri over ConnectorX: a DataFrame, and its own Parquet writer."""

import peer
import polars

options = peer.arguments()
frame = polars.read_database_uri(options.query, options.uri, engine="connectorx")
if options.parquet:
    frame.write_parquet(
        options.parquet,
        compression=peer.CODEC,
        compression_level=peer.LEVEL,
        row_group_size=peer.ROW_GROUP_ROWS,
    )
options.into = "polars"
peer.print_frame(frame, options)
