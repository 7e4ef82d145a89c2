"""Penstock as a source of Recotem's: recipes of `type: penstock`, and of `type: sql` once install() was called.

    source:
      type: penstock                    # found by itself, where this package and Recotem are installed
      dsn_env: RECOTEM_RECIPE_DB_DSN
      query: SELECT user_id, item_id, bought_at FROM purchases WHERE bought_at >= :since
      query_parameters: {since: "${RECOTEM_RECIPE_SINCE}"}

Existing recipes of `type: sql` run through Penstock, unchanged, by `python -m penstock.recotem train recipe.yaml` or,
in a program, by penstock.recotem.install(): this module then stands in for `recotem.datasource.sql`.

The guard binds both types: only the environment (RECOTEM_SQL_ALLOW_PRIVATE) opts in to private hosts.
Threads: any number of sources at once; one source by one thread at a time.
"""

from __future__ import annotations

import decimal
import ipaddress
import os
import re
import socket
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import structlog
from pydantic import BaseModel, ConfigDict, Field
from recotem._http_fetch import HttpFetchError, assert_host_public
from recotem.config import get_max_sql_rows
from recotem.datasource import sql as _host
from recotem.datasource.base import DataSourceError, FetchContext
from recotem.recipe.errors import RecipeError

import penstock
from penstock import _native
from penstock._stream import Stream

__all__ = ["PenstockConfig", "PenstockSource", "RecipeSourceError", "SQLConfig", "SQLSource", "install"]

_log = structlog.get_logger(__name__)

_TLS_EVENT = "sql_dsn_tls_not_configured"
_TLS_HINTS = {
    "postgresql": "add ?sslmode=verify-full&sslrootcert=... to the DSN, or ?sslmode=require, which encrypts alone",
    "mysql": "add ?ssl=true to the DSN, with &ssl_ca=... for a certificate authority of your own",
}
# So that an integer stays one beside a NULL, and a boolean beside one is no object.
_NULLABLE = {
    **{getattr(pa, name.lower())(): getattr(pd, f"{name}Dtype")()
       for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")},
    pa.bool_(): pd.BooleanDtype(),
}
_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "KB": 10**3, "MB": 10**6, "GB": 10**9}


class RecipeSourceError(RecipeError, DataSourceError):  # type: ignore[misc]
    """A mistake of the recipe that only its source can find: exit code 2, also where the host expects a DataSourceError."""


# ---- what a recipe says ----


class SQLConfig(BaseModel):  # type: ignore[misc]
    """`source:` of a recipe of `type: sql`, as the host has it."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["sql"]
    dsn_env: str = Field(
        min_length=1,
        pattern=r"^RECOTEM_RECIPE_[A-Z0-9_]+$",
        description="Names the environment variable that holds the DSN: ^RECOTEM_RECIPE_[A-Z0-9_]+$",
    )
    query: str = Field(min_length=1)
    query_parameters: dict[str, str | int | float | bool] = Field(default_factory=dict)
    connect_timeout_seconds: int = Field(10, ge=1, le=60)
    statement_timeout_seconds: int = Field(300, ge=1, le=1800)

    def read_options(self) -> dict[str, Any]:
        """As penstock.Options."""
        return {
            "connect_timeout_seconds": self.connect_timeout_seconds,
            "statement_timeout_seconds": self.statement_timeout_seconds,
        }


class _Section(BaseModel):  # type: ignore[misc]
    model_config = ConfigDict(extra="forbid")


class Limits(_Section):
    """`limits:`; caps are only lowered."""

    rows: int | None = Field(None, ge=1)
    bytes: int | str | None = Field(None, description="of Arrow data: a number, alone or with KiB, MiB, GiB, KB, MB, GB")
    seconds: float | None = Field(None, gt=0)

    def model_post_init(self, _: Any) -> None:
        parts = re.fullmatch(r"([1-9][0-9]*) ?(KiB|MiB|GiB|KB|MB|GB|)", str(self.bytes or 1))
        if parts is None:
            raise ValueError("limits.bytes is a whole number of bytes from 1, for example 2GiB")
        if self.bytes is not None:
            self.bytes = int(parts[1]) * _UNITS[parts[2]]


class Partition(_Section):
    """`partition:`: read in parts, a connection each."""

    column: str
    count: int = Field(ge=1, le=256)


class Types(_Section):
    """`types:`: what becomes of values without an exact place, and types by column."""

    on_lossy: Literal["error", "null", "text", "clamp"] | None = None
    duplicates: Literal["error", "rename"] | None = None
    numeric: str | None = None
    tinyint1: str | None = None
    bit1: str | None = None
    columns: dict[str, str] | None = None


class PenstockConfig(SQLConfig):
    """`source:` of a recipe of `type: penstock`: the same, with the native keys of a Penstock recipe."""

    type: Literal["penstock"]  # type: ignore[assignment]
    dsn_env: str = Field(
        min_length=1,
        pattern=r"^(RECOTEM_RECIPE|PENSTOCK)_[A-Z0-9_]+$",
        description="Names the environment variable that holds the DSN: RECOTEM_RECIPE_* or PENSTOCK_*",
    )
    limits: Limits = Field(default_factory=Limits)
    partition: Partition | None = None
    types: Types = Field(default_factory=Types)
    allow_privileged: bool = False

    def read_options(self) -> dict[str, Any]:
        options: dict[str, Any] = super().read_options() | self.types.model_dump() | {
            "max_rows": self.limits.rows,
            "max_bytes": self.limits.bytes,
            "seconds": self.limits.seconds,
            "allow_privileged": self.allow_privileged,
        }
        if self.partition is not None:
            options |= {"partition_on": self.partition.column, "partitions": self.partition.count}
        return options


# ---- where its DSN leads ----


@dataclass(frozen=True)
class _Dsn:
    """What a DSN says, without its user and password."""

    dialect: str
    host: str
    port: int
    database: str
    dial_host: str
    tls_not_configured: bool
    allow_private: bool
    options: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        query = "&".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.dialect}://{host}{port}/{self.database}" + (f"?{query}" if query else "")


class SQLSource:
    """Rows of a recipe's query, read by Penstock.

    Raises:
        recotem.datasource.base.DataSourceError: by every method; RecipeSourceError, which is one, for a mistake of the recipe.
    """

    type_name: ClassVar[str] = "sql"
    Config: ClassVar[type[BaseModel]] = SQLConfig
    extras_required: ClassVar[list[str]] = ["postgres", "mysql", "sqlite"]
    no_expand_fields: ClassVar[frozenset[str]] = frozenset({"query", "dsn_env"})

    def __init__(self, config: SQLConfig) -> None:
        """Reads the DSN and puts what it names before the guard; connects to nothing."""
        self._config = config
        self._pinned_ips: set[str] = set()
        with self._failures():
            self._url = _Dsn(**_native.inspect_dsn(config.dsn_env, self._look_up))
        self._dialect = self._url.dialect
        # Opted in, the host is trusted whatever it resolves to.
        self._rebinding_host = None if self._url.allow_private else self._url.dial_host or None
        if self._url.tls_not_configured:
            mode = {"detected_sslmode": self._url.options.get("sslmode", "(absent)")}
            _log.warning(_TLS_EVENT, dialect=self._dialect, hint=_TLS_HINTS[self._dialect],
                         **(mode if self._dialect == "postgresql" else {}))
        _log.debug("sql_source_initialized", dialect=self._dialect, host=self._url.host or "(local)", dsn=str(self._url))

    def probe(self) -> None:
        """Scans the query, joins it with its parameters and asks the database for SELECT 1. Reads no data."""
        self._check_rebinding()
        with self._failures(f"probe failed for dialect {self._dialect!r}"):
            _native.validate_source(self._source("recotem"), {}, {}, self._config.read_options(), self._tell, False)

    def probe_columns(self, ctx: FetchContext) -> bool:
        """Whether the columns that the recipe names are in the result, by preparing the query: no row is read."""
        self._check_rebinding()
        with self._failures(f"query failed on dialect {self._dialect!r}"):
            plan = _native.plan_query(self._source(ctx.recipe_name), {}, {}, self._config.read_options(), self._tell)
        _require_columns(ctx, [name for name, *_ in plan["columns"]])
        return True

    def fetch(self, ctx: FetchContext) -> pd.DataFrame:
        """All rows, in the host's own kinds of columns: exact, but that a numeric time column is float64 where it is no integer."""
        self._check_rebinding()
        options = self._config.read_options()
        host_cap = _lower_to_host_cap(options)
        if self._dialect == "sqlite":
            _log.warning("sql_statement_timeout_unsupported_on_sqlite", enforced=True,
                         requested_seconds=self._config.statement_timeout_seconds)
        with self._failures(f"query failed on dialect {self._dialect!r}", host_cap):
            with Stream(_native.open_rows(self._source(ctx.recipe_name), {}, {}, options, self._tell)) as rows:
                _require_columns(ctx, rows.column_names)
                frame = _frame(rows, ctx.extra.get("time_column"))
        # rows_loaded is the host's name for it.
        _log.info("sql_fetch_complete", recipe=ctx.recipe_name, run_id=ctx.run_id, dialect=self._dialect,
                  rows=len(frame), rows_loaded=len(frame))
        return frame

    def _source(self, name: str) -> _native.Source:
        return _native.query_source(self._config.query, self._config.dsn_env, name, self._config.query_parameters)

    def _look_up(self, host: str) -> list[str]:
        # The host's own judgement first, in its words; the guard judges each address again.
        try:
            addresses = assert_host_public(f"db://{host}", allow_private=False) or []
        except HttpFetchError as error:
            # Without the cause, which would turn the exit code into that of a failed HTTP fetch.
            if "does not resolve" in str(error):
                raise DataSourceError(
                    f"hostname {host!r} does not resolve; verify the DSN host or set RECOTEM_SQL_ALLOW_PRIVATE=1 "
                    "to bypass for offline tests"
                ) from None
            raise DataSourceError(
                f"refusing to connect to private/loopback host {host!r}; set RECOTEM_SQL_ALLOW_PRIVATE=1 to opt in "
                "(intended for in-cluster or compose service-name destinations)"
            ) from None
        self._pinned_ips.update(addresses)
        return addresses

    def _check_rebinding(self) -> None:
        """Whether the DSN's host still has one of the addresses it had when the source was made.

        The engine resolves it once more, and connects only to what it has then checked itself.
        """
        host = self._rebinding_host
        if not self._pinned_ips or host is None or _is_address(host):
            return
        try:
            found = socket.getaddrinfo(host, None)
        except OSError as error:
            raise DataSourceError(
                f"DNS re-resolution of {host!r} failed before connect; aborting to prevent SSRF via DNS rebinding"
            ) from error
        current = {address[0] for family, _, _, _, address in found if family in (socket.AF_INET, socket.AF_INET6)}
        if not current & self._pinned_ips:
            raise DataSourceError(
                f"DNS rebinding detected for host {host!r}: pinned={self._pinned_ips}, current={current}; "
                "aborting to prevent SSRF"
            )

    @contextmanager
    def _failures(self, doing: str = "", host_cap: int | None = None) -> Iterator[None]:
        try:
            yield
        except penstock.Error as error:
            raise _translated(error, doing, host_cap, self._config.dsn_env) from error

    @staticmethod
    def _tell(level: str, name: str, fields: dict[str, Any]) -> None:
        if name != _TLS_EVENT:  # said when the source was made
            getattr(_log, level)(name, **fields)


class PenstockSource(SQLSource):
    """The same for `type: penstock`."""

    type_name: ClassVar[str] = "penstock"
    Config: ClassVar[type[BaseModel]] = PenstockConfig
    extras_required: ClassVar[list[str]] = []


def _lower_to_host_cap(options: dict[str, Any]) -> int | None:
    """Lowers options' cap on rows to the host's, and gives that; None where another is lower, or PENSTOCK_MAX_SQL_ROWS wins.

    The engine reads the host's variable, too: this is for a program that has replaced get_max_sql_rows().
    """
    if os.environ.get("PENSTOCK_MAX_SQL_ROWS", "").strip():
        return None
    own = options.get("max_rows")
    host: int = get_max_sql_rows()
    if own is not None and own <= host:
        return None
    options["max_rows"] = host
    return host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


# ---- failures in the host's words ----


def _translated(error: penstock.Error, doing: str, host_cap: int | None, dsn_env: str) -> DataSourceError:
    code, message = error.code, error.message
    if code == "row_limit" and host_cap is not None:
        return DataSourceError(
            f"query result exceeds RECOTEM_MAX_SQL_ROWS={host_cap} rows; tighten the query or raise the cap"
        )
    if code == "dsn_scheme":
        message = f"env var {dsn_env} is not a valid SQLAlchemy URL: it does not begin with DIALECT://"
    # Hints of what only the program `penstock` has are of no use here.
    hint = f"; {error.hint}" if error.hint and "-p" not in error.hint.split() else ""
    if isinstance(error, (penstock.RecipeError, penstock.UsageError)):
        kind = DataSourceError if code == "parameter_missing" else RecipeSourceError
        return kind(f"{message}{hint}")
    if not doing or isinstance(error, (penstock.RefusedError, penstock.LimitError)):
        return DataSourceError(f"{message}{hint}")
    state = f" [SQLSTATE {error.sqlstate}]" if error.sqlstate else ""
    return DataSourceError(f"{doing}: {type(error).__name__} ({code}){state}: {message}{hint}")


def _require_columns(ctx: FetchContext, columns: Sequence[str]) -> None:
    for role in ("user_column", "item_column", "time_column"):
        name = ctx.extra.get(role)
        if name is not None and name not in columns:
            raise RecipeSourceError(f"column {name!r} not found in query result")


# ---- rows as the host works on them ----


def _frame(rows: Stream, time_column: str | None) -> pd.DataFrame:
    """Integers with NULLs as pandas' nullable ones, decimals as decimal.Decimal, UUIDs as their text.

    A batch is let go as soon as it is converted, so that the rows are in memory once.
    """
    schema = pa.schema(rows)
    columns = [_column_of(column, time_column) for column in schema]
    for batch in rows.batches():
        for column, values in zip(columns, batch.columns()):
            column.add(pa.array(values))
    series = {}
    for number, kind in enumerate(schema.types):
        series[number] = columns.pop(0).series(kind)
        _native.trim_memory()  # its pieces lie between those of other columns
    return pd.DataFrame(series, copy=False).set_axis(list(schema.names), axis="columns")


class _Column:
    """As Arrow has it until the end: text, which pandas takes over, and what is judged as a whole."""

    def __init__(self, convert: Callable[[pa.ChunkedArray], pa.Array | pa.ChunkedArray]) -> None:
        self._convert = convert
        self._chunks: list[pa.Array] = []

    def add(self, values: pa.Array) -> None:
        self._chunks.append(values)

    def series(self, kind: pa.DataType) -> pd.Series:
        return _to_pandas(self._convert(pa.chunked_array(self._chunks, kind)))


class _Values:
    """As pandas has it from the start."""

    def __init__(self) -> None:
        self._pieces: list[pd.Series] = []

    def add(self, values: pa.Array) -> None:
        self._pieces.append(_to_pandas(values))

    def series(self, kind: pa.DataType) -> pd.Series:
        pieces, self._pieces = self._pieces or [_to_pandas(pa.array([], kind))], []
        return pd.concat(pieces, ignore_index=True)


class _Decimals(_Values):
    """A Decimal takes a hundred bytes, and most numbers stand in many rows: equal ones are one object where that is cheap."""

    _MOST_KNOWN = 4096

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[decimal.Decimal, decimal.Decimal] = {}

    def add(self, values: pa.Array) -> None:
        encoded = values.dictionary_encode()
        distinct = encoded.dictionary.to_pylist()
        if len(self._known) + len(distinct) <= self._MOST_KNOWN:
            distinct = [self._known.setdefault(value, value) for value in distinct]
        objects = np.array([*distinct, None], dtype=object)
        self._pieces.append(pd.Series(objects[encoded.indices.fill_null(len(distinct)).to_numpy()]))


def _column_of(field: pa.Field, time_column: str | None) -> _Column | _Values:
    if getattr(field.type, "extension_name", "") == "arrow.uuid":
        return _Column(_uuid_text)
    if pa.types.is_dictionary(field.type):
        return _Column(lambda values: pc.cast(values, field.type.value_type))
    if field.name == time_column and _is_exact_number(field):
        return _Column(_plain_number)
    if pa.types.is_string(field.type):
        return _Column(lambda values: values)
    return _Decimals() if pa.types.is_decimal(field.type) else _Values()


def _to_pandas(values: pa.Array | pa.ChunkedArray) -> pd.Series:
    series: pd.Series = pa.table({"": values}).to_pandas(types_mapper=_NULLABLE.get)[""]
    return series


def _uuid_text(column: pa.ChunkedArray) -> pa.Array:
    stored = pa.chunked_array([chunk.storage for chunk in column.chunks], pa.binary(16)).combine_chunks()
    encoded = stored.dictionary_encode()  # an id stands in many rows
    texts = pa.array([str(uuid.UUID(bytes=value)) for value in encoded.dictionary.to_pylist()], pa.string())
    return texts.take(encoded.indices)


def _is_exact_number(column: pa.Field) -> bool:
    """A decimal, or a number without a precision, which is read as its text: extract(epoch FROM ...) is one."""
    return pa.types.is_decimal(column.type) or (column.metadata or {}).get(b"pg_type") == b"numeric"


def _plain_number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """What the host's `time_unit` can count: it knows no decimals."""
    try:
        return pc.cast(column, pa.int64())
    except pa.ArrowInvalid:  # it has a fraction, or is past 64 bits
        return pc.cast(column, pa.float64())


# ---- in place of the host's own ----


def __getattr__(name: str) -> Any:
    """What else the host keeps in the module that this one stands in for: other parts of it look there for tables."""
    return getattr(_host, name)


def install() -> None:
    """Makes this module Recotem's `recotem.datasource.sql`, so that recipes of `type: sql` run through Penstock.

    For the whole process; may be called again, and before or after Recotem has loaded its own.
    """
    import recotem.datasource
    from recotem.datasource import registry

    here = sys.modules[__name__]
    sys.modules["recotem.datasource.sql"] = here
    recotem.datasource.sql = here
    registry.get_source_types.cache_clear()
