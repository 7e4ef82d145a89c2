"""ConnectorX: the whole result as one Arrow table; to Parquet through pyarrow, since it has no writer."""

import connectorx
import peer

options = peer.arguments()
table = connectorx.read_sql(
    options.uri,
    options.query,
    return_type="arrow",
    partition_on=options.partition_on,
    partition_num=options.partitions,
)
if options.parquet:
    peer.write_table(table, options.parquet)
tally = peer.Tally(options.verify)
tally.add(table)
tally.print()
