"""run_task(): a query template with typed inputs, in; its rows, or its change and its counts, out."""

from __future__ import annotations

import datetime
import json
import numbers
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Union, Unpack

from penstock import _arguments, _native
from penstock._calls import OnEvent, Options, on_event_of, variables_of
from penstock._errors import TaskError, UsageError
from penstock._results import LossyColumn
from penstock._stream import Stream

Scalar = Union[
    None, bool, int, float, str, bytes, Decimal, datetime.date, datetime.datetime, datetime.timedelta
]
InputValue = Union[Scalar, Sequence[Scalar]]
Secrets = Callable[[str, str, str], "str | None"]

_EPOCH = datetime.datetime(1970, 1, 1)
_MICROSECOND = datetime.timedelta(microseconds=1)
_EXACT_IN_DOUBLE = 2**53


@dataclass(frozen=True)
class TaskInput:
    """An input that a task declares.

    Attributes:
        name: in the template, and in `inputs`.
        type: "int", "list[date]", "identifier", "choice" ...
        required: whether it must be given: it has no default.
        nullable: whether None is a value.
        choices: of a choice.
        description: for people.
    """

    name: str
    type: str
    required: bool
    nullable: bool
    choices: Sequence[str]
    description: str


@dataclass(frozen=True)
class TaskColumn:
    """A column that a task's output declares: its name, type ("int", "decimal(12,2)") and whether it may hold NULL."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True)
class TaskSecret:
    """Where a secret connection argument is kept; what is there is read when a run connects.

    Attributes:
        argument: "password", for one.
        group, key, version: as Flyte names them; version may be "".
    """

    argument: str
    group: str
    key: str
    version: str


@dataclass(frozen=True)
class StatementOutcome:
    """What one statement of a task that writes did.

    Attributes:
        statement: its first word, "UPDATE".
        rows_affected: rows changed, by the database's count; None where it keeps none.
        rows: rows given; None if it gives none.
        committed_by_server: the server committed it, and all before it, by itself (MySQL's changes of the schema).
    """

    statement: str
    rows_affected: int | None
    rows: int | None
    committed_by_server: bool


@dataclass(frozen=True)
class TaskReceipt:
    """What a run of a task did, once it has ended.

    Attributes:
        task: the task's name.
        access: "read_only" or "read_write".
        query_hash: SHA-256 of the template, hex.
        dialect, version, run_id, started, finished, seconds: as of Receipt.
        output, format, bytes, content_hash: of the file; "", "", 0 and "" without one.
        rows: of the output; None if there is none.
        arrow_bytes: of these rows as Arrow data.
        lossy: columns with at least one lossy value.
        statements: of a task that writes, in order.
    """

    task: str
    access: str
    query_hash: str
    dialect: str
    version: str
    run_id: str
    output: str
    format: str
    started: str
    finished: str
    seconds: float
    rows: int | None
    bytes: int
    arrow_bytes: int
    content_hash: str
    lossy: Sequence[LossyColumn] = ()
    statements: Sequence[StatementOutcome] = ()

    @classmethod
    def _of_json(cls, text: str) -> TaskReceipt:
        facts: dict[str, Any] = json.loads(text)
        facts["lossy"] = LossyColumn._all_of(facts["lossy"])
        facts["statements"] = [StatementOutcome(**one) for one in facts["statements"]]
        return cls(**facts)


@dataclass(frozen=True)
class TaskResult:
    """What run_task() gives.

    Attributes:
        rows: the task's rows. Of a task that reads they come as they are asked for; of one that writes they are in
            memory, and the change is committed. None if they went to a file, or there are none.
        receipt: what was done; None while a task that reads is being read.
    """

    rows: Stream | None
    receipt: TaskReceipt | None

    @property
    def statements(self) -> Sequence[StatementOutcome]:
        """Of a task that writes, in order; else empty."""
        return self.receipt.statements if self.receipt else ()

    @property
    def rows_affected(self) -> int | None:
        """Rows that all statements changed; None where the database counted for none of them."""
        counts = [one.rows_affected for one in self.statements if one.rows_affected is not None]
        return sum(counts) if counts else None


class Task:
    """A query template with typed inputs, and what its rows must be; docs/reference/task.md has every key.

    Args:
        task: the path of its file, YAML or JSON.

    Raises:
        TaskError: with the place in the file. RecipeError: it cannot be read.

    Immutable; any number of threads may run it. It holds no secret but a password that its `uri` has, which neither
    repr() nor to_json() shows.
    """

    def __init__(self, task: str | os.PathLike[str]) -> None:
        path = _arguments.path(task, "task")
        self._task = _native.parse_task(_native.read_text(path), path)

    @classmethod
    def of(cls, task: Mapping[str, Any] | str) -> Task:
        """A task without a file.

        Args:
            task: the mapping that a file would hold, or its text, YAML or JSON.

        Raises:
            TaskError: with the place in it. UsageError: it is neither.
        """
        made = cls.__new__(cls)
        text = task if isinstance(task, str) else json.dumps(
            _arguments.mapping(task, "task"), default=_json_of, ensure_ascii=False)
        made._task = _native.parse_task(text, "")
        return made

    @property
    def name(self) -> str:
        """The task's name."""
        return self._task.name

    @property
    def description(self) -> str:
        """For people."""
        return self._task.description

    @property
    def query(self) -> str:
        """The template's text."""
        return self._task.query

    @property
    def access(self) -> Literal["read_only", "read_write"]:
        """Whether it may write."""
        return "read_write" if self._task.writes else "read_only"

    @property
    def inputs(self) -> Sequence[TaskInput]:
        """What it declares, in order."""
        return [TaskInput(*one) for one in self._task.inputs()]

    @property
    def output(self) -> Sequence[TaskColumn] | None:
        """The columns that it declares; empty where whatever comes is taken; None for output: none."""
        if self._task.output_kind == "none":
            return None
        return [TaskColumn(*one) for one in self._task.columns()]

    @property
    def secrets(self) -> Sequence[TaskSecret]:
        """What its connection needs from where secrets are kept; not what a command of its own gives."""
        return [TaskSecret(*one) for one in self._task.secrets()]

    def to_json(self) -> str:
        """The task as JSON text that Task.of() reads back to the same. It has no secret: a password in `uri` is a
        TaskError."""
        return self._task.to_json()

    def __repr__(self) -> str:
        return f"<penstock.Task {self.name}: {self.access}, {len(self.inputs)} inputs>"


def _json_of(value: object) -> object:
    """A default as a file has it."""
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        micros = abs(value // _MICROSECOND)
        return f"{'-' if value < datetime.timedelta() else ''}{micros // 10**6}.{micros % 10**6:06d}"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "hex:" + bytes(value).hex()
    raise TaskError(f"a task holds no {type(value).__name__}", code="task_value")


def _refuse(name: str, value: object, why: str, hint: str = "") -> TaskError:
    return TaskError(f"input '{name}' is of type {type(value).__name__}{why}", code="task_input_type", hint=hint)


def _decimal(name: str, value: Decimal, declared: str) -> object:
    if declared in ("str", "list[str]") and value.is_finite():
        return format(value, "f")
    if declared in ("int", "list[int]") and value.is_finite() and value == value.to_integral_value():
        return int(value)
    if declared in ("float", "list[float]") and not value.is_nan() and Decimal(repr(float(value))) == value:
        return float(value)
    raise _refuse(name, value, f", and not exactly {declared}", "declare a str, and CAST it in the query")


def _microseconds(name: str, value: datetime.timedelta) -> int:
    if getattr(value, "nanoseconds", 0):
        raise _refuse(name, value, " with nanoseconds; microseconds are the finest")
    return value // _MICROSECOND


def _datetime(name: str, value: datetime.datetime) -> object:
    if value != value:  # pandas.NaT
        raise _refuse(name, value, ", which is no time", "give None")
    if getattr(value, "nanosecond", 0):
        raise _refuse(name, value, " with nanoseconds; microseconds are the finest")
    moment = value.utcoffset() is not None
    clock = value.astimezone(datetime.timezone.utc).replace(tzinfo=None) if moment else value.replace(tzinfo=None)
    return ("datetime", (clock - _EPOCH) // _MICROSECOND, moment)


def input_value(name: str, value: object, declared: str) -> object:
    """What the module takes for an input: see convert.h."""
    if value is None or isinstance(value, (bool, str, bytes)):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (list, tuple)):
        return [input_value(name, one, declared) for one in value]
    if isinstance(value, Decimal):
        return _decimal(name, value, declared)
    if isinstance(value, numbers.Integral):
        number = int(value)
        wide = declared in ("float", "list[float]") and abs(number) <= _EXACT_IN_DOUBLE
        return float(number) if wide else number
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
        return float(value)
    if isinstance(value, datetime.datetime):
        return _datetime(name, value)
    if isinstance(value, datetime.date):
        return ("date", value.toordinal() - _EPOCH.toordinal())
    if isinstance(value, datetime.timedelta):
        return ("timedelta", _microseconds(name, value))
    if type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise _refuse(name, value, f", not {declared}")


def run_task(
    task: Task | str | os.PathLike[str],
    inputs: Mapping[str, InputValue] | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    format: Literal["parquet", "csv", "jsonl", "arrow", "arrows"] | None = None,
    compression: str | None = None,
    row_group_rows: int | None = None,
    content_hash: bool = False,
    lock: bool = True,
    lock_timeout: float = 0.0,
    run_id: str = "",
    secrets: Secrets | None = None,
    variables: Mapping[str, str] | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[Options],
) -> TaskResult:
    """Runs a task.

    One that reads gives its rows as they are asked for, checked against its output as they come; with `out` they are
    written to a file, whole or not at all. One that writes has run and is committed when this returns: all of it, or on
    any error nothing, but for what MySQL and MariaDB commit by themselves.

    Args:
        task: a Task, or the path of its file.
        inputs: values by name: None, bool, int (64 bits), float, str, bytes, datetime.date, datetime (with a zone: a
            moment), timedelta, and a list or tuple of one of these, as the task declares. A Decimal goes to an int or
            float that it is exactly, or to a str as its digits; text goes to a date, datetime or timedelta as a file has it.
        out, format, compression, row_group_rows, content_hash, lock, lock_timeout, run_id: as of fetch().
        secrets: called with (group, key, version) for each secret that the connection needs, from a thread of its own;
            None of it: the places of docs/reference/task.md are asked.
        variables, on_event, **options: as of read(), but partition_on and partitions.

    Returns:
        A TaskResult.

    Raises:
        TaskError: the task, an input that is missing, unknown or of another type, rows that are not what the output
            declares.
        and what read() and fetch() raise. Never with an input's value.

    Threads, signals: as of read(). What a task that writes gives back is held in memory; with `out` it is not.
    """
    if not isinstance(task, Task):
        task = Task(task)
    if "partition_on" in options or "partitions" in options:
        raise UsageError("a task is read by one connection: it has no partition_on", code="bad_argument")
    declared = {one.name: one.type for one in task.inputs}
    # One that is not declared is refused by its name, whatever it is.
    given = {name: input_value(name, value, declared[name]) if name in declared else None
             for name, value in _arguments.mapping(inputs, "inputs").items()}
    arguments = (task._task, given, variables_of(variables), dict(options), on_event_of(on_event),
                 _arguments.function(secrets, "secrets"))
    if out is None and task.access == "read_only" and task.output is not None:
        return TaskResult(Stream(_native.open_task(*arguments)), None)
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
    receipt, rows = _native.run_task(*arguments, output)
    return TaskResult(None if rows is None else Stream(rows), TaskReceipt._of_json(receipt))
