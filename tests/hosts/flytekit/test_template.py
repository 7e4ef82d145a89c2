"""What a task's template holds, and what it never holds."""

import datetime
import enum
import json
from collections import OrderedDict
from typing import Annotated, Literal, Optional

import pyarrow
import pytest
from conftest import PASSWORD, run
from flytekit import StructuredDataset, kwtypes
from flytekit.configuration import Image, ImageConfig, SerializationSettings
from flytekit.models.security import Secret
from flytekit.tools.translator import get_serializable
from flytekit.types.schema import FlyteSchema

import penstock
from penstock.flytekit import SQLAlchemyConfig, SQLAlchemyDefaultImages, SQLAlchemyTask, SQLAlchemyTaskExecutor

IMAGE = Image(name="default", fqn="shop/tasks", tag="1")
SETTINGS = SerializationSettings(project="p", domain="d", version="v", env=None,
                                 image_config=ImageConfig(default_image=IMAGE, images=[IMAGE]))
URI = "postgresql://app@db.example:5432/shop"


def template(task):
    """As it is registered, read back from its file."""
    spec = get_serializable(OrderedDict(), SETTINGS, task)
    return type(spec.template).from_flyte_idl(type(spec.template.to_flyte_idl()).FromString(
        spec.template.to_flyte_idl().SerializeToString()))


def made(query="SELECT 1 AS a", uri=URI, connect_args=None, secrets=None, **more):
    return SQLAlchemyTask("shop.sales", query, SQLAlchemyConfig(uri, connect_args, secrets), **more)


# FT-012
@pytest.mark.plugin
def test_a_template_has_all_that_the_plugins_has(tmp_path):
    """The plugin itself, in a process of its own, is asked."""
    ran = run("python", "-c", """
import json
from flytekit.models.security import Secret
from flytekitplugins.sqlalchemy import SQLAlchemyConfig, SQLAlchemyTask
from flytekitplugins.sqlalchemy.task import SQLAlchemyTaskExecutor
assert SQLAlchemyTaskExecutor.__module__ == "flytekitplugins.sqlalchemy.task"
task = SQLAlchemyTask("shop.sales", "SELECT 1 AS a", SQLAlchemyConfig("postgresql://app@db.example:5432/shop",
    {"connect_timeout": 5}, {"password": Secret(group="shop", key="db-password")}))
print(json.dumps([task.get_custom(None), task.task_type, task.get_command(task.SERIALIZE_SETTINGS)]))
""")
    assert ran.code == 0, ran
    custom, kind, command = json.loads(ran.out.splitlines()[-1])
    ours = made(connect_args={"connect_timeout": 5}, secrets={"password": PASSWORD})
    assert {**ours.get_custom(SETTINGS), **custom} == ours.get_custom(SETTINGS)
    assert ours.get_custom(SETTINGS).keys() - custom.keys() == {"penstock"}
    assert ours.task_type == kind
    assert ours.get_command(SETTINGS)[:-1] == command[:-1]
    assert ours.get_command(SETTINGS)[-1] == "penstock.flytekit.SQLAlchemyTaskExecutor"


# FT-009 FT-010
def test_secrets_are_asked_for_and_never_in_the_template(monkeypatch):
    monkeypatch.setenv("_FSEC_SHOP_DB-PASSWORD", "hunter2")
    other = Secret(group="shop", key="other", mount_requirement=Secret.MountType.ENV_VAR)
    mounted = Secret(group="shop", key="db-password", mount_requirement=Secret.MountType.FILE)
    task = made(secrets={"password": PASSWORD, "sslpassword": other}, secret_requests=[mounted])
    registered = template(task)
    # What the author asks for himself goes before.
    assert {(one.key, one.mount_requirement) for one in registered.security_context.secrets} == {
        ("db-password", Secret.MountType.FILE), ("other", Secret.MountType.ENV_VAR)}
    assert registered.custom["secret_connect_args"]["password"] == {
        "group": "shop", "key": "db-password", "group_version": None, "mount_requirement": 0}
    assert "hunter2" not in str(registered)


# FT-009
@pytest.mark.parametrize("config", [
    SQLAlchemyConfig("postgresql+psycopg2://app:hunter2@db.example:5432/shop"),
    SQLAlchemyConfig("mysql://db.example/shop?user=app&password=hunter2"),
    SQLAlchemyConfig("mysql+pymysql://db.example/shop", connect_args={"passwd": "hunter2"}),
])
def test_a_password_is_not_registered(config):
    task = SQLAlchemyTask("shop.sales", "SELECT 1 AS a", config)
    with pytest.raises(penstock.TaskError) as caught:
        template(task)
    assert caught.value.code == "task_password" and "secret_connect_args" in caught.value.hint
    assert "hunter2" not in str(caught.value) + caught.value.hint


# FT-014
@pytest.mark.plugin
def test_the_default_image_is_the_plugins(monkeypatch):
    ours = SQLAlchemyDefaultImages.default_image()
    assert made().container_image == ours and "-sqlalchemy-" in ours
    known = {version: SQLAlchemyDefaultImages.find_image_for(version, "v9.8.7")
             for version in SQLAlchemyDefaultImages._DEFAULT_IMAGE_PREFIXES}
    assert len(set(known.values())) == len(known) >= 5 and all(image.endswith("9.8.7") for image in known.values())
    ran = run("python", "-c", """
from flytekitplugins.sqlalchemy.task import SQLAlchemyDefaultImages as images
print(images.default_image(), *(images.find_image_for(version) for version in images._DEFAULT_IMAGE_PREFIXES))
""")
    assert ran.code == 0, ran
    assert ran.out.split() == [ours, *(SQLAlchemyDefaultImages.find_image_for(version) for version in known)]
    monkeypatch.setenv("FLYTE_INTERNAL_IMAGE", "shop/tasks:2")
    assert made().container_image == "shop/tasks:2"  # at run time, not when the module was imported


# FT-014
def test_a_python_without_an_image_has_that_of_the_newest(monkeypatch):
    newest = max(SQLAlchemyDefaultImages._DEFAULT_IMAGE_PREFIXES, key=lambda version: version.value)
    monkeypatch.setattr("sys.version_info", (3, 99, 0))
    assert made().container_image == SQLAlchemyDefaultImages.find_image_for(newest)


# FT-014
def test_an_image_of_ones_own():
    assert template(made(container_image="shop/tasks:1")).container.image == "shop/tasks:1"
    assert template(made(container_image="{{.image.default.fqn}}:{{.image.default.version}}")).container.image == "shop/tasks:1"


# FT-001 FT-002
def test_the_query_stays_as_it_is_written():
    text = "SELECT 'two  blanks' AS a -- a comment\nFROM sales"
    assert template(made(f"\n  {text}\n")).custom["query_template"] == text


class Direction(enum.Enum):
    UP = "ASC"
    DOWN = "DESC"


# FT-004
@pytest.mark.parametrize("kind, declared", [
    (int, {"type": "int"}), (float, {"type": "float"}), (str, {"type": "str"}), (bool, {"type": "bool"}),
    (datetime.datetime, {"type": "datetime"}), (datetime.date, {"type": "date"}), (datetime.timedelta, {"type": "timedelta"}),
    (bytes, {"type": "bytes"}), (list[int], {"type": "list[int]"}), (list[datetime.date], {"type": "list[date]"}),
    (Optional[int], {"type": "int", "nullable": True}), (Optional[list[str]], {"type": "list[str]", "nullable": True}),
    (Optional[datetime.date], {"type": "date", "nullable": True}), (type(None), {"type": "none"}),
    (Direction, {"choice": ["ASC", "DESC"]}), (Literal["a", "b"], {"choice": ["a", "b"]}), (list[Direction], {"type": "list[str]"}),
])
def test_an_input_has_its_authors_type_in_a_template(kind, declared):
    from penstock.flytekit import _input

    registered = template(made("SELECT {{ .inputs.x }} AS a", inputs=kwtypes(x=kind)))
    assert _input("x", registered.interface.inputs["x"].type, "x" in registered.custom["penstock"]["dates"]) == declared


# FT-004
@pytest.mark.parametrize("kind", [dict, StructuredDataset, FlyteSchema, list[list[int]], int | str])
def test_an_input_that_cannot_be_bound_is_refused_by_name(kind):
    with pytest.raises(penstock.TaskError, match="input 'x' is of a type that cannot be bound"):
        template(made("SELECT {{ .inputs.x }} AS a", inputs=kwtypes(x=kind)))


# FT-005
def test_output_columns_are_the_declared_ones():
    schema = pyarrow.schema([pyarrow.field("a", pyarrow.int32(), nullable=False), ("b", pyarrow.decimal128(12, 2)),
                             ("c", pyarrow.list_(pyarrow.int8()))])
    for output, columns in [(FlyteSchema, None), (None, None), (FlyteSchema[kwtypes(a=int, b=str)], ["a", "b"]),
                            (StructuredDataset, None), (Annotated[StructuredDataset, kwtypes(a=int)], ["a"])]:
        assert made(output_schema_type=output).output_columns == columns
    # Of an Arrow schema a template of the plugin's has but a text.
    assert template(made(output_schema_type=Annotated[pyarrow.Table, schema])).custom["penstock"]["output"] == [
        {"name": "a", "type": "int32", "nullable": False}, {"name": "b", "type": "decimal(12,2)", "nullable": True}]


# FT-012
def test_one_without_an_output_writes_and_one_with_reads():
    def access(**more):
        return made(**more).get_custom(SETTINGS)["penstock"]["access"]

    assert [access(), access(output_schema_type=None), access(access="read_write")] == ["read_only", "read_write", "read_write"]


def test_the_executor_is_found_by_its_name():
    from flytekit.tools.module_loader import load_object_from_module

    assert load_object_from_module("penstock.flytekit.SQLAlchemyTaskExecutor") is SQLAlchemyTaskExecutor
