"""Penstock in the place of `flytekitplugins.sqlalchemy`: SQL tasks that flytekit itself runs.

    from flytekit import kwtypes
    from flytekit.types.schema import FlyteSchema
    from penstock.flytekit import SQLAlchemyConfig, SQLAlchemyTask

    sales = SQLAlchemyTask(
        name="sales",
        query_template="SELECT sku, amount FROM sales WHERE day >= {{ .inputs.since }}",
        inputs=kwtypes(since=datetime.date),
        output_schema_type=FlyteSchema[kwtypes(sku=str, amount=int)],
        task_config=SQLAlchemyConfig(uri="postgresql://app@db.example:5432/shop"),
    )

The classes are the plugin's, and so are the templates that they make: either runs the other's. A query runs by
penstock.run_task(): inputs are bound values, a task without an output is one transaction, rows go to their file as they
come. The guard binds it: only the environment (PENSTOCK_SQL_ALLOW_PRIVATE) opts in to private hosts.
"""

from __future__ import annotations

import datetime
import enum
import os
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import flytekit
from flytekit import FlyteContext, FlyteContextManager, StructuredDataset, kwtypes
from flytekit.configuration import SerializationSettings
from flytekit.configuration.default_images import DefaultImages, PythonVersion
from flytekit.core.base_sql_task import SQLTask
from flytekit.core.python_customized_container_task import PythonCustomizedContainerTask
from flytekit.core.shim_task import ShimTaskExecutor
from flytekit.core.type_engine import TypeEngine
from flytekit.models.interface import TypedInterface
from flytekit.models.security import Secret
from flytekit.models.task import TaskTemplate
from flytekit.models.types import LiteralType, SchemaType, SimpleType
from flytekit.types.schema import FlyteSchema

import penstock

__all__ = ["SQLAlchemyConfig", "SQLAlchemyDefaultImages", "SQLAlchemyTask", "SQLAlchemyTaskExecutor", "install"]

Access = Literal["read_only", "read_write"]

_PLUGIN = "flytekitplugins.sqlalchemy"
# A number without a precision is a double, as pandas.read_sql_query has it. The engine's longest time for a statement,
# since a task has a timeout of its own.
_OPTIONS: dict[str, Any] = {"numeric": "float64", "statement_timeout_seconds": 1800}
_SIMPLE = {
    SimpleType.INTEGER: "int",
    SimpleType.FLOAT: "float",
    SimpleType.STRING: "str",
    SimpleType.BOOLEAN: "bool",
    SimpleType.DATETIME: "datetime",
    SimpleType.DURATION: "timedelta",
    SimpleType.NONE: "none",
}
_COLUMN = SchemaType.SchemaColumn.SchemaColumnType
_COLUMNS = {
    _COLUMN.INTEGER: "int",
    _COLUMN.FLOAT: "float",
    _COLUMN.STRING: "str",
    _COLUMN.BOOLEAN: "bool",
    _COLUMN.DATETIME: "datetime",
    _COLUMN.DURATION: "timedelta",
}
# Of an Arrow schema, as a task's output names them; what is not here goes unchecked.
_ARROW = {
    "float": "float32",
    "double": "float64",
    "string": "text",
    "large_string": "text",
    "binary": "binary",
    "large_binary": "binary",
    "date32[day]": "date",
    "time64[us]": "time",
    "timestamp[us]": "timestamp",
    "timestamp[us, tz=UTC]": "timestamptz",
    "duration[us]": "timedelta",
    **{name: name for name in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")},
}
# A format of the host's -> the file in a data set's folder where its readers look.
_FILES = {"": "00000", "parquet": "00000", "csv": ".csv"}


# ---- what an author writes ----


class SQLAlchemyDefaultImages(DefaultImages):  # type: ignore[misc]
    """The plugin's images, as flytekit names them for its own version. Penstock is in none of them: give a task a
    `container_image` that has it."""

    _DEFAULT_IMAGE_PREFIXES = {
        version: f"{prefix}sqlalchemy-" for version, prefix in DefaultImages._DEFAULT_IMAGE_PREFIXES.items()
    }

    @classmethod
    def find_image_for(cls, python_version: PythonVersion | None = None, flytekit_version: str | None = None) -> str:
        """As flytekit's. On a Python that it has no image for, that of the newest which it has: a template runs on any."""
        known = cls._DEFAULT_IMAGE_PREFIXES
        if python_version is None and sys.version_info[:2] not in [version.value for version in known]:
            python_version = max(known, key=lambda version: version.value)
        return str(super().find_image_for(python_version, flytekit_version))


@dataclass
class SQLAlchemyConfig:
    """Where a task connects to.

    Attributes:
        uri: of the database, as SQLAlchemy writes it; a driver behind `+` is read over. No password: secret_connect_args.
        connect_args: arguments besides, such as {"connect_timeout": 5}; they win over the URI.
        secret_connect_args: argument -> where its secret is kept, {"password": Secret(group="shop", key="db-password")}.
            It is read when the task connects, by flytekit's own rules, and asked for in the task's secret_requests.
    """

    uri: str
    connect_args: dict[str, Any] | None = None
    secret_connect_args: dict[str, Secret] | None = None

    @staticmethod
    def _secret_to_dict(secret: Secret) -> dict[str, str | None]:
        return {
            "group": secret.group,
            "key": secret.key,
            "group_version": secret.group_version,
            "mount_requirement": secret.mount_requirement.value,
        }

    def secret_connect_args_to_dicts(self) -> dict[str, dict[str, str | None]] | None:
        """As a template has them: where the secrets are kept."""
        if self.secret_connect_args is None:
            return None
        return {argument: self._secret_to_dict(secret) for argument, secret in self.secret_connect_args.items()}


class SQLAlchemyTask(PythonCustomizedContainerTask[SQLAlchemyConfig], SQLTask[SQLAlchemyConfig]):  # type: ignore[misc]
    """A query, or a change, as a task of Flyte.

    Args:
        name: of the task.
        query_template: SQL with `{{ .inputs.NAME }}` where an input's value goes; docs/reference/task.md says how.
        task_config: where it connects to.
        inputs: name -> type: int, float, str, bool, datetime.datetime, date, timedelta, bytes, lists and Optional of
            these; an Enum or a Literal of texts also where only a name or a keyword can stand.
        output_schema_type: FlyteSchema, StructuredDataset, pandas.DataFrame or pyarrow.Table, with or without columns;
            None for a task that gives no rows.
        container_image: with Penstock in it; default SQLAlchemyDefaultImages.default_image().
        access: "read_write" for a change that gives rows (RETURNING); default "read_only" with an output, "read_write"
            without.
        options: penstock.Options of the run, such as {"max_rows": 10**6}.
        **kwargs: of flytekit's container tasks: environment, requests, limits, metadata, secret_requests.

    Raises:
        penstock.TaskError: when it is serialised, also for a local run: an input of a type that cannot be bound; when it
            is registered: a password in `uri` or `connect_args`, which would be in the template for all to read.
        and when it runs, what penstock.run_task() raises; a secret that is not there is flytekit's ValueError.
    """

    _SQLALCHEMY_TASK_TYPE = "sqlalchemy"

    def __init__(
        self,
        name: str,
        query_template: str,
        task_config: SQLAlchemyConfig,
        inputs: dict[str, type] | None = None,
        output_schema_type: Any = FlyteSchema,
        container_image: Any = None,
        *,
        access: Access | None = None,
        options: penstock.Options | None = None,
        secret_requests: list[Secret] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            name=name,
            task_config=task_config,
            executor_type=SQLAlchemyTaskExecutor,
            task_type=self._SQLALCHEMY_TASK_TYPE,
            query_template=query_template,
            container_image=container_image or SQLAlchemyDefaultImages.default_image(),
            inputs=inputs,
            outputs=kwtypes(results=output_schema_type) if output_schema_type else None,
            secret_requests=_requests(secret_requests or [], task_config.secret_connect_args or {}),
            **kwargs,
        )
        # flytekit makes one line of it, where a comment swallows what follows and a text loses its blanks.
        self._query_template = query_template.strip()
        self._access: Access = access or ("read_only" if output_schema_type else "read_write")
        self._options = dict(options or {})

    @property
    def output_columns(self) -> list[str] | None:
        """Names of the columns that the output declares; None where it declares none."""
        outputs = self.interface.outputs
        return [column.name for column in _columns_of(outputs["results"].type)] or None if outputs else None

    def get_custom(self, settings: SerializationSettings) -> dict[str, Any]:
        """What the plugin's template has, and under "penstock" what only this module's executor reads."""
        custom = {
            "query_template": self.query_template,
            "uri": self.task_config.uri,
            "connect_args": self.task_config.connect_args or {},
            "secret_connect_args": self.task_config.secret_connect_args_to_dicts(),
            "penstock": {
                "access": self._access,
                "dates": [name for name, kind in self.python_interface.inputs.items() if _has_dates(kind)],
                "output": _arrow_columns(self.python_interface.outputs.get("results")),
                "options": self._options,
            },
        }
        task = _task(self.name, custom, self.interface, self.interface.inputs, checked=True)
        if settings is not self.SERIALIZE_SETTINGS:  # those of a run in this process
            task.to_json()  # has no secret, or is a TaskError
        return custom


def _requests(asked: Sequence[Secret], needed: Mapping[str, Secret]) -> list[Secret] | None:
    def place(secret: Secret) -> tuple[str | None, ...]:
        return secret.group, secret.key, secret.group_version

    found = {place(secret): secret for secret in needed.values()}
    found.update({place(secret): secret for secret in asked})
    return list(found.values()) or None


def _has_dates(kind: Any) -> bool:
    """Whether values of a type are dates, which a template does not tell from moments."""
    return kind is datetime.date or any(_has_dates(part) for part in typing.get_args(kind))


def _arrow_columns(kind: Any) -> list[dict[str, Any]]:
    """The columns of an Arrow schema that a type is annotated with; of it a template has but a text for people."""
    columns = []
    for part in typing.get_args(kind)[1:] if typing.get_origin(kind) is typing.Annotated else ():
        if type(part).__module__.partition(".")[0] != "pyarrow":
            continue
        for field in part:
            name = re.sub(r"decimal\d+\((\d+), (\d+)\)", r"decimal(\1,\2)", str(field.type))
            if name.startswith("decimal(") or name in _ARROW:
                columns.append({"name": field.name, "type": _ARROW.get(name, name), "nullable": field.nullable})
    return columns


# ---- what runs it ----


class SQLAlchemyTaskExecutor(ShimTaskExecutor[SQLAlchemyTask]):  # type: ignore[misc]
    """Runs a template, this module's or the plugin's: in a pod, or in the author's own process."""

    def execute_from_model(self, tt: TaskTemplate, **kwargs: Any) -> Any:
        """Runs it with inputs by name.

        In an execution of Flyte the rows are in a file, checked against the output's columns, written as they come:
        what is returned is a FlyteSchema or a StructuredDataset. Called by hand, outside of any, it gives all rows as
        they come, as a pandas DataFrame. None without an output.
        """
        context = FlyteContextManager.current_context()
        by_hand = context.execution_state is None or context.execution_state.mode is None
        task = _task(tt.id.name, tt.custom, tt.interface, kwargs, checked=not by_hand)
        found = _secrets(tt.custom)
        native = tt.custom.get("penstock") or {}
        inputs = {name: _value(value, name in native.get("dates", ())) for name, value in kwargs.items()}
        # A template that was read from its file has no integers.
        options = {name: _whole(value) for name, value in (native.get("options") or {}).items()}

        def run(**more: Any) -> penstock.TaskResult:
            return penstock.run_task(
                task, inputs, secrets=lambda _, key, __: found[key], **{**_OPTIONS, **more, **options}
            )

        if not tt.interface.outputs:
            run()
            return None
        if not by_hand:
            [output] = tt.interface.outputs.values()
            return _file(run, output.type, context)
        rows = run(duplicates="keep").rows
        return None if rows is None else rows.to_pandas(types_mapper=None)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _file(run: Callable[..., penstock.TaskResult], kind: LiteralType, context: FlyteContext) -> Any:
    """The rows in a file of a folder that flytekit uploads."""
    asked = "" if kind.schema is not None else kind.structured_dataset_type.format
    if asked not in _FILES:
        raise penstock.TaskError(f"an output is parquet or csv, not '{asked}'", code="task_output_type")
    folder = context.file_access.get_random_local_directory()
    form = asked or "parquet"
    # flytekit reads no Parquet file with two columns of one name, which the plugin fails on, too.
    run(out=os.path.join(folder, _FILES[asked]), format=form, lock=False, duplicates="keep" if form == "csv" else "error")
    if kind.schema is not None:
        import pandas  # noqa: F401  flytekit knows its readers of a schema once this is there

        return TypeEngine.guess_python_type(kind)(local_path=folder)
    return StructuredDataset(uri=folder, file_format=form)


def _secrets(custom: Mapping[str, Any]) -> dict[str, str]:
    """Argument -> secret, from where flytekit finds it."""
    manager = flytekit.current_context().secrets

    def get(place: Mapping[str, Any]) -> str:
        group, key, version = (place.get(part) for part in ("group", "key", "group_version"))
        if version:
            try:
                return str(manager.get(group=group, key=key, group_version=version))
            except ValueError:
                pass  # without it, as the plugin asks
        return str(manager.get(group=group, key=key))

    return {argument: get(place) for argument, place in (custom.get("secret_connect_args") or {}).items()}


# ---- a template as a task ----


def _task(
    name: str, custom: Mapping[str, Any], interface: TypedInterface, inputs: Mapping[str, Any], *, checked: bool
) -> penstock.Task:
    """The task with the inputs that are given; `checked`: with the columns that its output declares."""
    native = custom.get("penstock") or {}
    task: dict[str, Any] = {
        "name": re.sub(r"[^A-Za-z0-9_-]", "_", name)[-64:],
        "connection": {
            "uri": custom["uri"],
            "connect_args": custom.get("connect_args") or {},
            # Found by the argument's name: a place of Flyte's may be more than a task can write.
            "secret_connect_args": {one: {"key": one} for one in custom.get("secret_connect_args") or {}},
        },
        "access": native.get("access") or ("read_only" if interface.outputs else "read_write"),
        # One that is not declared is refused by its name when it runs.
        "inputs": {one: _input(one, kind.type, one in native.get("dates", ()))
                   for one, kind in interface.inputs.items() if one in inputs},
        "query": custom["query_template"],
    }
    if not interface.outputs:
        task["output"] = "none"
    elif checked:
        columns = _columns(native.get("output"), interface.outputs["results"].type)
        task.update({"output": columns, "extra_columns": "keep"} if columns else {})
    return penstock.Task.of(task)


def _columns_of(kind: LiteralType) -> Sequence[Any]:
    columns: Sequence[Any] = (kind.schema or kind.structured_dataset_type).columns
    return columns


def _columns(arrow: Sequence[Mapping[str, Any]] | None, kind: LiteralType) -> dict[str, Any]:
    """Columns that an output declares, as a task has them. Lists and maps go unchecked."""
    if arrow:
        return {column["name"]: {"type": column["type"], "nullable": column["nullable"]} for column in arrow}
    if kind.schema is not None:
        return {column.name: _COLUMNS[column.type] for column in kind.schema.columns}
    words = {column.name: _SIMPLE.get(column.literal_type.simple) for column in kind.structured_dataset_type.columns}
    return {name: word for name, word in words.items() if word}


def _input(name: str, kind: LiteralType, dates: bool) -> dict[str, Any]:
    """An input as a task declares it."""
    if kind.union_type is not None:
        some = [one for one in kind.union_type.variants if one.simple != SimpleType.NONE]
        if len(some) == 1:
            return {**_input(name, some[0], dates), "nullable": True}
    if kind.collection_type is not None and kind.collection_type.collection_type is None:
        word = _input(name, kind.collection_type, dates).get("type", "str")
        return {"type": f"list[{word}]"}
    if kind.enum_type is not None:
        return {"choice": list(kind.enum_type.values)}
    if kind.simple == SimpleType.STRING and kind.annotation is not None:
        choices = kind.annotation.annotations.get("literal_values")
        if choices:
            return {"choice": list(choices)}
    if kind.simple in _SIMPLE:
        return {"type": "date" if dates else _SIMPLE[kind.simple]}
    if (kind.metadata or {}).get("python_class_name") == str(bytes):
        return {"type": "bytes"}
    raise penstock.TaskError(
        f"input '{name}' is of a type that cannot be bound",
        code="task_input_type",
        hint="int, float, str, bool, datetime, date, timedelta, bytes, an Enum, or a list of one of these",
    )


def _value(value: Any, dates: bool) -> Any:
    if isinstance(value, (list, tuple)):
        return [_value(one, dates) for one in value]
    if isinstance(value, enum.Enum):
        return value.value
    return value.date() if dates and isinstance(value, datetime.datetime) else value


# ---- in the plugin's place ----


def install() -> None:
    """From now on `flytekitplugins.sqlalchemy` is this module, for whatever imports it in this process; tasks that are
    made have the plugin's own executor in their command. Call it before anything imports the plugin; it may be called
    again. In an image a file flytekitplugins/sqlalchemy/__init__.py that calls it makes templates that were registered
    with the plugin run here."""
    here = sys.modules[__name__]
    try:
        import flytekitplugins as parent
    except ImportError:
        parent = types.ModuleType("flytekitplugins")
        parent.__path__ = []
        sys.modules[parent.__name__] = parent
    parent.sqlalchemy = here
    here.task = here  # type: ignore[attr-defined]
    sys.modules[_PLUGIN] = sys.modules[f"{_PLUGIN}.task"] = here
    SQLAlchemyTaskExecutor.__module__ = f"{_PLUGIN}.task"
