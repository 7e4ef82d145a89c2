"""SQLAlchemy's rows into a pyarrow Table: what a store's own serializer does with them."""

import peer
import pyarrow
import sqlalchemy

options = peer.arguments()
with sqlalchemy.create_engine(options.uri).connect() as connection:
    result = connection.execute(sqlalchemy.text(options.query))
    names = list(result.keys())
    columns = zip(*result.fetchall())
    frame = pyarrow.table({name: list(column) for name, column in zip(names, columns)})
peer.print_frame(frame, options)
