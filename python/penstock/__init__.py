"""Penstock: the rows of a declared query, whole and exact, as Arrow, Parquet or CSV.

    import penstock

    orders = penstock.read("orders.yaml", {"since": "2026-03-01"}).to_pandas()
    penstock.fetch("orders.yaml", out="out/orders.parquet")

    with penstock.read("SELECT id, total FROM orders", dsn_env="PENSTOCK_SHOP_DSN") as rows:
        for batch in rows.batches():
            ...

The DSN stands in an environment variable, which the recipe or `dsn_env` names; it is never an argument. Sessions are
read-only, parameters are bound, memory is bounded by the batch. Every failure is a `penstock.Error` and also the
built-in that it naturally is.

The module changes nothing of its process: no signal handler, no environment variable, no limit.
"""

from __future__ import annotations

from penstock._calls import Options, Progress, fetch, plan, read, validate
from penstock._errors import (
    BrokenPipeError,
    CapabilityNotSupported,
    ConfigurationError,
    DataSourceError,
    Error,
    InterruptedError,
    InvalidPath,
    LimitError,
    LockContestedError,
    MissingExtraError,
    NotFound,
    OutputError,
    RecipeError,
    RefusedError,
    TaskError,
    TimeoutError,
    UnavailableError,
    UnexpectedError,
    UsageError,
)
from penstock._native import Batch, version
from penstock._polars import scan_polars
from penstock._results import LossyColumn, Partitions, Plan, PlanColumn, Receipt, Validation
from penstock._store import FileInfo, FolderInfo, Store, StoreReader
from penstock._stream import Stream
from penstock._task import (
    StatementOutcome,
    Task,
    TaskColumn,
    TaskInput,
    TaskReceipt,
    TaskResult,
    TaskSecret,
    run_task,
)

__version__ = version()

__all__ = [
    "Batch",
    "BrokenPipeError",
    "CapabilityNotSupported",
    "ConfigurationError",
    "DataSourceError",
    "Error",
    "FileInfo",
    "FolderInfo",
    "InterruptedError",
    "InvalidPath",
    "LimitError",
    "LockContestedError",
    "LossyColumn",
    "MissingExtraError",
    "NotFound",
    "Options",
    "OutputError",
    "Partitions",
    "Plan",
    "PlanColumn",
    "Progress",
    "Receipt",
    "RecipeError",
    "RefusedError",
    "Store",
    "StoreReader",
    "StatementOutcome",
    "Stream",
    "Task",
    "TaskColumn",
    "TaskError",
    "TaskInput",
    "TaskReceipt",
    "TaskResult",
    "TaskSecret",
    "TimeoutError",
    "UnavailableError",
    "UnexpectedError",
    "UsageError",
    "Validation",
    "__version__",
    "fetch",
    "plan",
    "read",
    "run_task",
    "scan_polars",
    "validate",
]
