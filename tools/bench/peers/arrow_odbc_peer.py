"""arrow-odbc over the database's ODBC driver: a stream of record batches, fetched ahead on a second thread."""

import arrow_odbc
import peer

BATCH_ROWS = 65_536

options = peer.arguments()
reader = arrow_odbc.read_arrow_batches_from_odbc(
    query=options.query, connection_string=options.uri, batch_size=BATCH_ROWS
)
tally = peer.Tally(options.verify)
for batch in reader:
    tally.add(batch)
tally.print()
