"""Penstock as a backend of remote-store's: path keys, and a query behind each.

    from penstock.remote_store import QueryBackend
    from remote_store import Store

    backend = QueryBackend("sqlite:///shop.db", queries={"reports/daily.parquet": "SELECT day, total FROM daily"})
    with Store(backend) as store, store.read("reports/daily.parquet") as file:
        ...

In place of the host's own, also where its configuration names it:

    remote_store.register_backend("sql-query", QueryBackend)

With `url` the rows come through Penstock: the guard, read-only sessions, caps, exact types, a file that streams to disk in
constant memory; neither SQLAlchemy nor pyarrow is needed. With `engine`, a SQLAlchemy Engine of the program's own, or a
serializer of its own, a result is rows in memory, as the host's document has it.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, TypedDict, TypeVar

from remote_store import (
    Backend,
    BackendUnavailable,
    Capability,
    CapabilityNotSupported,
    CapabilitySet,
    FileInfo,
    FolderEntry,
    FolderInfo,
    InvalidPath,
    NotFound,
    RemotePath,
    RemoteStoreError,
    ResolutionPlan,
    WriteResult,
)

import penstock
from penstock import _native

if TYPE_CHECKING:
    from remote_store.backends import ResultSerializer
    from sqlalchemy import Engine
    from typing_extensions import Unpack

__all__ = ["InvalidPattern", "Options", "QueryBackend"]

T = TypeVar("T")

# What `url` is to the engine: the value of a variable, given beside the environment.
_DSN = "PENSTOCK_REMOTE_STORE_DSN"

# Format by extension: the document's, and what `url` has beyond them.
_ROW_FORMATS = {".arrow": "arrow", ".csv": "csv", ".ipc": "arrow", ".parquet": "parquet"}
_FORMATS = {**_ROW_FORMATS, ".arrows": "arrows", ".csv.gz": "csv.gz", ".jsonl": "jsonl", ".jsonl.gz": "jsonl.gz"}

# What the host says before a message.
_UNHEALTHY, _UNAVAILABLE, _FAILED = (
    "Database health check failed: ", "Database operation failed: ", "Database error: "
)
# The first that fits: Penstock's error, the host's, what the host says before it.
_HOST_ERRORS: Sequence[tuple[Any, Any, str]] = (
    (penstock.NotFound, NotFound, ""),
    (penstock.InvalidPath, InvalidPath, ""),
    (penstock.CapabilityNotSupported, CapabilityNotSupported, ""),
    (penstock.RefusedError, BackendUnavailable, ""),
    ((penstock.UnavailableError, penstock.TimeoutError), BackendUnavailable, _UNAVAILABLE),
    (penstock.LimitError, RemoteStoreError, ""),
    (penstock.DataSourceError, RemoteStoreError, _FAILED),
    (penstock.Error, RemoteStoreError, ""),
)


class InvalidPattern(InvalidPath, ValueError):  # type: ignore[misc]
    """A glob pattern that cannot be: the host raises ValueError for it."""


class Options(TypedDict, total=False):
    """What a manifest may say of all its queries, for `url` alone; docs/reference/store.md has each."""

    limits: Mapping[str, Any]
    types: Mapping[str, Any]
    cache: Mapping[str, Any]
    connections: int
    connect_timeout_seconds: int
    statement_timeout_seconds: int
    allow_privileged: bool


def _described(error: penstock.Error) -> str:
    return error.message.replace(f"the DSN in env var {_DSN}", "url")


def _with_hint(error: Exception, hint: str) -> Exception:
    if hint:
        error.add_note(f"hint: {hint}")
    return error


def _require(module: str, message: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise ImportError(message) from error


def _check_queries(queries: Mapping[str, Any]) -> None:
    for key, query in queries.items():
        if not key.strip():
            raise ValueError("Query key must be a non-empty string")
        if not query or (isinstance(query, str) and not query.strip()):
            raise ValueError(f"SQL query for key {key!r} must be a non-empty string")


def _check_url(url: str) -> None:
    if not url.strip():
        raise ValueError("'url' must be a non-empty string")
    try:
        penstock.validate("SELECT 1", dsn_env=_DSN, variables={_DSN: url}, offline=True)
    except penstock.DataSourceError as error:
        raise _with_hint(ValueError(_described(error)), error.hint) from error


def _set_sqlite_pragmas(connection: Any, record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


class _Borrowed:
    """An Engine of the program's: its rows, and its failures as the host's. args of an error has what the driver said;
    str() would add the SQL to it."""

    def __init__(self, engine: Any, queries: Mapping[str, Any], backend: str) -> None:
        for key, query in queries.items():
            if not isinstance(query, str):
                raise ValueError(f"SQL query for key {key!r} must be a string: it has no parameters with 'engine'")
        _require(
            "sqlalchemy",
            "SQLAlchemy backends require the 'sqlalchemy' package. Install with: pip install remote-store[sql]",
        )
        from sqlalchemy import event

        self.engine = engine
        self._queries = queries
        self._backend = backend
        if engine.dialect.name == "sqlite" and not event.contains(engine, "connect", _set_sqlite_pragmas):
            event.listen(engine, "connect", _set_sqlite_pragmas)

    def rows(self, path: str) -> tuple[list[str], list[Any]]:
        from sqlalchemy import exc, text

        try:
            with self.engine.connect() as connection:
                result = connection.execute(text(self._queries[path]))
                return list(result.keys()), list(result.fetchall())
        except exc.OperationalError as error:
            raise BackendUnavailable(f"{_UNAVAILABLE}{error.args[0]}", path=path, backend=self._backend) from error
        except exc.SQLAlchemyError as error:
            raise RemoteStoreError(f"{_FAILED}{error.args[0]}", path=path, backend=self._backend) from error

    def check_health(self) -> None:
        from sqlalchemy import exc, text

        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except exc.SQLAlchemyError as error:
            raise BackendUnavailable(f"{_UNHEALTHY}{error.args[0]}", backend=self._backend) from error


def _file_info(info: penstock.FileInfo) -> FileInfo:
    path = RemotePath(info.path)
    return FileInfo(
        path=path,
        name=path.name,
        size=info.size,
        modified_at=info.modified_at,
        extra={"materialized": info.materialized},
    )


class QueryBackend(Backend):  # type: ignore[misc]
    """A read-only backend of remote-store's whose files are the results of queries.

    Args:
        url: where the database is, as SQLAlchemy writes it: postgresql://, mysql://, mariadb:// or sqlite:///, a +driver
            is ignored. The guard admits it or not; PENSTOCK_SQL_ALLOW_PRIVATE of the environment alone opts in to
            private hosts.
        engine: instead of `url`, a SQLAlchemy Engine. It is borrowed, and its connections are its owner's: neither the
            guard nor caps are between it and its database. SQLite is set to WAL and synchronous=NORMAL.
        queries: SQL by key. With `url` a value may also be a mapping, as in a manifest: parameters, limits, types.
        strict: True; False raises NotImplementedError.
        serializer: turns rows into bytes, instead of Penstock: serialize(rows, columns, format), `format` "parquet",
            "csv" or "arrow". The result is in memory whole, and needs pyarrow.
        **options: with `url`, what a manifest may say of all its queries; see Options.

    Raises:
        ValueError: not one of `url` and `engine`, a `url` that is none, an empty key or query, an option's value.
        NotImplementedError: strict=False.
        ImportError: rows in memory are asked for and pyarrow or SQLAlchemy is missing.

    Errors of all methods are remote_store's, with Penstock's as their cause and its hint as a note: NotFound, InvalidPath,
    BackendUnavailable (not reached, not in time, not admitted by the guard), CapabilityNotSupported, RemoteStoreError.

    Threads: any number at once; each read has a connection of its own. Nothing is held between reads, so that close() has
    nothing to give back and the backend may be used after it.
    """

    CAPABILITIES: ClassVar[CapabilitySet] = CapabilitySet({Capability(word) for word in _native.store_capabilities()})

    def __init__(
        self,
        url: str | None = None,
        *,
        engine: Engine | None = None,
        queries: Mapping[str, str | Mapping[str, Any]] | None = None,
        strict: bool = True,
        serializer: ResultSerializer | None = None,
        **options: Unpack[Options],
    ) -> None:
        unknown = sorted(options.keys() - Options.__annotations__.keys())
        if unknown:
            raise TypeError(f"QueryBackend() has no argument '{unknown[0]}'")
        if not strict:
            raise NotImplementedError("View/convention discovery (strict=False) is not yet implemented")
        if (url is None) == (engine is None):
            raise ValueError("Exactly one of 'url' or 'engine' must be provided")
        self._queries = dict(queries or {})
        _check_queries(self._queries)
        self._serializer = serializer
        self._in_memory = engine is not None or serializer is not None
        if self._in_memory:
            _require("pyarrow", "SQLQueryBackend requires 'pyarrow'. Install with: pip install remote-store[sql-query]")
        self._borrowed: _Borrowed | None = None
        variables = {}
        if url is not None:
            _check_url(url)
            variables = {_DSN: url}
        else:
            if options:
                raise ValueError(f"'{next(iter(options))}' is for 'url': an engine's queries run as it has them")
            self._borrowed = _Borrowed(engine, self._queries, self.name)
        self._store = penstock.Store.of_queries(
            self._queries, dsn_env=_DSN, name=self.name, variables=variables, **options
        )

    @property
    def name(self) -> str:
        """The host's name for this kind: "sql-query"."""
        return "sql-query"

    @property
    def capabilities(self) -> CapabilitySet:
        """What CAPABILITIES has."""
        return self.CAPABILITIES

    def __repr__(self) -> str:
        if self._borrowed is None:
            return repr(self._store)
        dialect = self._borrowed.engine.dialect.name
        return f"SQLQueryBackend(dialect={dialect!r}, keys={len(self._queries)}, strict=True)"

    @contextmanager
    def _errors(self, path: str = "") -> Iterator[None]:
        """Penstock's errors as the host's."""
        try:
            yield
        except penstock.Error as error:
            kind, before = next((host, before) for ours, host, before in _HOST_ERRORS if isinstance(error, ours))
            raise _with_hint(kind(before + _described(error), path=path, backend=self.name), error.hint) from error

    # ---- looking: the keys are Penstock's, also with an engine ----

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder of this path."""
        with self._errors(path):
            return self._store.exists(path)

    def is_file(self, path: str) -> bool:
        """Whether there is a file of this path."""
        with self._errors(path):
            return self._store.is_file(path)

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder of this path."""
        with self._errors(path):
            return self._store.is_folder(path)

    def list_files(
        self, path: str, *, recursive: bool = False, max_depth: int | None = None
    ) -> Iterator[FileInfo]:
        """Files in a folder, sorted; with `recursive` at any depth, or at most `max_depth` folders deep."""
        with self._errors(path):
            files = self._store.list_files(path, recursive=recursive, max_depth=max_depth)
        return map(_file_info, files)

    def list_folders(self, path: str) -> Iterator[FolderEntry]:
        """Folders directly in a folder, sorted."""
        with self._errors(path):
            folders = map(RemotePath, self._store.list_folders(path))
        return (FolderEntry(path=folder, name=folder.name) for folder in folders)

    def glob(self, pattern: str) -> Iterator[FileInfo]:
        """Files that match: *, ?, [abc], [!abc] within a segment, ** for whole ones. Raises InvalidPattern."""
        try:
            with self._errors():
                files = self._store.glob(pattern)
        except InvalidPath as error:
            raise InvalidPattern(error.args[0], backend=self.name) from error  # type: ignore[call-arg]
        return map(_file_info, files)

    def get_file_info(self, path: str) -> FileInfo:
        """What is known of a key without reading it: size 0 and the first moment of year 1, unless `cache` holds it."""
        with self._errors(path):
            return _file_info(self._store.get_file_info(path))

    def get_folder_info(self, path: str) -> FolderInfo:
        """What is known of a folder."""
        with self._errors(path):
            info = self._store.get_folder_info(path)
        return FolderInfo(
            path=RemotePath.from_backend_path(path),
            file_count=info.file_count,
            total_size=info.total_size,
            modified_at=info.modified_at,
        )

    def resolve(self, path: str) -> ResolutionPlan:
        """How a key is made into a file; asks nobody."""
        found = self._extension(path)
        return ResolutionPlan(
            kind=self.name,
            backend=self.name,
            key=path,
            native_path=self.native_path(path),
            details={"source": "explicit", "format": "unknown" if found is None else _FORMATS[found]},
        )

    # ---- reading ----

    def read(self, path: str) -> BinaryIO:
        """A key's file, whole, to be read in any order."""
        if self._in_memory:
            return io.BytesIO(self.read_bytes(path))
        with self._errors(path):
            return self._store.open(path)

    def read_bytes(self, path: str) -> bytes:
        """All bytes of a key's file."""
        with self._errors(path):
            if not self._in_memory:
                return self._store.read_bytes(path)
            self._store.get_file_info(path)
            format = self._detect_format(path)
            columns, rows = self._rows(path) if self._borrowed is None else self._borrowed.rows(path)
        if self._serializer is None:
            return self._arrow_bytes(path, columns, rows, format)
        data: bytes = self._serializer.serialize(rows, columns, format)
        return data

    def _extension(self, path: str) -> str | None:
        name = path.partition("?")[0].lower()
        known = _ROW_FORMATS if self._in_memory else _FORMATS
        return next((extension for extension in known if name.endswith(extension)), None)

    def _detect_format(self, path: str) -> str:
        found = self._extension(path)
        if found is not None:
            return _ROW_FORMATS[found]
        dot = path.rfind(".")
        raise InvalidPath(
            f"Unsupported format {'' if dot < 0 else path[dot:].lower()!r} for key {path!r}. "
            f"Supported: {', '.join(sorted(_ROW_FORMATS))}",
            path=path,
            backend=self.name,
        )

    def _rows(self, path: str) -> tuple[list[str], list[Any]]:
        with self._store.rows(path) as stream:
            table = stream.to_pyarrow()
        return table.column_names, list(zip(*(column.to_pylist() for column in table.columns)))

    def _arrow_bytes(self, path: str, columns: list[str], rows: list[Any], format: str) -> bytes:
        from pyarrow import ArrowException
        from remote_store.backends import ArrowSerializer

        repeated = next((name for name in columns if columns.count(name) > 1), None)
        if repeated is not None:  # of which that serializer would keep the last
            error = RemoteStoreError(
                f"the result has more than one column named '{repeated}'", path=path, backend=self.name
            )
            raise _with_hint(error, "give each an alias in the query (AS ...)")
        try:
            data: bytes = ArrowSerializer().serialize(rows, columns, format)
        except ArrowException as error:
            raise RemoteStoreError(f"{_FAILED}{error}", path=path, backend=self.name) from error
        return data

    # ---- the connection ----

    def check_health(self) -> None:
        """Raises BackendUnavailable if the database does not answer SELECT 1."""
        if self._borrowed is not None:
            self._borrowed.check_health()
            return
        try:
            self._store.check_health()
        except penstock.Error as error:
            unavailable = BackendUnavailable(_UNHEALTHY + _described(error), backend=self.name)
            raise _with_hint(unavailable, error.hint) from error

    def unwrap(self, type_hint: type[T]) -> T:
        """penstock.Store with `url`, sqlalchemy.Engine with `engine`. Raises CapabilityNotSupported for any other."""
        native: Any = self._store if self._borrowed is None else self._borrowed.engine
        if type_hint is not object and isinstance(native, type_hint):
            return native
        error = CapabilityNotSupported(
            f"Backend '{self.name}' does not expose native handle of type {type_hint.__name__}",
            capability="unwrap",
            backend=self.name,
        )
        raise _with_hint(error, "there is penstock.Store with url, sqlalchemy.Engine with engine")

    # ---- what a read-only backend does not do ----

    def _refuse(self, capability: str) -> CapabilityNotSupported:
        return CapabilityNotSupported("SQL query backend is read-only", capability=capability, backend=self.name)

    def write(
        self, path: str, content: Any, *, overwrite: bool = False, metadata: Mapping[str, str] | None = None
    ) -> WriteResult:
        """Raises CapabilityNotSupported."""
        raise self._refuse("write")

    def write_atomic(
        self, path: str, content: Any, *, overwrite: bool = False, metadata: Mapping[str, str] | None = None
    ) -> WriteResult:
        """Raises CapabilityNotSupported."""
        raise self._refuse("atomic_write")

    def open_atomic(self, path: str, *, overwrite: bool = False) -> AbstractContextManager[BinaryIO]:
        """Raises CapabilityNotSupported."""
        raise self._refuse("atomic_write")

    def delete(self, path: str, *, missing_ok: bool = False) -> None:
        """Raises CapabilityNotSupported."""
        raise self._refuse("delete")

    def delete_folder(self, path: str, *, recursive: bool = False, missing_ok: bool = False) -> None:
        """Raises CapabilityNotSupported."""
        raise self._refuse("delete")

    def move(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        """Raises CapabilityNotSupported."""
        raise self._refuse("move")

    def copy(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        """Raises CapabilityNotSupported."""
        raise self._refuse("copy")
