"""The DataFrame that Recotem trains on: of its own data source of `type: sql`, or of Penstock's in its place."""

import os

import peer
from recotem.datasource.base import FetchContext

options = peer.arguments()
if options.by == "penstock":
    from penstock.recotem import SQLConfig, SQLSource
else:
    from recotem.datasource.sql import SQLConfig, SQLSource

os.environ |= {"RECOTEM_RECIPE_BENCH_DSN": options.uri, "RECOTEM_SQL_ALLOW_PRIVATE": "1"}
config = SQLConfig(type="sql", dsn_env="RECOTEM_RECIPE_BENCH_DSN", query=options.query)
peer.print_frame(SQLSource(config).fetch(FetchContext(recipe_name="bench", run_id="bench")), options)
