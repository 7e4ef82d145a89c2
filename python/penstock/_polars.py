"""A key of a store as a polars LazyFrame."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from penstock import _arguments, _native
from penstock._store import Store, split_url
from penstock._stream import _needs, polars_frame

if TYPE_CHECKING:
    import polars

_PATIENCE_SECONDS = 0.1
_Result = TypeVar("_Result")


def _waited(
    work: Callable[[], _Result], guard: _native.StopGuard, empty: polars.DataFrame
) -> Generator[polars.DataFrame, None, _Result]:
    """What `work` gives; empty frames until it does: between two frames, and only there, polars heeds Ctrl-C."""
    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    worker = threading.Thread(target=run, name="penstock-scan")
    worker.start()
    while True:
        try:
            worker.join(_PATIENCE_SECONDS)
        except BaseException:  # Ctrl-C, where polars waits in the main thread
            guard.request()
            raise
        if not worker.is_alive():
            break
        yield empty
    if errors:
        raise errors[0]
    return results[0]


def scan_polars(
    key: str | os.PathLike[str], *, store: Store | None = None, variables: Mapping[str, str] | None = None
) -> polars.LazyFrame:
    """A LazyFrame of a key's rows, which are read when it is collected, batch by batch. Needs polars.

    Args:
        key: a key of `store`; without it, penstock://MANIFEST!KEY or MANIFEST!KEY.
        store: where the key is.
        variables: as of penstock.read(), where no store is given.

    Raises:
        UsageError: the URL. RecipeError: the manifest.
        NotFound, InvalidPath: the key.
        and what penstock.read() raises.

    The schema is asked for now: the query is started and stopped. A projection, a predicate and a row limit are applied
    to the batches as they come; the query itself is what the manifest says. Ctrl-C stops it in the database.
    """
    library = _needs("polars", "polars")
    from polars.io.plugins import register_io_source

    name = _arguments.path(key, "key")
    if store is None:
        manifest, name = split_url(name)
        store = Store(manifest, variables=variables)
    source, where = store, name

    def read(
        with_columns: list[str] | None, predicate: polars.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[polars.DataFrame]:
        # No `finally` and no `with`: polars drops this generator while Ctrl-C is pending, which any Python code of ours
        # would then raise. The guard is a local alone: it goes with the frame.
        guard = _native.StopGuard()
        stop = guard.stop
        nothing = none if with_columns is None else none.select(with_columns)
        rows = yield from _waited(lambda: source._store.rows(where, stop), guard, nothing)
        left = n_rows
        while left != 0 and (batch := (yield from _waited(rows.next, guard, nothing))) is not None:
            frame = polars_frame(library, batch)
            if left is not None:
                frame = frame.head(left)
                left -= frame.height
            if predicate is not None:
                frame = frame.filter(predicate)
            yield frame if with_columns is None else frame.select(with_columns)

    with source.rows(where) as rows:
        none = polars_frame(library, rows._rows.empty())
    frame: polars.LazyFrame = register_io_source(read, schema=none.schema)
    return frame
