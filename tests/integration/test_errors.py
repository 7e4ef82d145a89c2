"""What a failure says, and the exit code it ends with."""

import re
import sqlite3

import pytest

from conftest import left_in


def fails(result, code, error_type, message, hint=None):
    assert result.code == code, result
    error = result.error
    assert error["error_type"] == error_type
    assert error["message"] == message
    assert error["exit_code"] == code
    if hint is not None:
        assert error["hint"] == hint
    return error


# RS-025
def test_a_failures_last_line_is_a_json_object_with_all_there_is_to_know(penstock, shop, recipe):
    result = penstock("fetch", recipe("SELECT :x AS x"))
    assert result.code == 2
    (error,) = result.events
    assert list(error) == ["timestamp", "level", "event", "error_type", "code", "message", "hint", "exit_code"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", error.pop("timestamp"))
    assert error == {
        "level": "error", "event": "error", "error_type": "RecipeError", "code": "parameter_missing",
        "message": f"{penstock.cwd}/orders.yaml:6:12: query parameter ':x' has no value",
        "hint": "set it under source.query_parameters, or with -p x=VALUE; "
                "a colon that is not a parameter is written \\:",
        "exit_code": 2}


# RS-025
def test_a_terminal_gets_the_readable_form(penstock, shop, recipe):
    recipe("SELECT :x AS x")
    screen = penstock.on_terminal("fetch", "orders.yaml", "-o", "-")
    assert screen.code == 2
    assert screen.text == ("error: orders.yaml:6:12: query parameter ':x' has no value\n"
                           "hint: set it under source.query_parameters, or with -p x=VALUE; "
                           "a colon that is not a parameter is written \\:\n")
    assert "\x1b[1;31merror:\x1b[0m" in screen.raw
    plain = penstock.on_terminal("fetch", "orders.yaml", "-o", "-", env={"NO_COLOR": "1"})
    assert plain.raw == screen.text


# RS-001
def test_an_unknown_key_in_source_is_refused_with_its_line(penstock, shop, recipe):
    recipe("SELECT 1 AS a", source="quary: 1")
    fails(penstock("fetch", "orders.yaml"), 2, "RecipeError",
          "orders.yaml:7:3: unknown key 'quary' in source", "did you mean 'query'?")


# RS-001
def test_a_source_of_another_type_is_refused(penstock, tmp_path):
    (tmp_path / "r.yaml").write_text("name: r\nsource: {type: csv, path: x.csv}\n")
    result = penstock("fetch", "r.yaml")
    fails(result, 2, "RecipeError", "r.yaml:2:16: source.type must be one of sql, penstock, not 'csv'")


def test_an_unknown_top_level_key_warns_with_the_nearest_name(penstock, shop, recipe):
    recipe("SELECT 1 AS a", more="scema: {}\n")
    result = penstock("fetch", "orders.yaml")
    assert result.code == 0
    assert result.events[0]["event"] == "recipe_unknown_key"
    assert result.events[0]["level"] == "warning"
    assert result.events[0]["message"] == ("orders.yaml:7:1: unknown top-level key 'scema' "
                                           "(did you mean 'schema'?)")


# RS-002
@pytest.mark.parametrize("name", ["DATABASE_URL", "PENSTOCK_", "penstock_dsn", "RECOTEM_DSN", "PENSTOCK_a"])
def test_a_dsn_variable_of_another_name_is_refused_at_load(penstock, shop, recipe, name):
    recipe(dsn_env=name)
    fails(penstock("fetch", "orders.yaml", env={name: "sqlite://"}), 2, "RecipeError",
          "orders.yaml:4:12: source.dsn_env must match ^RECOTEM_RECIPE_[A-Z0-9_]+$ or ^PENSTOCK_[A-Z0-9_]+$")


# RS-003, RS-026
def test_a_dsn_in_the_recipe_is_refused_and_not_repeated(penstock, shop, recipe):
    recipe(dsn_env="postgresql://ada:s3cret@db.example/shop")
    result = penstock("fetch", "orders.yaml")
    fails(result, 2, "RecipeError", "orders.yaml:4:12: source.dsn_env holds what looks like a DSN, "
          "not the name of an environment variable",
          "put the DSN into a variable and write its name: dsn_env: PENSTOCK_SHOP_DSN")
    assert "s3cret" not in result.err


# RS-004
@pytest.mark.parametrize("value", [None, "", "   "])
def test_an_unset_or_blank_dsn_variable_is_named(penstock, recipe, value):
    recipe(dsn_env="RECOTEM_RECIPE_DB_DSN")
    env = {} if value is None else {"RECOTEM_RECIPE_DB_DSN": value}
    fails(penstock("fetch", "orders.yaml", env=env), 3, "DataSourceError",
          "env var RECOTEM_RECIPE_DB_DSN is not set or is empty; set it to the database DSN "
          "(e.g. postgresql://user:pass@host/db)")


# RS-005
@pytest.mark.parametrize("query", ["", "   ", "-- nothing\n"])
def test_an_empty_query_is_refused(penstock, shop, tmp_path, query):
    (tmp_path / "r.yaml").write_text(
        f"name: r\nsource:\n  type: sql\n  dsn_env: PENSTOCK_SHOP_DSN\n  query: {query!r}\n".replace("'", '"'))
    result = penstock("fetch", "r.yaml")
    assert result.code == 2
    assert result.error["error_type"] == "RecipeError"


# RS-005
def test_a_missing_query_is_named(penstock, tmp_path):
    (tmp_path / "r.yaml").write_text("name: r\nsource:\n  type: sql\n  dsn_env: PENSTOCK_SHOP_DSN\n")
    fails(penstock("fetch", "r.yaml"), 2, "RecipeError", "r.yaml:3:3: source.query is missing")


# RS-007
@pytest.mark.parametrize("name", ["HOME", "PENSTOCK_MAX_SQL_ROWS", "PENSTOCK_PARAM_API_KEY", "RECOTEM_RECIPE_TOKEN",
                                  "PENSTOCK_PARAM_AUTHOR", "AWS_REGION", "PENSTOCK_SHOP_DSN",
                                  "RECOTEM_RECIPE_OTHER_DSN", "PENSTOCK_PARAM_Password"])
def test_expansion_refuses_names_that_may_hold_a_secret(penstock, shop, recipe, name):
    recipe("SELECT :a AS a", source=f"query_parameters:\n  a: ${{{name}}}")
    result = penstock("fetch", "orders.yaml", env={name: "v4lue", "PENSTOCK_SHOP_DSN": f"sqlite:///{shop}"})
    assert result.code == 2
    assert result.error["error_type"] == "RecipeError"
    assert name in result.error["message"]
    assert "v4lue" not in result.err


# RS-007
def test_an_unset_variable_is_named_and_an_empty_one_warns(penstock, shop, recipe):
    recipe("SELECT :a AS a", source="query_parameters:\n  a: ${PENSTOCK_PARAM_A}")
    result = penstock("fetch", "orders.yaml")
    assert result.code == 2
    assert "PENSTOCK_PARAM_A" in result.error["message"]
    result = penstock("fetch", "orders.yaml", env={"PENSTOCK_PARAM_A": ""})
    assert result.code == 0
    assert result.events[0]["event"] == "recipe_env_var_empty"
    assert result.events[0]["level"] == "warning"
    assert result.events[0]["name"] == "PENSTOCK_PARAM_A"


# RS-008
@pytest.mark.parametrize("query, source, message", [
    ("SELECT :a AS a", "", "orders.yaml:6:12: query parameter ':a' has no value"),
    ("SELECT 1 AS a", "query_parameters: {a: 1}", "orders.yaml: query parameter 'a' is not used by the query"),
    ("SELECT :a AS a", "query_parameters: {a: [1]}",
     "orders.yaml:7:25: query parameter 'a' has an unsupported type: list"),
])
def test_a_parameter_missing_unused_or_of_no_type_is_a_recipe_error(penstock, shop, recipe, query, source, message):
    recipe(query, source=source)
    fails(penstock("fetch", "orders.yaml"), 2, "RecipeError", message)


# RS-008
def test_what_only_looks_like_a_parameter_is_none(penstock, shop, recipe):
    path = recipe("SELECT ':a' AS \"x:b\", [id] AS [y:c], '12:30' AS t -- :d\n/* :e */ FROM orders LIMIT 1")
    result = penstock("fetch", path)
    assert result.out == '"x:b","y:c","t"\n":a",1,"12:30"\n', result


# RS-008
def test_an_unknown_parameter_on_the_command_line_is_an_error(penstock, shop, recipe):
    recipe("SELECT :since AS a")
    fails(penstock("fetch", "orders.yaml", "-p", "since=1", "-p", "until=2"), 2, "RecipeError",
          "orders.yaml: query parameter 'until' is not used by the query", "known: since")


# RS-009
@pytest.mark.parametrize("field, value, bounds", [
    ("connect_timeout_seconds", "0", "[1, 60]"), ("connect_timeout_seconds", "61", "[1, 60]"),
    ("statement_timeout_seconds", "0", "[1, 1800]"), ("statement_timeout_seconds", "1801", "[1, 1800]"),
    ("statement_timeout_seconds", "-1", "[1, 1800]")])
def test_a_timeout_out_of_range_names_field_value_and_range(penstock, shop, recipe, field, value, bounds):
    recipe(source=f"{field}: {value}")
    column = len(field) + 5
    fails(penstock("fetch", "orders.yaml"), 2, "RecipeError",
          f"orders.yaml:7:{column}: source.{field} is {value}, but must be in {bounds}")


# RS-010
@pytest.mark.parametrize("dsn", ["sqlite:///shop.db", "sqlite:////{cwd}/shop.db", "sqlite:///file:shop.db?mode=ro&uri=true",
                                 "sqlite+pysqlite:///shop.db", "sqlite:///file:{cwd}/shop.db?mode=ro&uri=true"])
def test_every_form_of_a_sqlite_dsn_works(penstock, shop, recipe, dsn):
    recipe("SELECT count(*) AS n FROM orders")
    result = penstock("fetch", "orders.yaml", env={"PENSTOCK_SHOP_DSN": dsn.format(cwd=penstock.cwd)})
    assert result.out == '"n"\n3\n', result


# RS-010
def test_a_dsn_without_a_path_is_a_database_in_memory(penstock, recipe):
    recipe("SELECT 1 AS a")
    assert penstock("fetch", "orders.yaml", env={"PENSTOCK_SHOP_DSN": "sqlite://"}).out == '"a"\n1\n'


# RS-011, RS-026
def test_an_unsupported_dialect_is_named(penstock, recipe):
    recipe()
    result = penstock("fetch", "orders.yaml", env={"PENSTOCK_SHOP_DSN": "oracle://ada:s3cret@127.0.0.1/shop"})
    fails(result, 3, "DataSourceError",
          "unsupported SQL dialect 'oracle'; officially supported: ['mysql', 'postgres', 'sqlite'].")
    assert "s3cret" not in result.err


# RS-012, RS-026
@pytest.mark.parametrize("scheme, dialect, library", [
    ("postgresql+psycopg", "postgresql", "libpq"), ("mysql", "mysql", "libmariadb"), ("mariadb", "mysql", "libmariadb")])
def test_a_build_without_a_driver_says_which_and_one_with_it_goes_on_to_the_guard(penstock, recipe, scheme, dialect,
                                                                                  library):
    recipe()
    result = penstock("fetch", "orders.yaml", env={"PENSTOCK_SHOP_DSN": f"{scheme}://ada:s3cret@127.0.0.1/shop"})
    if dialect in penstock("doctor", "--json").json["dialects"]:
        assert (result.code, result.error["error_type"]) == (3, "DataSourceError")
        assert "refusing to connect to private/loopback host '127.0.0.1'" in result.error["message"]
    else:
        fails(result, 3, "DataSourceError",
              f"{library} driver is required for dialect '{dialect}'; this build of penstock has none",
              "`penstock doctor` lists the dialects of this build; use one that was built with the driver")
    assert "s3cret" not in result.err


# RS-013
@pytest.mark.parametrize("query", [
    "INSERT INTO orders (id) VALUES (9)", "UPDATE orders SET total = 0", "DELETE FROM orders", "DROP TABLE orders",
    "CREATE TABLE t (a)", "ATTACH 'other.db' AS other", "VACUUM INTO 'copy.db'", "PRAGMA journal_mode = WAL",
    "PRAGMA query_only = OFF", "BEGIN", "INSERT INTO orders (id) VALUES (9) RETURNING id", "REINDEX",
    "SELECT load_extension('evil')", "WITH x AS (SELECT 1) INSERT INTO orders (id) SELECT 9"])
def test_a_statement_that_is_not_a_read_is_refused_and_changes_nothing(penstock, shop, recipe, query):
    before = shop.read_bytes()
    result = penstock("fetch", recipe(query), "-o", "o.csv")
    assert result.code == 3
    assert result.error["error_type"] == "DataSourceError"
    assert shop.read_bytes() == before
    assert left_in(penstock.cwd) == ["o.csv.lock"]
    assert not (penstock.cwd / "other.db").exists()
    assert not (penstock.cwd / "copy.db").exists()


# RS-008
@pytest.mark.parametrize("query, message, hint", [
    ("SELECT 1; SELECT 2", "orders.yaml:6:15: a second statement; a query is one statement",
     "remove the ';' and what follows it"),
    ("SELECT ?1", "orders.yaml:6:12: '?1' is SQLite's own placeholder", "write a parameter as :name"),
    ("SELECT 'abc", "orders.yaml:6:12: unterminated string", "close it with '"),
    ("SELECT 1 /* x", "orders.yaml:6:14: unterminated comment", None)])
def test_a_query_that_cannot_be_scanned_is_a_recipe_error_with_its_place(penstock, shop, recipe, query, message, hint):
    recipe(query)
    fails(penstock("fetch", "orders.yaml"), 2, "RecipeError", message, hint)


# RS-024
def test_a_database_error_exits_3_with_the_place_in_the_users_file(penstock, shop, recipe):
    recipe("SELECT id,\n       nope\nFROM orders")
    fails(penstock("fetch", "orders.yaml", "-o", "o.csv"), 3, "DataSourceError",
          "orders.yaml:7:12: the query cannot be prepared: no such column: nope")
    assert left_in(penstock.cwd) == ["o.csv.lock"]


# RS-024
def test_two_columns_of_one_name_are_an_error_that_says_what_to_do(penstock, shop, recipe):
    recipe("SELECT id, total AS id FROM orders")
    fails(penstock("fetch", "orders.yaml", "-o", "o.csv"), 3, "DataSourceError",
          "the result has more than one column named 'id'",
          "give each an alias in the query (AS ...), or set types.duplicates: rename")


# RS-024
def test_a_missing_database_is_not_created(penstock, recipe):
    recipe("SELECT 1 AS a")
    result = penstock("fetch", "orders.yaml", env={"PENSTOCK_SHOP_DSN": "sqlite:///missing.db"})
    fails(result, 3, "DataSourceError", "cannot open database file 'missing.db': No such file or directory",
          "penstock never creates a database; check the path, and the working directory of a relative one")
    assert not (penstock.cwd / "missing.db").exists()


# RS-024
def test_a_file_that_is_no_database_is_a_data_source_error(penstock, tmp_path, recipe):
    (tmp_path / "text.db").write_text("this is no database " * 100)
    recipe("SELECT * FROM orders")
    result = penstock("fetch", "orders.yaml", env={"PENSTOCK_SHOP_DSN": "sqlite:///text.db"})
    assert result.code == 3
    assert "file is not a database" in result.error["message"]


# RS-024
def test_a_value_that_does_not_fit_names_row_column_and_types(penstock, shop, recipe):
    with sqlite3.connect(shop) as connection:
        connection.execute("UPDATE orders SET total = 'free' WHERE id = 2")
    recipe("SELECT id, total FROM orders ORDER BY id")
    result = penstock("fetch", "orders.yaml", "-o", "o.csv")
    assert result.code == 3
    assert result.error["error_type"] == "DataSourceError"
    for part in ("row 2", "'total'", "REAL"):
        assert part in result.error["message"]
    assert "free" not in result.err
    assert left_in(penstock.cwd) == ["o.csv.lock"]


# RS-024
@pytest.mark.parametrize("name", ["PENSTOCK_MAX_SQL_ROWS", "RECOTEM_MAX_SQL_ROWS"])
def test_a_bad_control_value_exits_8_and_names_the_variable(penstock, shop, recipe, name):
    recipe()
    fails(penstock("fetch", "orders.yaml", env={name: "many"}), 8, "ConfigurationError",
          f"{name} is not a whole number", "set it to a number of rows from 1000 to 500000000")


@pytest.mark.parametrize("args, message, hint", [
    ([], "no command given", "penstock --help lists the commands"),
    (["ftch"], "unknown command 'ftch'", "did you mean 'fetch'?"),
    (["--loud"], "unknown option '--loud'", "penstock --help lists the commands"),
    (["fetch"], "'penstock fetch' needs a RECIPE", "penstock fetch recipe.yaml"),
    (["fetch", "a.yaml", "b.yaml"], "unexpected argument 'b.yaml' for 'penstock fetch'",
     "penstock fetch --help shows what it takes"),
    (["fetch", "--fromat", "csv", "a.yaml"], "unknown option '--fromat' for 'penstock fetch'",
     "did you mean '--format'?"),
    (["fetch", "a.yaml", "--format"], "--format needs a value", ""),
    (["fetch", "a.yaml", "--format", "csv", "--format", "csv"], "--format is given more than once", ""),
    (["fetch", "a.yaml", "--max-rows", "0"], "--max-rows takes a whole number from 1, not '0'", ""),
    (["fetch", "a.yaml", "--max-rows", "1e6"], "--max-rows takes a whole number from 1, not '1e6'", ""),
    (["fetch", "a.yaml", "--max-bytes", "lots"], "--max-bytes takes bytes, such as 500MB or 2GiB, not 'lots'", ""),
    (["fetch", "a.yaml", "--batch-rows", "100001"],
     "--batch-rows takes a whole number from 1 to 100000, not '100001'", ""),
    (["fetch", "a.yaml", "--on-lossy", "round"], "--on-lossy takes one of error, null, text, clamp, not 'round'", ""),
    (["fetch", "a.yaml", "--numeric", "int8"], "--numeric takes text, float64 or decimal(p,s), not 'int8'", ""),
    (["fetch", "a.yaml", "--lock-timeout", "-2"],
     "--lock-timeout takes seconds from 0, or -1 to wait for ever, not '-2'", ""),
    (["fetch", "a.yaml", "--progress", "maybe"], "--progress takes one of auto, always, never, not 'maybe'", ""),
    (["fetch", "a.yaml", "-p", "a=1", "-p", "a=2"], "-p a is given more than once", ""),
    (["fetch", "a.yaml", "--env-var", "HOME=x"],
     "--env-var takes NAME=VALUE with a name of PENSTOCK_PARAM_* or RECOTEM_RECIPE_*",
     "it feeds ${NAME} in query_parameters and nothing else"),
    (["fetch", "a.yaml", "--compression", "zstd:99"], "'99' is no level of zstd", "levels of zstd: 1 to 22"),
    (["query", "SELECT 1"], "'penstock query' needs --dsn-env NAME",
     "NAME is the environment variable that holds the DSN"),
    (["query", "--dsn-env", "PENSTOCK_DSN"], "'penstock query' needs one of SQL, --file FILE and -", ""),
    (["query", "--dsn-env", "PENSTOCK_DSN", "--file", "q.sql", "SELECT 1"],
     "'penstock query' needs one of SQL, --file FILE and -", ""),
    (["schema"], "'penstock schema' needs a KIND", "penstock schema recipe"),
    (["schema", "cake"], "unknown kind 'cake'", "kinds: recipe, manifest"),
    (["completions", "csh"], "no completions for 'csh'", "known: bash, zsh, fish"),
])
def test_a_wrong_command_line_exits_2_and_says_what_is_right(penstock, args, message, hint):
    fails(penstock(*args), 2, "UsageError", message, hint)


@pytest.mark.parametrize("path, reason", [("missing.yaml", "No such file or directory"), (".", "Is a directory")])
def test_a_recipe_that_cannot_be_read_says_why(penstock, path, reason):
    fails(penstock("fetch", path), 2, "RecipeError", f"cannot read '{path}': {reason}")


def test_an_endless_recipe_is_cut_short(penstock):
    fails(penstock("fetch", "/dev/zero"), 2, "RecipeError", "'/dev/zero' is larger than 16 MiB")
