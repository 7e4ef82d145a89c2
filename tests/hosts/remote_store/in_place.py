"""A plugin for the host's own tests: QueryBackend in the place of the host's SQLQueryBackend, everywhere.

PENSTOCK_IN_PLACE says how those tests' databases are read: "engine": as they say, most by an Engine in memory; "url": by
its URL, through Penstock, so that a database in memory becomes a file; "host": by the host's own backend, to compare with.
"""

import gc
import os
import tempfile

import remote_store
import sqlalchemy
from penstock.remote_store import QueryBackend
from remote_store import backends
from remote_store.backends import _sqlalchemy as host

create_engine = sqlalchemy.create_engine


class ByUrl(QueryBackend):
    """Reads an Engine's database by its URL."""

    def __init__(self, url=None, *, engine=None, **arguments):
        if engine is not None and url is None:
            url, engine = engine.url.render_as_string(hide_password=False), None
        super().__init__(url, engine=engine, **arguments)


def create_file_engine(url, **arguments):
    if url == "sqlite:///:memory:":
        url = f"sqlite:///{tempfile.mkdtemp()}/shop.db"
    return create_engine(url, **arguments)


def put_in_place(backend):
    backend.__name__ = backend.__qualname__ = "SQLQueryBackend"
    backend.__module__ = host.__name__
    host.SQLQueryBackend = backends.SQLQueryBackend = backend
    remote_store.register_backend("sql-query", backend)
    gc.collect()  # some tests look for all classes that there are


how = os.environ["PENSTOCK_IN_PLACE"]
if how == "url":
    sqlalchemy.create_engine = create_file_engine
    put_in_place(ByUrl)
elif how == "engine":
    put_in_place(QueryBackend)
else:
    assert how == "host"
