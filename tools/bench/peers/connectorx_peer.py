"""ConnectorX: the whole result as one Arrow table, or a frame; to Parquet through pyarrow, since it has no writer."""

import connectorx
import peer

options = peer.arguments()
frame = connectorx.read_sql(
    options.uri,
    options.query,
    return_type="arrow" if options.into == "pyarrow" else options.into,
    partition_on=options.partition_on,
    partition_num=options.partitions,
)
if options.parquet:
    peer.write_table(frame, options.parquet)
peer.print_frame(frame, options)
