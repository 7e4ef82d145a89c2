"""Every failure is a penstock.Error, of the class that the table of categories names, and the natural built-in."""

import builtins
import pickle
import traceback

import pytest
from conftest import DSN, LONG, variable

import penstock
from penstock import _native

NATURAL = {
    "UsageError": ValueError,
    "RecipeError": ValueError,
    "TaskError": ValueError,
    "InvalidPath": ValueError,
    "ConfigurationError": ValueError,
    "NotFound": KeyError,
    "CapabilityNotSupported": NotImplementedError,
    "UnexpectedError": RuntimeError,
    "DataSourceError": RuntimeError,
    "LimitError": RuntimeError,
    "UnavailableError": ConnectionError,
    "TimeoutError": TimeoutError,
    "RefusedError": PermissionError,
    "OutputError": OSError,
    "LockContestedError": BlockingIOError,
    "InterruptedError": InterruptedError,
    "BrokenPipeError": BrokenPipeError,
}


def test_every_category_has_its_class():
    rows = _native.categories()
    assert len(rows) == 18
    for _, _, name in rows:
        kind = getattr(penstock, name)
        assert issubclass(kind, penstock.Error) and issubclass(kind, NATURAL[name]), name
        assert kind is not getattr(builtins, name, None)
    assert {name for _, _, name in rows} == NATURAL.keys()


def test_a_data_source_error_is_caught_by_its_document_name():
    for error_type, _, name in _native.categories():
        assert issubclass(getattr(penstock, name), penstock.DataSourceError) == (error_type == "DataSourceError"), name


@pytest.mark.parametrize("name", sorted(NATURAL))
def test_an_error_survives_pickling(name):
    error = getattr(penstock, name)("what", code="word", hint="do this", sqlstate="42P01", error_type="T", exit_code=3)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == "what"
    assert (again.message, again.code, again.hint, again.sqlstate, again.error_type, again.exit_code) == (
        "what", "word", "do this", "42P01", "T", 3)


# RS-004
def test_an_error_says_all_it_knows(monkeypatch):
    monkeypatch.delenv("PENSTOCK_NOWHERE_DSN", raising=False)
    with pytest.raises(penstock.DataSourceError) as caught:
        penstock.read("SELECT 1", dsn_env="PENSTOCK_NOWHERE_DSN")
    error = caught.value
    assert str(error) == error.message == (
        "env var PENSTOCK_NOWHERE_DSN is not set or is empty; set it to the database DSN "
        "(e.g. postgresql://user:pass@host/db)")
    assert (error.code, error.error_type, error.exit_code) == ("dsn_env_unset", "DataSourceError", 3)


def test_a_traceback_shows_the_hint(shop):
    with pytest.raises(penstock.Error) as caught:
        penstock.read("SELECT id, id FROM orders", dsn_env=DSN)
    assert caught.value.hint and f"hint: {caught.value.hint}" in "".join(traceback.format_exception(caught.value))


# FT-011
def test_a_servers_sqlstate_is_kept(server):
    with pytest.raises(penstock.DataSourceError) as caught:
        penstock.read("SELECT * FROM no_such_table_here", dsn_env=DSN)
    state = {"sqlite": "", "postgres": "42P01", "mariadb": "42S02", "mysql": "42S02"}[server]
    assert caught.value.sqlstate == state
    # Where only the text of an error is kept, this is.
    assert (f"sqlstate: {state}\n" in "".join(traceback.format_exception(caught.value))) == bool(state)


# RS-014
def test_a_time_limit_is_a_timeout(server):
    with pytest.raises(TimeoutError) as caught:
        penstock.read(LONG[server], dsn_env=DSN, statement_timeout_seconds=1).to_pyarrow()
    assert isinstance(caught.value, penstock.TimeoutError)


def test_a_database_that_is_not_there_is_a_connection_error(monkeypatch):
    monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")
    monkeypatch.setenv(DSN, "postgresql://reader@127.0.0.1:1/shop")
    with pytest.raises(ConnectionError) as caught:
        penstock.read("SELECT 1", dsn_env=DSN)
    assert isinstance(caught.value, penstock.UnavailableError)


def test_a_bad_control_variable_is_a_configuration_error(shop, monkeypatch):
    monkeypatch.setenv("PENSTOCK_MAX_SQL_ROWS", "many")
    with pytest.raises(penstock.ConfigurationError, match="PENSTOCK_MAX_SQL_ROWS"):
        penstock.read("SELECT 1 AS one", dsn_env=DSN)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"max_row": 1}, "there is no option 'max_row'"),
    ({"max_rows": 0}, "max_rows is a whole number from 1"),
    ({"max_rows": "many"}, "max_rows is a whole number, not str"),
    ({"batch_rows": 100_001}, "batch_rows is a whole number from 1 to 100000"),
    ({"connect_timeout_seconds": 61}, "connect_timeout_seconds is a number of seconds from 1 to 60"),
    ({"statement_timeout_seconds": float("nan")}, "statement_timeout_seconds is a number of seconds from 1 to 1800"),
    ({"on_lossy": "round"}, "on_lossy is one of error, null, text, clamp"),
    ({"columns": {"id": "integer"}}, "columns['id'] is no type"),
    ({"partition_on": "id"}, "partition_on needs partitions"),
    ({"allow_privileged": "yes"}, "allow_privileged is True or False, not str"),
    ({"seconds": "long"}, "seconds is a number of seconds, not str"),
    ({"numeric": 5}, "numeric is a str, not int"),
    ({"params": {"x": object()}}, "parameter 'x' is of type object; None, bool, int, float and str can be bound"),
    ({"params": {"x": 2**63}}, "parameter 'x' is past 64 bits"),
    ({"params": {"x": "\ud800"}}, "parameter 'x' is not valid Unicode"),
    ({"params": {1: 2}}, "params: a name is a str, not int"),
])
def test_a_wrong_argument_is_named(shop, arguments, message):
    with pytest.raises(penstock.UsageError) as caught:
        penstock.read("SELECT id FROM orders", dsn_env=DSN, **arguments)
    assert caught.value.message == message


WRONG_TYPES = {
    "source is a str or a path, not int": lambda: penstock.read(5),
    "source is a str or a path, not bytes": lambda: penstock.validate(b"x", dsn_env=DSN),
    "dsn_env is a str, not int": lambda: penstock.plan("SELECT 1 AS a", dsn_env=5),
    "params is a mapping, not list": lambda: penstock.read("SELECT 1 AS a", [1], dsn_env=DSN),
    "variables is a mapping, not str": lambda: penstock.read("SELECT 1 AS a", dsn_env=DSN, variables="x"),
    "variable 'X' is a str, not int": lambda: penstock.read("SELECT 1 AS a", dsn_env=DSN, variables={"X": 5}),
    "on_event is a function, not int": lambda: penstock.read("SELECT 1 AS a", dsn_env=DSN, on_event=5),
    "out is a str or a path, not int": lambda: penstock.fetch("SELECT 1 AS a", dsn_env=DSN, out=5),
    "progress is a function, not str": lambda: penstock.fetch("SELECT 1 AS a", dsn_env=DSN, out="x", progress="x"),
    "task is a str or a path, not int": lambda: penstock.run_task(5),
    "task is a mapping, not int": lambda: penstock.Task.of(5),
    "inputs is a mapping, not list": lambda: penstock.run_task(task(), [1]),
    "secrets is a function, not int": lambda: penstock.run_task(task(), secrets=5),
    "manifest is a str or a path, not int": lambda: penstock.Store(5),
    "queries is a mapping, not list": lambda: penstock.Store.of_queries(["x"], dsn_env=DSN),
    "a manifest cannot hold this: Object of type object is not JSON serializable":
        lambda: penstock.Store.of_queries({"a.csv": object()}, dsn_env=DSN),
    "folder is a str, not int": lambda: store().list_files(5),
    "max_depth is a whole number, not str": lambda: store().list_files("", max_depth="x"),
    "pattern is a str, not int": lambda: store().glob(5),
    "key is a str, not bytes": lambda: store().read_bytes(b"a.csv"),
    "path is a str, not NoneType": lambda: store().exists(None),
    "key is a str or a path, not int": lambda: penstock.scan_polars(5),
}


def task():
    return penstock.Task.of({"name": "t", "connection": {"dsn_env": DSN}, "query": "SELECT 1 AS a"})


def store():
    return penstock.Store.of_queries({"a.csv": "SELECT 1 AS a"}, dsn_env=DSN)


@pytest.mark.parametrize("message", WRONG_TYPES)
def test_an_argument_of_a_wrong_type_is_a_usage_error(shop, message):
    with pytest.raises(penstock.UsageError) as caught:
        WRONG_TYPES[message]()
    assert (caught.value.message, caught.value.code) == (message, "bad_argument")


def test_what_nobody_foresaw_is_an_unexpected_error(monkeypatch):
    monkeypatch.setenv(DSN, "postgresql://somewhere.example/db")
    with pytest.raises(penstock.UnexpectedError) as caught:
        _native.inspect_dsn(DSN, lambda host: 5)  # no list of addresses
    assert isinstance(caught.value, RuntimeError) and "please report it" in caught.value.hint


def test_what_python_raised_stays_that(monkeypatch):
    monkeypatch.setenv(DSN, "postgresql://somewhere.example/db")
    with pytest.raises(ZeroDivisionError):
        _native.inspect_dsn(DSN, lambda host: 1 // 0)


# RS-003 RS-026
def test_a_dsn_in_place_of_its_variable_is_never_repeated():
    with pytest.raises(penstock.UsageError) as caught:
        penstock.read("SELECT 1", dsn_env="postgresql://user:secret@host/db")
    assert "secret" not in str(caught.value) + caught.value.hint


# RS-026
@pytest.mark.parametrize("server, dsn", [
    ("POSTGRES", "postgresql://reader:Zq7M4RKer@127.0.0.1:{}/penstock?sslmode=disable"),
    ("POSTGRES", "postgresql://127.0.0.1:{}/penstock?user=reader&password=Zq7M4RKer&nope=1"),
    ("POSTGRES", "host=127.0.0.1 port={} password=Zq7M4RKer"),
    ("MARIADB", "mysql://reader:x%40Zq7M4RKer@127.0.0.1:{}/penstock?ssl_mode=DISABLED"),
    ("MYSQL", "mysql://reader:x%40Zq7M4RKer@127.0.0.1:{}/penstock?ssl_mode=DISABLED"),
    ("MYSQL", "mysql://reader:Zq7M4RKer@127.0.0.1:{}Zq7M4RKer/penstock")])
def test_no_failure_of_a_connection_tells_the_password(server, dsn, recipe, tmp_path, monkeypatch, caplog, capfd):
    port = variable(f"PENSTOCK_TEST_{server}_DSN").rpartition(":")[2].partition("/")[0]
    monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")
    path = recipe("SELECT :most AS n", extra="  connect_timeout_seconds: 5\n")
    monkeypatch.setenv(DSN, dsn.format(port))
    (tmp_path / "t.yaml").write_text(f"name: t\nconnection: {{dsn_env: {DSN}, connect_timeout_seconds: 5}}\nquery: SELECT 1\n")
    (tmp_path / "m.yaml").write_text(
        f"name: m\ndsn_env: {DSN}\nconnect_timeout_seconds: 5\nqueries:\n  one.csv: SELECT 1 AS one\n")
    store = penstock.Store(tmp_path / "m.yaml")
    caplog.set_level("DEBUG")
    for call in (lambda: penstock.read(path), lambda: penstock.fetch(path, tmp_path / "x.csv"), lambda: penstock.plan(path),
                 lambda: penstock.validate(path), lambda: penstock.run_task(tmp_path / "t.yaml"), store.check_health,
                 lambda: store.read_bytes("one.csv"), lambda: store.rows("one.csv").to_pyarrow()):
        with pytest.raises(penstock.Error) as caught:
            call()
        error = caught.value
        # The trace's lines are this file's, which has the password.
        told = ["".join(traceback.format_exception_only(error)), repr(error), repr(vars(error)), repr(error.__cause__),
                repr(error.__context__), str(pickle.dumps(error)), repr(store)]
        assert "Zq7M4RKer" not in "".join(told), told
    assert "Zq7M4RKer" not in caplog.text + "".join(capfd.readouterr())
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"Zq7M4RKer" in path.read_bytes()]


# RS-008
def test_a_parameter_missing_or_unused_is_a_recipe_error(shop):
    for query, params in (("SELECT :a AS a", {}), ("SELECT 1 AS a", {"a": 1})):
        with pytest.raises(penstock.RecipeError):
            penstock.read(query, params, dsn_env=DSN)
