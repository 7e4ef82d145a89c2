"""A query as a task of Flyte, run in its author's process and opened as a DataFrame: by its plugin, or by Penstock."""

import peer
from flytekit.types.schema import FlyteSchema

options = peer.arguments()
if options.by == "penstock":
    from penstock.flytekit import SQLAlchemyConfig, SQLAlchemyTask
else:
    from flytekitplugins.sqlalchemy import SQLAlchemyConfig, SQLAlchemyTask

task = SQLAlchemyTask("bench", options.query, SQLAlchemyConfig(uri=options.uri), output_schema_type=FlyteSchema)
peer.print_frame(task().open().all(), options)
