"""`penstock validate` and `penstock plan`: everything that is known without reading a row."""

import json

from conftest import left_in


# RS-023
def test_a_sound_recipe_is_ok_and_its_database_answered(penstock, shop, recipe):
    recipe("SELECT id FROM orders WHERE id > :least AND id < :most",
           source="query_parameters: {least: 1, most: 9}", more="sink: {path: x.csv}\n")
    result = penstock("validate", "orders.yaml")
    assert result.code == 0
    assert result.out == "ok: orders.yaml: orders, sqlite, parameters least, most, SELECT 1 answered\n"
    assert result.err == ""
    assert left_in(penstock.cwd) == []


# RS-023
def test_validate_reads_no_data(penstock, shop, recipe):
    recipe("SELECT abs(-9223372036854775807 - id) AS a FROM orders")  # overflows on the first row
    assert penstock("validate", "orders.yaml").code == 0
    assert penstock("fetch", "orders.yaml").code == 3


# RS-023
def test_offline_does_not_connect(penstock, recipe):
    recipe("SELECT 1 AS a")
    dsn = {"PENSTOCK_SHOP_DSN": "sqlite:///missing.db"}
    result = penstock("validate", "orders.yaml", "--offline", env=dsn)
    assert (result.code, result.out) == (0, "ok: orders.yaml: orders, sqlite, not connected (--offline)\n")
    assert penstock("validate", "orders.yaml", env=dsn).code == 3


# RS-023
def test_offline_without_a_dsn_says_what_was_not_checked(penstock, recipe):
    recipe("SELECT 1 AS a")
    result = penstock("validate", "orders.yaml", "--offline")
    assert result.code == 0
    assert result.out == ("ok: orders.yaml: orders, the query was not scanned: its dialect is not known without "
                          "a DSN\n")
    result = penstock("validate", "orders.yaml")
    assert result.code == 3
    assert result.error["message"].startswith("orders.yaml: env var PENSTOCK_SHOP_DSN is not set or is empty")


# RS-008, RS-023
def test_validate_checks_parameters_and_expansion_offline_too(penstock, shop, recipe):
    recipe("SELECT :a AS a, :b AS b", source="query_parameters:\n  a: ${PENSTOCK_PARAM_A}")
    result = penstock("validate", "orders.yaml", "--offline")
    assert (result.code, "PENSTOCK_PARAM_A" in result.error["message"]) == (2, True)
    result = penstock("validate", "orders.yaml", "--offline", "--env-var", "PENSTOCK_PARAM_A=1")
    assert result.error["message"] == "orders.yaml:6:21: query parameter ':b' has no value"
    assert penstock("validate", "orders.yaml", "--offline", "--env-var", "PENSTOCK_PARAM_A=1", "-p", "b=1").code == 0


# RS-023, RS-024
def test_several_files_have_a_line_each_and_the_worst_exit(penstock, shop, recipe):
    recipe("SELECT 1 AS a", file="good.yaml")
    recipe("SELECT :x AS a", file="bad.yaml")
    recipe("SELECT 1 AS a", file="away.yaml", dsn_env="PENSTOCK_AWAY_DSN")
    result = penstock("validate", "away.yaml", "good.yaml", "bad.yaml")
    assert result.code == 3
    assert result.out == "ok: good.yaml: orders, sqlite, SELECT 1 answered\n"
    assert [event["message"] for event in result.events] == [
        "bad.yaml:6:12: query parameter ':x' has no value",
        "away.yaml: env var PENSTOCK_AWAY_DSN is not set or is empty; set it to the database DSN "
        "(e.g. postgresql://user:pass@host/db)"]
    assert result.error["exit_code"] == 3


# RS-023
def test_validate_as_json_has_an_object_a_file(penstock, shop, recipe):
    recipe("SELECT :x AS a", file="bad.yaml")
    recipe("SELECT :x AS a", source="query_parameters: {x: 1}", file="good.yaml")
    result = penstock("validate", "--json", "bad.yaml", "good.yaml")
    assert result.code == 2
    bad, good = [json.loads(line) for line in result.out.splitlines()]
    assert (bad["file"], bad["ok"], bad["error_type"], bad["exit_code"]) == ("bad.yaml", False, "RecipeError", 2)
    assert good == {"file": "good.yaml", "ok": True, "name": "orders", "dialect": "sqlite", "scanned": True,
                    "parameters": ["x"], "connected": True}


PLAN = """\
orders (sqlite)

Columns
  name      declared   Arrow
  id        INTEGER    int64
  customer  TEXT       string
  paid_at   TIMESTAMP  timestamp[us]
  n         -          by the first rows

Parameters
  :least  int
  :who    str

Explain
  SEARCH orders USING INTEGER PRIMARY KEY (rowid>?)

Account
  the process may write the database file; penstock opens it read-only

Routes
  file shop.db
"""


def plan_recipe(recipe):
    return recipe("SELECT id, customer, paid_at, id * 2 AS n FROM orders WHERE id > :least AND customer <> :who",
                  source="query_parameters: {least: 1, who: nobody-s3cret}")


def test_a_plan_shows_columns_parameters_explain_account_and_routes(penstock, shop, recipe):
    plan_recipe(recipe)
    env = {"PENSTOCK_SHOP_DSN": "sqlite:///shop.db"}
    result = penstock("plan", "orders.yaml", env=env)
    assert (result.code, result.out, result.err) == (0, PLAN, "")
    screen = penstock.on_terminal("plan", "orders.yaml", env=env)
    assert screen.text == PLAN
    assert "\x1b[1mColumns\x1b[0m" in screen.raw


def test_a_plan_as_json_has_the_same_and_no_value(penstock, shop, recipe):
    plan_recipe(recipe)
    result = penstock("plan", "--json", "orders.yaml", env={"PENSTOCK_SHOP_DSN": "sqlite:///shop.db"})
    assert result.json == {
        "name": "orders", "dialect": "sqlite",
        "columns": [{"name": "id", "declared": "INTEGER", "arrow": "int64"},
                    {"name": "customer", "declared": "TEXT", "arrow": "string"},
                    {"name": "paid_at", "declared": "TIMESTAMP", "arrow": "timestamp[us]"},
                    {"name": "n", "declared": "", "arrow": "by the first rows"}],
        "parameters": [{"name": "least", "type": "int"}, {"name": "who", "type": "str"}],
        "explain": ["SEARCH orders USING INTEGER PRIMARY KEY (rowid>?)"],
        "account": ["the process may write the database file; penstock opens it read-only"],
        "routes": ["file shop.db"]}
    assert "s3cret" not in result.out


def test_a_plan_reads_no_row(penstock, shop, recipe):
    recipe("SELECT abs(-9223372036854775807 - id) AS a FROM orders")
    assert penstock("plan", "orders.yaml").code == 0


def test_a_plan_of_a_query_that_cannot_be_prepared_fails_as_fetch_does(penstock, shop, recipe):
    recipe("SELECT nope FROM orders")
    plan, fetch = penstock("plan", "orders.yaml"), penstock("fetch", "orders.yaml")
    assert plan.code == fetch.code == 3
    assert plan.error["message"] == fetch.error["message"]
