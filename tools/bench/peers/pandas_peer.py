"""pandas over SQLAlchemy in chunks of 100,000 rows, concatenated: what a recommender's own SQL source does.

Timed to the DataFrame, without a conversion to Arrow that its users would not make.
"""

import pandas
import peer
import sqlalchemy

options = peer.arguments()
engine = sqlalchemy.create_engine(options.uri)
with engine.connect().execution_options(stream_results=True) as connection:
    chunks = pandas.read_sql_query(
        sqlalchemy.text(options.query), connection, chunksize=peer.CHUNK_ROWS
    )
    frame = pandas.concat(list(chunks), ignore_index=True)
if options.parquet:
    frame.to_parquet(
        options.parquet,
        compression=peer.CODEC,
        compression_level=peer.LEVEL,
        row_group_size=peer.ROW_GROUP_ROWS,
        index=False,
    )
options.into = "pandas"
peer.print_frame(frame, options)
