"""A key of a store as a polars LazyFrame."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from penstock._store import Store, split_url
from penstock._stream import _needs, polars_frame

if TYPE_CHECKING:
    import polars


def scan_polars(
    key: str | os.PathLike[str], *, store: Store | None = None, variables: Mapping[str, str] | None = None
) -> polars.LazyFrame:
    """A LazyFrame of a key's rows, which are read when it is collected, batch by batch. Needs polars.

    Args:
        key: a key of `store`; without it, penstock://MANIFEST!KEY or MANIFEST!KEY.
        store: where the key is.
        variables: as of penstock.read(), where no store is given.

    The schema is asked for now: the query is started and stopped. A projection, a predicate and a row limit are applied
    to the batches as they come; the query itself is what the manifest says.
    """
    library = _needs("polars", "polars")
    from polars.io.plugins import register_io_source

    name = os.fspath(key)
    if store is None:
        manifest, name = split_url(name)
        store = Store(manifest, variables=variables)
    source, where = store, name

    def read(
        with_columns: list[str] | None, predicate: polars.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[polars.DataFrame]:
        left = n_rows
        with source.rows(where) as rows:
            for batch in rows.batches():
                frame = polars_frame(library, batch)
                if left is not None:
                    frame = frame.head(left)
                    left -= frame.height
                if predicate is not None:
                    frame = frame.filter(predicate)
                yield frame if with_columns is None else frame.select(with_columns)
                if left == 0:
                    return

    with source.rows(where) as rows:
        schema = polars_frame(library, rows._rows.empty()).schema
    frame: polars.LazyFrame = register_io_source(read, schema=schema)
    return frame
