"""A query's rows, and their ways into the data frame libraries."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from penstock import _native
from penstock._errors import MissingExtraError, UsageError
from penstock._results import LossyColumn, Partitions

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


def _needs(module: str, extra: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"this needs {module}: pip install 'penstock[{extra}]'",
            code="missing_extra",
            error_type="CapabilityNotSupported",
            exit_code=2,
        ) from error


def polars_frame(library: Any, batch: _native.Batch) -> Any:
    return library.DataFrame(batch.with_plain_types())


class Stream:
    """Rows of a running query, to be read once and in order.

    Any library that takes the Arrow PyCapsule interface takes a stream as it is (pyarrow.table(rows),
    polars.DataFrame(rows), duckdb.sql("FROM rows")), without a copy of the data.

    Threads: read it from one thread at a time; cancel() may come from any. The GIL is given away while rows are waited
    for. Ctrl-C in the main thread stops the query in the database and raises KeyboardInterrupt.

    Close it, or use it as a context manager: an unfinished stream that is closed or dropped stops its query and gives
    back its connection.
    """

    def __init__(self, rows: _native.RowStream) -> None:
        self._rows = rows
        self._taken = False

    # ---- what is known ----

    @property
    def column_names(self) -> list[str]:
        """Names of the result's columns, in order; known before the first row."""
        return self._rows.column_names

    @property
    def dialect(self) -> str:
        """ "sqlite", "postgresql" or "mysql"."""
        return self._rows.dialect

    @property
    def rows(self) -> int:
        """Rows given so far."""
        return self._rows.rows

    @property
    def expected_rows(self) -> int | None:
        """Rows the result will have, where the database could say: an estimate."""
        return None if self._rows.expected_rows < 0 else self._rows.expected_rows

    @property
    def lossy(self) -> list[LossyColumn]:
        """Columns with values that had no exact place; complete after the last row."""
        return [LossyColumn(*column) for column in self._rows.lossy()]

    @property
    def partitions(self) -> Partitions | None:
        """What became of a read that was asked to be partitioned; rows are complete after the last one."""
        how, rows = self._rows.partitions()
        return Partitions(how, rows) if how else None

    # ---- reading ----

    def __arrow_c_schema__(self) -> object:
        return self._rows.arrow_c_schema()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rest of the rows. A requested schema is not heeded; the consumer casts."""
        self._take()
        return self._rows.arrow_c_stream()

    def batches(self) -> Iterator[_native.Batch]:
        """The rows as record batches of at least one row, each read while the one before is used.

        A Batch has the Arrow PyCapsule interface: pyarrow.record_batch(batch), polars.DataFrame(batch).

        Raises:
            UsageError: the rows have been taken, or the stream is closed.
            LimitError, TimeoutError, DataSourceError: in mid-stream. InterruptedError: cancel() was called.
        """
        self._take()
        return self._iterate()

    def _iterate(self) -> Iterator[_native.Batch]:
        try:
            while (batch := self._rows.next()) is not None:
                yield batch
        finally:
            self.close()

    def to_pyarrow(self) -> pyarrow.Table:
        """All rows as a pyarrow Table, a chunk a batch. Needs pyarrow.

        A column's memory is free as soon as that column is, which to_pandas(self_destruct=True) makes use of.
        """
        library = _needs("pyarrow", "pyarrow")
        schema = library.schema(self)
        batches = [
            library.RecordBatch.from_arrays([library.array(column) for column in batch.columns()], schema=schema)
            for batch in self.batches()
        ]
        table: pyarrow.Table = library.Table.from_batches(batches, schema=schema)
        return table

    def to_pandas(self, **options: Any) -> pandas.DataFrame:
        """All rows as a pandas DataFrame. Needs pandas and pyarrow.

        Args:
            **options: of pyarrow.Table.to_pandas. By default columns keep their Arrow types
                (pandas.ArrowDtype), so that integers with NULLs stay integers and decimals exact; give
                types_mapper=None for NumPy's types.

        Raises:
            MissingExtraError: pandas or pyarrow is not installed.
            and what batches() raises.
        """
        library = _needs("pandas", "pandas")
        _needs("pyarrow", "pandas")
        options.setdefault("types_mapper", library.ArrowDtype)
        table = self.to_pyarrow()
        frame: pandas.DataFrame = table.to_pandas(**options)
        return frame

    def to_polars(self) -> polars.DataFrame:
        """All rows as a polars DataFrame. Needs polars.

        What polars has no type for keeps its value: an interval is a struct of months, days and microseconds, a decimal of
        more than 38 digits its text.
        """
        library = _needs("polars", "polars")
        frames = [polars_frame(library, batch) for batch in self.batches()]
        frame: polars.DataFrame = library.concat(frames or [polars_frame(library, self._rows.empty())], rechunk=False)
        return frame

    def _take(self) -> None:
        if self._taken:
            raise UsageError(
                "the stream's rows have been taken",
                code="stream_consumed",
                hint="a stream is read once; call penstock.read() again, or keep the table",
            )
        self._taken = True

    # ---- its end ----

    def cancel(self) -> None:
        """Asks the database to stop; whoever waits for rows gets InterruptedError. From any thread; returns at once."""
        self._rows.cancel()

    def close(self) -> None:
        """Stops what is not read yet and waits until the database has let go of it. May be called again."""
        self._rows.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<penstock.Stream of {self.dialect}: {len(self.column_names)} columns, {self.rows} rows so far>"

