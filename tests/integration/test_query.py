"""`penstock query`: the same without a recipe, and a table on a terminal."""

import json

import pyarrow.parquet as pq
import pytest

DSN = ["--dsn-env", "PENSTOCK_SHOP_DSN"]


def test_a_query_comes_from_an_argument_a_file_or_standard_input(penstock, shop):
    query = "SELECT id FROM orders WHERE id > :least ORDER BY id"
    (penstock.cwd / "q.sql").write_text(query + ";\n")
    expected = '"id"\n2\n3\n'
    assert penstock("query", *DSN, query, "-p", "least=1").out == expected
    assert penstock("query", *DSN, "--file", "q.sql", "-p", "least=1").out == expected
    assert penstock("query", *DSN, "-", "-p", "least=1", input=query).out == expected


def test_a_query_writes_a_file_with_a_receipt(penstock, shop):
    result = penstock("query", *DSN, "SELECT id FROM orders", "-o", "q.parquet", "--report", "r.json")
    assert result.code == 0
    assert result.events[-1]["recipe"] == "query"
    assert pq.read_table(penstock.cwd / "q.parquet")["id"].to_pylist() == [1, 2, 3]
    assert json.loads((penstock.cwd / "r.json").read_text())["recipe"] == "query"


def test_an_error_in_a_file_has_its_place(penstock, shop):
    (penstock.cwd / "q.sql").write_text("SELECT id,\n nope FROM orders\n")
    result = penstock("query", *DSN, "--file", "q.sql")
    assert result.code == 3
    assert result.error["message"] == "q.sql:2:2: the query cannot be prepared: no such column: nope"


# RS-003, RS-026
@pytest.mark.parametrize("args", [
    ["query", "--dsn-env", "postgresql://ada:s3cret@db.example/shop", "SELECT 1"],
    ["query", "--dsn-env", "sqlite:///s3cret.db", "SELECT 1"],
    ["query", "--dsn-env", "password=s3cret", "SELECT 1"],
    ["query", "postgresql://ada:s3cret@db.example/shop", "SELECT 1"],
    ["query", "--dsn-env", "PENSTOCK_DSN", "--file", "postgresql://ada:s3cret@db.example/shop"],
    ["query", "--dsn", "postgresql://ada:s3cret@db.example/shop", "SELECT 1"],
    ["query", "--dsn=postgresql://ada:s3cret@db.example/shop", "SELECT 1"],
    ["fetch", "postgresql://ada:s3cret@db.example/shop"],
    ["fetch", "r.yaml", "--env-var", "PENSTOCK_PARAM_DSN=postgresql://ada:s3cret@db.example/shop"],
    ["fetch", "r.yaml", "--max-rows", "postgresql://ada:s3cret@db.example/shop"],
    ["fetch", "r.yaml", "-o", "postgresql://ada:s3cret@db.example/shop"],
    ["postgresql://ada:s3cret@db.example/shop"],
])
def test_a_dsn_in_the_arguments_is_refused_and_never_repeated(penstock, args):
    result = penstock(*args)
    assert result.code == 2
    assert result.error["error_type"] == "UsageError"
    assert "s3cret" not in result.err + result.out


# RS-003
def test_a_dsn_where_its_variable_belongs_gets_the_hint(penstock):
    result = penstock("query", "--dsn-env", "sqlite:///shop.db", "SELECT 1")
    assert result.error["code"] == "dsn_on_command_line"
    assert result.error["message"] == "--dsn-env takes the name of an environment variable, not a DSN"
    assert result.error["hint"] == ("export PENSTOCK_DSN='...' and give --dsn-env PENSTOCK_DSN; anyone on the "
                                    "machine can read a process's arguments")


# RS-002
@pytest.mark.parametrize("name", ["DATABASE_URL", "PENSTOCK_", "penstock_dsn", "hunter2", ""])
def test_a_dsn_variable_of_another_name_is_refused(penstock, name):
    result = penstock("query", "--dsn-env", name, "SELECT 1")
    assert result.code == 2
    assert result.error["message"] == ("--dsn-env takes a name that matches PENSTOCK_[A-Z0-9_]+ or "
                                       "RECOTEM_RECIPE_[A-Z0-9_]+")


TABLE = """\
 id │ customer                │ total │ paid_at             │ paid
────┼─────────────────────────┼───────┼─────────────────────┼───────
  1 │ Ada                     │  12.5 │ 2026-01-02 03:04:05 │ true
  2 │ Grace                   │  NULL │ 2026-01-03 00:00:00 │ false
  3 │ Zoë "Z", 東京\\nline two │ 99.99 │ NULL                │ true
3 rows
"""


def test_a_terminal_without_an_output_gets_an_aligned_table(penstock, shop):
    screen = penstock.on_terminal("query", *DSN, "SELECT * FROM orders")
    assert screen.code == 0
    assert screen.text == TABLE
    assert "\x1b[2mNULL\x1b[0m" in screen.raw
    assert "\x1b[1mcustomer\x1b[0m" in screen.raw
    assert penstock.on_terminal("query", *DSN, "SELECT * FROM orders", env={"NO_COLOR": "1"}).raw == TABLE


def test_a_narrow_terminal_cuts_long_cells_and_leaves_out_columns(penstock, shop):
    screen = penstock.on_terminal("query", *DSN, "SELECT * FROM orders", columns=40)
    assert screen.text == (
        " id │ customer    │ total │ paid_at\n"
        "────┼─────────────┼───────┼─────────────\n"
        "  1 │ Ada         │  12.5 │ 2026-01-02…\n"
        "  2 │ Grace       │  NULL │ 2026-01-03…\n"
        "  3 │ Zoë \"Z\", …  │ 99.99 │ NULL\n"
        "3 rows, 4 of 5 columns shown\n")


@pytest.mark.parametrize("columns", [1, 2, 5, 10, 17, 33, 80, 500])
def test_no_line_of_a_table_is_wider_than_its_terminal(penstock, shop, columns):
    screen = penstock.on_terminal("query", *DSN, "SELECT * FROM orders UNION ALL SELECT * FROM orders", columns=columns)
    assert screen.code == 0
    wide = {"東": 2, "京": 2}
    for line in screen.text.splitlines()[:-1]:
        assert sum(wide.get(character, 1) for character in line) <= max(columns, 4), line


def test_an_empty_result_still_shows_its_columns(penstock, shop):
    screen = penstock.on_terminal("query", *DSN, "SELECT id, customer FROM orders WHERE 0")
    assert screen.text == " id │ customer\n────┼──────────\n0 rows\n"


def test_one_row_is_a_row(penstock, shop):
    screen = penstock.on_terminal("query", *DSN, "SELECT 12345678 AS n")
    assert screen.text == "        n\n──────────\n 12345678\n1 row\n"


def test_data_cannot_drive_the_terminal(penstock, shop):
    query = ("SELECT 'a' || char(27) || '[31mred' || char(7) || char(13) AS x, char(155) || '2J' AS y, "
             "'abc' || char(8238) || 'fed' AS z")
    screen = penstock.on_terminal("query", *DSN, query, env={"NO_COLOR": "1"})
    assert screen.raw.splitlines()[2] == " a\\x1b[31mred\\x07\\x0d │ \\u{009b}2J │ abc\\u{202e}fed"


def test_a_number_wider_than_those_of_the_first_batch_is_never_cut(penstock, numbers):
    screen = penstock.on_terminal("query", *DSN, "SELECT n FROM numbers LIMIT 20000", "--batch-rows", "1000")
    lines = screen.text.splitlines()
    assert lines[:2] == ["    n", "──────"]
    assert lines[2:-1] == [f" {n:>4}" for n in range(1, 20_001)]
    assert lines[-1] == "20,000 rows"


def test_a_table_has_no_receipt(penstock, shop):
    screen = penstock.on_terminal("query", *DSN, "SELECT 1 AS a", "--report", "r.json")
    assert (screen.code, screen.text) == (2, "error: a table takes no --report\nhint: give -o PATH, or --format\n")


def test_a_flag_for_the_output_takes_the_place_of_the_table(penstock, shop):
    screen = penstock.on_terminal("query", *DSN, "SELECT id FROM orders", "--format", "csv", "-q")
    assert screen.text == '"id"\n1\n2\n3\n'
    screen = penstock.on_terminal("query", *DSN, "SELECT id FROM orders", "-o", "x.csv")
    assert screen.code == 0
    assert screen.text.startswith("query: 3 rows, 11 B -> x.csv in ")
