"""A recipe's rows become a file."""

import gzip
import hashlib
import json
import re

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import penstock_version
from conftest import left_in

QUERY = "SELECT id, customer, total, paid_at, paid FROM orders ORDER BY id"
SHOP_ROWS = {
    "id": [1, 2, 3],
    "customer": ["Ada", "Grace", 'Zoë "Z", 東京\nline two'],
    "total": [12.5, None, 99.99],
    "paid": [True, False, True],
}
SHOP_CSV = (
    '"id","customer","total","paid_at","paid"\n'
    '1,"Ada",12.5,2026-01-02 03:04:05.000000,true\n'
    '2,"Grace",,2026-01-03 00:00:00.000000,false\n'
    '3,"Zoë ""Z"", 東京\nline two",99.99,,true\n'
)


def check_shop(table):
    assert table.schema.names == ["id", "customer", "total", "paid_at", "paid"]
    assert table.schema.types == [pa.int64(), pa.string(), pa.float64(), pa.timestamp("us"), pa.bool_()]
    columns = table.to_pydict()
    paid_at = columns.pop("paid_at")
    assert columns == SHOP_ROWS
    assert [str(value) for value in paid_at] == ["2026-01-02 03:04:05", "2026-01-03 00:00:00", "None"]


# RS-001, RS-003, RS-024, RS-031
def test_a_recipe_becomes_a_parquet_file_and_one_event(penstock, shop, recipe):
    result = penstock("fetch", recipe(QUERY, more="sink: {path: out/orders.parquet}\n"))
    assert result.code == 0, result
    assert result.bytes == b""
    check_shop(pq.read_table(penstock.cwd / "out/orders.parquet"))
    assert left_in(penstock.cwd) == ["out/orders.parquet", "out/orders.parquet.lock"]
    (event,) = result.events
    assert list(event) == ["timestamp", "level", "event", "recipe", "run_id", "dialect", "rows"]
    assert event["event"] == "sql_fetch_complete"
    assert (event["level"], event["recipe"], event["dialect"], event["rows"]) == ("info", "orders", "sqlite", 3)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["timestamp"])


# RS-021
def test_every_format_reads_back_as_the_same_rows(penstock, shop, recipe):
    path = recipe(QUERY)
    for name in ("a.parquet", "a.arrow", "a.ipc", "a.arrows", "a.csv", "a.jsonl", "a.csv.gz", "a.jsonl.gz"):
        assert penstock("fetch", path, "-o", name).code == 0
    folder = penstock.cwd
    check_shop(pq.read_table(folder / "a.parquet"))
    check_shop(pa.ipc.open_file(folder / "a.arrow").read_all())
    check_shop(pa.ipc.open_stream((folder / "a.arrows").read_bytes()).read_all())
    assert (folder / "a.ipc").read_bytes() == (folder / "a.arrow").read_bytes()
    assert (folder / "a.csv").read_text() == SHOP_CSV
    assert gzip.decompress((folder / "a.csv.gz").read_bytes()).decode() == SHOP_CSV
    lines = [json.loads(line) for line in (folder / "a.jsonl").read_text().splitlines()]
    assert [line["customer"] for line in lines] == SHOP_ROWS["customer"]
    assert [line["total"] for line in lines] == SHOP_ROWS["total"]
    assert gzip.decompress((folder / "a.jsonl.gz").read_bytes()) == (folder / "a.jsonl").read_bytes()


# RS-021
def test_a_hundred_thousand_rows_in_small_batches_arrive_in_order_and_whole(penstock, numbers, recipe):
    path = recipe("SELECT n, word FROM numbers ORDER BY n")
    assert penstock("fetch", path, "-o", "n.parquet", "--batch-rows", "777", "--row-group-rows", "10000").code == 0
    table = pq.read_table(penstock.cwd / "n.parquet")
    assert table["n"].to_pylist() == list(range(1, 100_001))
    assert table["word"][4].as_py() == f"word {5 * 7919 % 100000}"
    assert pq.ParquetFile(penstock.cwd / "n.parquet").metadata.num_row_groups == 10


def test_an_empty_result_is_a_file_with_the_schema(penstock, shop, recipe):
    result = penstock("fetch", recipe("SELECT id, customer FROM orders WHERE 0"), "-o", "e.parquet")
    assert result.code == 0
    assert result.events[-1]["rows"] == 0
    table = pq.read_table(penstock.cwd / "e.parquet")
    assert table.num_rows == 0
    assert table.schema.types == [pa.int64(), pa.string()]


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.arrows", "a.csv", "a.csv.gz", "a.jsonl"])
def test_the_same_rows_are_the_same_bytes(penstock, shop, recipe, name):
    path = recipe(QUERY)
    written = []
    for _ in range(2):
        assert penstock("fetch", path, "-o", name).code == 0
        written.append((penstock.cwd / name).read_bytes())
    assert written[0] == written[1]


# RS-026
def test_the_file_says_where_it_came_from_and_nothing_secret(penstock, shop, recipe):
    path = recipe(QUERY)
    assert penstock("fetch", path, "-o", "o.parquet").code == 0
    metadata = pq.read_schema(penstock.cwd / "o.parquet").metadata
    assert metadata[b"penstock.recipe"] == b"orders"
    assert metadata[b"penstock.dialect"] == b"sqlite"
    assert metadata[b"penstock.version"].decode() == penstock_version.VERSION
    query = QUERY + "\n"
    assert metadata[b"penstock.query_sha256"].decode() == hashlib.sha256(query.encode()).hexdigest()
    assert b"shop.db" not in (penstock.cwd / "o.parquet").read_bytes()


def test_the_receipt_has_the_counts_the_times_and_the_hash_of_the_file(penstock, shop, recipe):
    result = penstock("fetch", recipe(QUERY), "-o", "o.parquet", "--report", "reports/o.json")
    assert result.code == 0
    receipt = json.loads((penstock.cwd / "reports/o.json").read_text())
    written = (penstock.cwd / "o.parquet").read_bytes()
    assert list(receipt) == ["recipe", "query_hash", "dialect", "version", "run_id", "output", "format", "started",
                             "finished", "seconds", "rows", "bytes", "arrow_bytes", "batches", "content_hash",
                             "lossy"]
    assert receipt["recipe"] == "orders"
    assert receipt["query_hash"] == hashlib.sha256((QUERY + "\n").encode()).hexdigest()
    assert receipt["dialect"] == "sqlite"
    assert receipt["version"] == penstock_version.VERSION
    assert receipt["run_id"] == result.events[-1]["run_id"]
    assert (receipt["output"], receipt["format"]) == ("o.parquet", "parquet")
    assert receipt["started"] < receipt["finished"]
    assert 0 < receipt["seconds"] < 60
    assert (receipt["rows"], receipt["batches"], receipt["lossy"]) == (3, 1, {})
    assert receipt["bytes"] == len(written)
    assert receipt["arrow_bytes"] > 0
    assert receipt["content_hash"] == "sha256:" + hashlib.sha256(written).hexdigest()
    assert "shop.db" not in json.dumps(receipt)
    assert left_in(penstock.cwd) == ["o.parquet", "o.parquet.lock", "reports/o.json"]


def test_a_receipt_that_cannot_be_written_is_found_before_the_run(penstock, shop, recipe):
    (penstock.cwd / "folder").mkdir()
    result = penstock("fetch", recipe(QUERY), "-o", "o.parquet", "--report", "folder")
    assert result.code == 5
    assert result.error["error_type"] == "OutputError"
    assert not (penstock.cwd / "o.parquet").exists()


def test_the_receipt_is_never_the_output(penstock, shop, recipe):
    result = penstock("fetch", recipe(QUERY), "-o", "o.csv", "--report", "./o.csv")
    assert result.code == 2
    assert result.error["message"] == "--report and the output are the same file"


def test_a_failed_run_leaves_the_old_receipt_and_the_old_file(penstock, shop, recipe):
    good, bad = recipe(QUERY), recipe("SELECT nope FROM orders", file="bad.yaml")
    assert penstock("fetch", good, "-o", "o.csv", "--report", "r.json").code == 0
    before = (penstock.cwd / "o.csv").read_bytes(), (penstock.cwd / "r.json").read_bytes()
    assert penstock("fetch", bad, "-o", "o.csv", "--report", "r.json").code == 3
    assert ((penstock.cwd / "o.csv").read_bytes(), (penstock.cwd / "r.json").read_bytes()) == before
    assert left_in(penstock.cwd) == ["o.csv", "o.csv.lock", "r.json"]


# RS-006, RS-008
def test_parameters_come_from_the_file_the_environment_and_the_flag(penstock, shop, recipe):
    path = recipe("SELECT :a AS a, :b AS b, :c AS c, :d AS d",
                  source='query_parameters:\n  a: ${PENSTOCK_PARAM_A}\n  b: 2\n  c: ${RECOTEM_RECIPE_C}\n  d: x')
    result = penstock("fetch", path, "-o", "-", "-p", "b=true", "--env-var", "RECOTEM_RECIPE_C=from flag",
                      env={"PENSTOCK_PARAM_A": "5", "RECOTEM_RECIPE_C": "from environment"})
    assert result.out == '"a","b","c","d"\n"5",1,"from flag","x"\n', result


# RS-006
def test_a_parameter_given_by_flag_is_not_expanded(penstock, shop, recipe):
    path = recipe("SELECT :a AS a", source="query_parameters:\n  a: ${PENSTOCK_PARAM_UNSET}")
    result = penstock("fetch", path, "-o", "-", "-p", "a:str=${PENSTOCK_PARAM_UNSET}")
    assert result.out == '"a"\n"${PENSTOCK_PARAM_UNSET}"\n', result


# RS-005
def test_the_query_is_never_expanded(penstock, shop, recipe):
    result = penstock("fetch", recipe("SELECT '${PENSTOCK_PARAM_A}' AS a"), "-o", "-",
                      env={"PENSTOCK_PARAM_A": "' OR 1=1 --"})
    assert result.out == '"a"\n"${PENSTOCK_PARAM_A}"\n', result


# RS-008
def test_a_value_is_bound_and_never_becomes_sql(penstock, shop, recipe):
    path = recipe("SELECT count(*) AS n FROM orders WHERE customer = :who")
    result = penstock("fetch", path, "-o", "-", "-p", "who:str=x' OR '1'='1")
    assert result.out == '"n"\n0\n', result


# RS-008
@pytest.mark.parametrize("value, expected", [("7", "7"), ("-0.5", "-0.5"), ("true", "1"), ("str", '"str"'),
                                             ("9223372036854775807", "9223372036854775807")])
def test_each_type_of_parameter_is_bound_as_itself(penstock, shop, recipe, value, expected):
    result = penstock("fetch", recipe("SELECT :v AS v"), "-o", "-", "-p", f"v={value}")
    assert result.out == f'"v"\n{expected}\n', result


# RS-028
def test_a_recommenders_recipe_loads_unchanged(penstock, shop, recipe):
    penstock.env["RECOTEM_RECIPE_DB_DSN"] = penstock.env.pop("PENSTOCK_SHOP_DSN")
    path = recipe("SELECT id AS user_id, customer AS item_id FROM orders ORDER BY id",
                  dsn_env="RECOTEM_RECIPE_DB_DSN",
                  more="schema:\n  user_column: user_id\n  item_column: item_id\n"
                       "cleansing:\n  drop_null_ids: true\n"
                       "training:\n  algorithms: [IALS]\n  metric: ndcg\n"
                       "output:\n  path: models/orders.recotem\n")
    result = penstock("fetch", path, "-o", "o.csv")
    assert result.code == 0, result
    assert result.names() == ["sql_fetch_complete"]
    assert left_in(penstock.cwd) == ["o.csv", "o.csv.lock"]


# RS-022
def test_a_missing_column_is_named_and_leaves_no_file(penstock, shop, recipe):
    path = recipe("SELECT id AS user_id, customer AS itemid FROM orders",
                  more="schema: {user_column: user_id, item_column: item_id}\n")
    result = penstock("fetch", path, "-o", "o.parquet")
    assert result.code == 2
    assert result.error["error_type"] == "RecipeError"
    assert result.error["message"] == "column 'item_id' not found in query result"
    assert result.error["hint"] == "schema.item_column names it; did you mean 'itemid'?"
    assert left_in(penstock.cwd) == ["o.parquet.lock"]


def test_lossy_values_are_counted_by_column_in_the_receipt(penstock, tmp_path, shop, recipe):
    import sqlite3
    with sqlite3.connect(shop) as connection:
        connection.execute("CREATE TABLE odd (n INTEGER)")
        connection.executemany("INSERT INTO odd VALUES (?)", [(1,), ("x",), ("y",), (4,)])
    path = recipe("SELECT n FROM odd")
    result = penstock("fetch", path, "-o", "o.parquet", "--on-lossy", "null", "--report", "r.json")
    assert result.code == 0, result
    assert json.loads((tmp_path / "r.json").read_text())["lossy"] == {
        "n": {"nulled": 2, "as_text": 0, "clamped": 0}}
    warning = result.events[-1]
    assert (warning["event"], warning["column"], warning["nulled"]) == ("lossy_values", "n", 2)
    assert warning["message"] == "column 'n': 2 became NULL"
    assert pq.read_table(tmp_path / "o.parquet")["n"].to_pylist() == [1, None, None, 4]


def test_flags_choose_compression_and_row_groups(penstock, numbers, recipe):
    path = recipe("SELECT n FROM numbers", more="sink: {path: n.parquet, compression: gzip, row_group_rows: 50000}\n")
    assert penstock("fetch", path).code == 0
    by_recipe = pq.ParquetFile(penstock.cwd / "n.parquet").metadata
    assert (by_recipe.num_row_groups, by_recipe.row_group(0).column(0).compression) == (2, "GZIP")
    assert penstock("fetch", path, "--compression", "snappy", "--row-group-rows", "25000").code == 0
    by_flag = pq.ParquetFile(penstock.cwd / "n.parquet").metadata
    assert (by_flag.num_row_groups, by_flag.row_group(0).column(0).compression) == (4, "SNAPPY")
