"""read(), fetch(), plan(), validate(): a recipe or a query, in; rows, a file or facts, out."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypedDict, Union, Unpack

from penstock import _arguments, _native
from penstock._results import Plan, PlanColumn, Receipt, Validation
from penstock._stream import Stream

Value = Union[None, bool, int, float, str]
OnEvent = Callable[[str, str, "dict[str, Any]"], object]

_LOG = logging.getLogger("penstock")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Options(TypedDict, total=False):
    """Keyword arguments of read(), fetch(), plan() and validate(). They win over the recipe's, but a cap is only lowered.

    Attributes:
        max_rows: fail past so many rows (LimitError).
        max_bytes: fail past so many bytes of Arrow data.
        seconds: for the whole call, connecting included (TimeoutError).
        connect_timeout_seconds: 1 to 60, default 10. SQLite: how long to wait for a lock.
        statement_timeout_seconds: 1 to 1800, default 300; to the last row, the consumer's time included.
        batch_rows, batch_bytes: a batch ends at whichever comes first; 16,384 rows and 4 MiB.
        on_lossy: what becomes of a value with no exact place in its column's type; default "error".
        duplicates: two columns of one name: "error" (default), "rename" to a, a_1, or "keep".
        numeric: type of numbers of no precision: "text", "float64" or "decimal(p,s)".
        tinyint1, bit1: MySQL's TINYINT(1) and BIT(1): "bool", or numbers (default).
        columns: types by result column, {"total": "decimal(12,2)"}.
        partition_on, partitions: read in so many parts, a connection each.
        allow_privileged: let an account that could write from within a SELECT run it all the same.
    """

    max_rows: int | None
    max_bytes: int | None
    seconds: float | None
    connect_timeout_seconds: float | None
    statement_timeout_seconds: float | None
    batch_rows: int | None
    batch_bytes: int | None
    on_lossy: Literal["error", "null", "text", "clamp"] | None
    duplicates: Literal["error", "rename", "keep"] | None
    numeric: str | None
    tinyint1: str | None
    bit1: str | None
    columns: dict[str, str] | None
    partition_on: str | None
    partitions: int | None
    allow_privileged: bool | None


class Progress(NamedTuple):
    """How far a fetch() is; told at most ten times a second.

    Attributes:
        rows: written so far.
        bytes: of Arrow data so far.
        expected_rows: an estimate, or None.
        seconds: since the start.
    """

    rows: int
    bytes: int
    expected_rows: int | None
    seconds: float


def _log_event(level: str, name: str, fields: dict[str, Any]) -> None:
    text = fields.get("message") or ", ".join(f"{key}={value}" for key, value in fields.items())
    _LOG.log(_LEVELS[level], "%s: %s", name, text, extra={"penstock_event": name, "penstock_fields": fields})


def _source(source: str | os.PathLike[str], dsn_env: str | None) -> _native.Source:
    if dsn_env is None:
        return _native.load_recipe(_arguments.path(source, "source"))
    return _native.query_source(_arguments.path(source, "source"), _arguments.text(dsn_env, "dsn_env"), "query")


def variables_of(variables: Mapping[str, str] | None) -> dict[str, str]:
    return {name: _arguments.text(value, f"variable {name!r}")
            for name, value in _arguments.mapping(variables, "variables").items()}


def on_event_of(on_event: OnEvent | None) -> OnEvent:
    return _arguments.function(on_event, "on_event") or _log_event


def _given(
    params: Mapping[str, Value] | None, variables: Mapping[str, str] | None, options: Options, on_event: OnEvent | None
) -> tuple[dict[str, Any], dict[str, str], dict[str, Any], OnEvent]:
    """What every call gives the module behind its source."""
    return _arguments.mapping(params, "params"), variables_of(variables), dict(options), on_event_of(on_event)


def read(
    source: str | os.PathLike[str],
    params: Mapping[str, Value] | None = None,
    *,
    dsn_env: str | None = None,
    variables: Mapping[str, str] | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[Options],
) -> Stream:
    """Starts a query and gives its rows as a stream of Arrow record batches.

    Args:
        source: the path of a recipe; with `dsn_env`, the text of a query.
        params: values for the query's :name parameters, over the recipe's own. None, bool, int (64 bits), float and str
            are bound as they are, never as SQL text. Strings given here are not expanded.
        dsn_env: the environment variable that holds the DSN, PENSTOCK_* or RECOTEM_RECIPE_*.
        variables: values for the variables that a DSN or a recipe's ${NAME} is read from, over the environment's:
            PENSTOCK_*DSN*, PENSTOCK_PARAM_* and RECOTEM_RECIPE_* alone. What Penstock itself obeys, such as
            PENSTOCK_SQL_ALLOW_PRIVATE, is read from the environment and nowhere else.
        on_event: called with (level, name, fields) for each event; otherwise they go to the logger "penstock".
        **options: see Options.

    Returns:
        A Stream. Its schema is known at once, also of an empty result; rows come as they are asked for, one batch ahead.

    Raises:
        UsageError: an argument is wrong.
        RecipeError: the recipe, or a parameter that is missing, unused or of another type.
        RefusedError: the guard does not admit where the DSN leads, or what the query would do.
        UnavailableError, DataSourceError, TimeoutError: the database.
        ConfigurationError: a control variable.

    Threads: any number at once, each call has its own connection. The GIL is given away while it waits; Ctrl-C in the
    main thread stops the query in the database, then raises KeyboardInterrupt.
    """
    return Stream(_native.open_rows(_source(source, dsn_env), *_given(params, variables, options, on_event)))


def fetch(
    source: str | os.PathLike[str],
    params: Mapping[str, Value] | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    format: Literal["parquet", "csv", "jsonl", "arrow", "arrows"] | None = None,
    compression: str | None = None,
    row_group_rows: int | None = None,
    content_hash: bool = False,
    lock: bool = True,
    lock_timeout: float = 0.0,
    run_id: str = "",
    progress: Callable[[Progress], object] | None = None,
    dsn_env: str | None = None,
    variables: Mapping[str, str] | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[Options],
) -> Receipt:
    """Runs a recipe or a query and writes its rows to one file, whole or not at all.

    Whatever happens, the file under its final name is complete and on disk, or it is what it was before.

    Args:
        source, params, dsn_env, variables, on_event, **options: as of read().
        out: the file's path; default the recipe's sink.path. Parent folders are made.
        format: default by the path's extension, else the recipe's.
        compression: "none", "snappy", "gzip", "brotli", "zstd", "lz4", with ":LEVEL". Parquet's default is "zstd:3".
        row_group_rows: Parquet, rows of a row group at most; default 1,000,000.
        content_hash: compute the file's SHA-256 for the receipt; about a second a gigabyte.
        lock: whether two runs to one output exclude each other.
        lock_timeout: seconds to wait for another run; negative waits for ever.
        run_id: for events and the receipt; default a new one.
        progress: called with a Progress, from a thread of its own.

    Returns:
        The Receipt.

    Raises:
        LockContestedError: another run holds the output.
        OutputError: the file could not be written.
        LimitError: a cap was passed; no file appears.
        and what read() raises.

    Threads, signals: as of read(). Memory is bounded by the batch and the row group.
    """
    output = {
        "out": None if out is None else _arguments.path(out, "out"),
        "format": format,
        "compression": compression,
        "row_group_rows": row_group_rows,
        "content_hash": content_hash,
        "lock": lock,
        "lock_timeout": lock_timeout,
        "run_id": run_id,
    }
    progress = _arguments.function(progress, "progress")
    tell = None if progress is None else lambda *so_far: progress(Progress(*so_far))
    given = _given(params, variables, options, on_event)
    return Receipt._of_json(_native.fetch_file(_source(source, dsn_env), *given, output, tell))


def plan(
    source: str | os.PathLike[str],
    params: Mapping[str, Value] | None = None,
    *,
    dsn_env: str | None = None,
    variables: Mapping[str, str] | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Connects, prepares and explains a query, and reads no row.

    Args:
        source, params, dsn_env, variables, on_event, **options: as of read(). Of the options those about types
            (numeric, tinyint1, bit1, columns, duplicates) show in the columns; caps on rows and bytes have no effect.

    Returns:
        A Plan: the result's columns in order, each with the database's own type and the Arrow type that it becomes, the
        database's EXPLAIN, what the account could do beyond reading, and the addresses that a connection would go to.

    Raises:
        UsageError, RecipeError, RefusedError, UnavailableError, DataSourceError, TimeoutError, ConfigurationError: as of
            read().

    Threads, signals: as of read().
    """
    facts = _native.plan_query(_source(source, dsn_env), *_given(params, variables, options, on_event))
    facts["columns"] = [PlanColumn(*column) for column in facts["columns"]]
    return Plan(**facts)


def validate(
    source: str | os.PathLike[str],
    params: Mapping[str, Value] | None = None,
    *,
    offline: bool = False,
    dsn_env: str | None = None,
    variables: Mapping[str, str] | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[Options],
) -> Validation:
    """Checks a recipe or a query and, unless `offline`, that its database answers SELECT 1. Reads no data.

    Args:
        source, params, dsn_env, variables, on_event, **options: as of read().
        offline: open no connection. With no DSN set the query is not scanned either: which database's rules apply is not
            known.

    Returns:
        A Validation: the dialect, the query's parameters in order of first use, whether SELECT 1 was answered.

    Raises:
        RecipeError: the recipe, its parameters, the query's text.
        and what read() raises. What only the database could tell, such as a table that is not there, plan() finds.

    Threads, signals: as of read().
    """
    given = _given(params, variables, options, on_event)
    return Validation(**_native.validate_source(_source(source, dsn_env), *given, bool(offline)))
