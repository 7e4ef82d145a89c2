"""penstock.recotem in the place of recotem.datasource.sql, and beside it."""

import pytest
from conftest import DSN, run

KNOWN = "from recotem.datasource.registry import get_source_class, get_source_types\n"


def script(text):
    """The words of the last line that it prints; what is logged before any program has set that up comes first."""
    ran = run("python", "-c", text)
    assert ran.code == 0, ran
    return ran.out.splitlines()[-1].split()


# RS-029
def test_the_plug_in_is_found_beside_the_hosts_own():
    assert script(KNOWN + "print(*(get_source_class(name).__module__ for name in ('sql', 'penstock', 'csv')))") == [
        "recotem.datasource.sql", "penstock.recotem", "recotem.datasource.csv"]


# RS-029
@pytest.mark.parametrize("before", ["", KNOWN + "get_source_types()\n", "import recotem.datasource.sql, recotem.cli\n"])
def test_install_takes_the_place_of_the_hosts_own(before):
    assert script(before + "import penstock.recotem\npenstock.recotem.install()\npenstock.recotem.install()\n" + KNOWN + """
import recotem.datasource.sql as module
from recotem.datasource import sql
from recotem.datasource.sql import SQLConfig, SQLSource, get_max_sql_rows, assert_host_public, sql_allow_private
assert module is sql is penstock.recotem
assert get_source_class("sql") is SQLSource and SQLSource.Config is SQLConfig and SQLSource.type_name == "sql"
print(get_source_class("sql").__module__, get_source_class("penstock").__name__)
""") == ["penstock.recotem", "PenstockSource"]


# RS-029
def test_what_else_the_host_looks_for_there_is_its_own(recipe):
    """Its check of training.storage_path reads the module's tables of drivers."""
    path = recipe("sql")
    path.write_text(path.read_text().replace("  n_trials: 1\n", "  n_trials: 1\n  storage_path: postgres://u@h/db\n"))
    ran = run("python", "-m", "penstock.recotem", "validate", path, env={DSN: "sqlite://"})
    assert ran.code == 8 and "'postgres', which SQLAlchemy 2.x removed" in ran.err, ran


# RS-029
def test_both_types_are_in_the_schema_of_recipes():
    ran = run("recotem", "schema")
    assert ran.code == 0 and '"PenstockConfig"' in ran.out and '"SQLConfig"' in ran.out, ran


# RS-024
@pytest.mark.parametrize("type, query, source, code, message", [
    ("penstock", "SELECT user_id FROM purchases", "", 2, "column 'item_id' not found in query result"),
    ("sql", "SELECT user_id FROM purchases", "", 2, "column 'item_id' not found in query result"),
    ("sql", "SELECT :p AS p", "  query_parameters: {p: '${RECOTEM_RECIPE_UNSET}'}\n", 2,
     "query parameter 'p': environment variable RECOTEM_RECIPE_UNSET is not set"),
    ("sql", "SELECT :since AS s", "", 3, "query parameter ':since' has no value"),
    ("sql", "SELECT * FROM nowhere", "", 3, "query failed on dialect 'sqlite': DataSourceError (query_failed)"),
    ("sql", "SELECT user_id, item_id, bought_at FROM purchases WHERE 1 = 0", "", 3, "source 'sql' returned no rows for recipe"),
])
def test_a_failure_has_the_documents_exit_code(recipe, shops, type, query, source, code, message):
    way = ("recotem",) if type == "penstock" else ("python", "-m", "penstock.recotem")
    path = recipe(type, query=query, source=source)
    trained = run(*way, "train", path, env={DSN: shops["sqlite"]})
    assert trained.code == code and message in trained.err, trained
    validated = run(*way, "validate", path, env={DSN: shops["sqlite"]})
    assert validated.code == (0 if "1 = 0" in query else code), validated
