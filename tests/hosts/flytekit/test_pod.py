"""Registered tasks, run by the command of their container: pyflyte-execute in a process of its own."""

import datetime
import os
import pathlib
import subprocess
import sys
import sysconfig

import pandas
import pyarrow.parquet
import pytest
from conftest import ORDERS, PROGRAMS, run
from flyteidl.core import errors_pb2, literals_pb2
from flytekit import StructuredDataset, kwtypes
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.models.literals import LiteralMap
from flytekit.types.schema import FlyteSchema
from test_template import template

PLUGINS = "flytekitplugins.sqlalchemy.task.SQLAlchemyTaskExecutor"
OURS = "penstock.flytekit.SQLAlchemyTaskExecutor"
ALL = "SELECT id, sku, amount, total, paid_on FROM orders ORDER BY id"
# The file of an image that lets templates of the plugin's run here.
STAND_IN = "import penstock.flytekit\n\npenstock.flytekit.install()\n"


class Pod:
    """A folder with what the platform lays before a container, and what the container leaves."""

    def __init__(self, folder, task, given=None, text=None):
        self.folder = folder
        registered = template(task)
        self.arguments = list(registered.container.args)
        (folder / "template.pb").write_bytes(text or registered.to_flyte_idl().SerializeToString())
        literals = TypeEngine.dict_to_literal_map(FlyteContextManager.current_context(), given or {},
                                                  task.python_interface.inputs)
        (folder / "inputs.pb").write_bytes(literals.to_flyte_idl().SerializeToString())

    def command(self, executor=OURS):
        places = {"{{.input}}": "inputs.pb", "{{.outputPrefix}}": "out", "{{.rawOutputDataPrefix}}": "raw",
                  "{{.taskTemplatePath}}": "template.pb"}
        words = [str(self.folder / places[word]) if word in places else word for word in self.arguments]
        assert words[0] == "pyflyte-execute"
        return [*words[:-1], executor]

    def outputs(self):
        found = LiteralMap.from_flyte_idl(literals_pb2.LiteralMap.FromString((self.folder / "out/outputs.pb").read_bytes()))
        return found.literals

    def frame(self):
        return TypeEngine.to_python_value(FlyteContextManager.current_context(), self.outputs()["results"], pandas.DataFrame)

    def error(self):
        return errors_pb2.ErrorDocument.FromString((self.folder / "out/error.pb").read_bytes()).error.message


# FT-010 FT-012
@pytest.mark.parametrize("output", [FlyteSchema, FlyteSchema[kwtypes(id=int)], StructuredDataset, pandas.DataFrame,
                                    pyarrow.Table], ids=str)
def test_a_registered_task_runs(shop, tmp_path, output):
    pod = Pod(tmp_path, shop.task(ALL, output_schema_type=output))
    ran = run(*pod.command())
    assert ran.code == 0, ran
    found = pod.frame()
    assert found["id"].tolist() == [order[0] for order in ORDERS]
    # Where the platform wants it.
    literal = pod.outputs()["results"].scalar
    assert (literal.schema or literal.structured_dataset).uri.startswith(str(tmp_path / "raw"))


# FT-006 FT-009 FT-012
def test_a_registered_change_runs_with_its_secret(database, tmp_path):
    change = database.task("UPDATE orders SET amount = {{ .inputs.amount }} WHERE paid_on = {{ .inputs.day }}",
                           inputs={"amount": int, "day": datetime.date}, output_schema_type=None)
    pod = Pod(tmp_path, change, {"amount": 77, "day": datetime.date(2026, 2, 17)})
    ran = run(*pod.command())
    assert ran.code == 0 and pod.outputs() == {}, ran
    assert not database.password or database.password not in repr(ran)
    changed = database.task("SELECT id FROM orders WHERE amount = 77").execute()
    assert changed["id"].tolist() == [ORDERS[1][0]]


# FT-004
def test_inputs_come_as_they_were_given(postgres, tmp_path):
    table = postgres.task("SELECT CAST({{ text }} AS text) AS text, CAST({{ raw }} AS bytea) AS raw, CAST({{ time }} AS timestamptz) AS time, "
                          "CAST({{ none }} AS int) AS none FROM orders WHERE amount IN ({{ amounts }}) LIMIT 1",
                          inputs={"text": str, "raw": bytes, "time": datetime.datetime, "none": int | None, "amounts": list[int]},
                          options={"max_rows": 10, "connect_timeout_seconds": 5})
    time = datetime.datetime(2026, 1, 31, 12, 30, 0, 500, datetime.timezone.utc)
    pod = Pod(tmp_path, table, {"text": "it's", "raw": b"\x00'", "time": time, "none": None, "amounts": [10, 20]})
    ran = run(*pod.command())
    assert ran.code == 0, ran
    [row] = pod.frame().to_dict("records")
    assert (row["text"], row["raw"], row["time"]) == ("it's", b"\x00'", time) and pandas.isna(row["none"])


# FT-005 FT-011
def test_a_failure_is_in_the_pods_error_without_credentials(postgres, tmp_path):
    folders = [tmp_path / name for name in ("sql", "columns")]
    for folder in folders:
        folder.mkdir()
    sql = Pod(folders[0], postgres.task("SELECT * FROM nowhere"))
    ran = run(*sql.command())
    assert not (folders[0] / "out/outputs.pb").exists()
    assert 'relation "nowhere" does not exist' in sql.error() and "42P01" in sql.error()
    columns = Pod(folders[1], postgres.task("SELECT 1 AS a", output_schema_type=FlyteSchema[kwtypes(b=int)]))
    run(*columns.command())
    assert "TaskError" in columns.error() and "column 'b' of the output" in columns.error()
    assert postgres.password not in sql.error() + columns.error() + repr(ran)


def test_a_pod_that_did_not_opt_in_is_refused(postgres, tmp_path, monkeypatch):
    pod = Pod(tmp_path, postgres.task(ALL))
    monkeypatch.delenv("PENSTOCK_SQL_ALLOW_PRIVATE")
    run(*pod.command())
    assert "RefusedError" in pod.error()


# ---- templates of the plugin's ----

PLUGINS_TEMPLATE = """
import pathlib
import sys
from collections import OrderedDict
from flytekit import kwtypes
from flytekit.tools.translator import get_serializable
from flytekitplugins.sqlalchemy import SQLAlchemyConfig, SQLAlchemyTask

task = SQLAlchemyTask("t", "SELECT id, sku, amount, total, paid_on FROM orders WHERE amount < {{ .inputs.most }} ORDER BY id",
                      SQLAlchemyConfig(sys.argv[1], {"timeout": 5}), inputs=kwtypes(most=int))
spec = get_serializable(OrderedDict(), task.SERIALIZE_SETTINGS, task)
pathlib.Path(sys.argv[2]).write_bytes(spec.template.to_flyte_idl().SerializeToString())
"""


def below(shop):
    """The same task, of this module."""
    return shop.task(ALL.replace("orders", "orders WHERE amount < {{ .inputs.most }}"), inputs={"most": int})


# FT-010 FT-012
@pytest.mark.plugin
def test_a_template_of_the_plugins_runs_where_this_stands_in_its_place(shop, tmp_path):
    ran = run("python", "-c", PLUGINS_TEMPLATE, shop.uri, tmp_path / "plugins.pb")
    assert ran.code == 0, ran
    pod = Pod(tmp_path, below(shop), {"most": 30}, text=(tmp_path / "plugins.pb").read_bytes())
    package = tmp_path / "image/flytekitplugins/sqlalchemy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(STAND_IN)
    # Without `site`: in an image of one's own the plugin is not there, but here it is.
    start = "import sys; from flytekit.bin.entrypoint import execute_task_cmd; sys.exit(execute_task_cmd())"
    ran = run("python", "-S", "-c", start, *pod.command(PLUGINS)[1:],
              env={"PYTHONPATH": f"{tmp_path / 'image'}{os.pathsep}{sysconfig.get_path('purelib')}"})
    assert ran.code == 0, ran
    found = pod.frame()
    assert found["id"].tolist() == [order[0] for order in ORDERS[:3]]
    assert str(found["paid_on"][0]) == "2026-01-17" and type(found["paid_on"][0]) is datetime.date  # SQLAlchemy gives a text


# FT-010 FT-012
@pytest.mark.plugin
def test_a_template_of_this_module_runs_in_the_plugin(shop, tmp_path):
    pod = Pod(tmp_path, below(shop), {"most": 30})
    ran = run(*pod.command(PLUGINS))
    assert ran.code == 0, ran
    found = pod.frame()
    assert found["id"].tolist() == [order[0] for order in ORDERS[:3]] and found["paid_on"][0] == "2026-01-17"


# ---- large ones ----

ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) " \
       "SELECT i, 'a text of some length, which no two rows have in common: ' || i AS text FROM n"


def peak_bytes(pod):
    """Of the container's process."""
    child = subprocess.Popen([PROGRAMS / pod.command()[0], *pod.command()[1:]], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, env={**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"})
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


# FT-013
@pytest.mark.measures
def test_memory_does_not_grow_with_the_rows(shop, tmp_path):
    peaks = []
    for rows in (1_500_000, 4_500_000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        pod = Pod(folder, shop.task(ROWS.format(rows=rows), output_schema_type=pandas.DataFrame))
        peaks.append(peak_bytes(pod))
        uri = pod.outputs()["results"].scalar.structured_dataset.uri
        assert sum(pyarrow.parquet.ParquetFile(path).metadata.num_rows for path in pathlib.Path(uri).iterdir()) == rows
    # The table alone would be 3 million times some 75 bytes more.
    assert peaks[1] - peaks[0] < 64 * 2**20, peaks
