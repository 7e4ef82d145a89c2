"""Partitioned reads on SQLite: each row once, whatever is in the column and whoever writes meanwhile."""

import collections
import json
import signal
import sqlite3
import threading
import time

import pyarrow as pa
import pyarrow.ipc
import pytest

from conftest import left_in, wait_until

MOST = 2**63 - 1
LEAST = -(2**63)

# Values of a partition column, each set for itself.
COLUMNS = {
    "nulls": [None, 1, None, 2, 3, None, 10],
    "all_null": [None, None, None],
    "negative": [-5, -4, -3, -2, -1, 0, 1],
    "edges": [LEAST, LEAST + 1, -1, 0, 1, MOST - 1, MOST],
    "equal": [7, 7, 7, 7],
    "one": [5],
    "empty": [],
    "skewed": [1] * 50 + [10**12],
    "floats": [-1.5, -0.5, 0.0, 0.5, 1.5, 2.0, None],
    "infinite": [float("-inf"), -1.0, 0.0, 1.0, float("inf")],
    "huge_floats": [-1e300, -1e18, 0.0, 1e18, 1e300],
}


def read(penstock, sql, *arguments, code=0, env=None, name="x.arrow"):
    result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", name, "--report", "report.json",
                      *arguments, env=env)
    assert result.code == code, result
    if code:
        return result
    with pyarrow.ipc.open_file(penstock.cwd / name) as file:
        return file.read_all()


def report(penstock):
    return json.loads((penstock.cwd / "report.json").read_text())


def partitions_of(penstock):
    """What the report says of the parts, less their order, which must be the one there is."""
    partitions = report(penstock)["partitions"]
    assert partitions.pop("order") == ("one batch of each part in turn" if partitions["rows"] else "the query's")
    return partitions


def rows_of(table):
    """The rows in no order, each with how often it is there."""
    return collections.Counter(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.fixture
def database(tmp_path, penstock):
    path = tmp_path / "parts.db"
    connection = sqlite3.connect(path)
    penstock.env["PENSTOCK_SHOP_DSN"] = f"sqlite:///{path}"
    yield connection
    connection.close()


def fill(database, values, declared=""):
    database.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, k {declared})")
    database.executemany("INSERT INTO t (k) VALUES (?)", [(value,) for value in values])
    database.commit()


@pytest.mark.parametrize("count", [2, 3, 8])
@pytest.mark.parametrize("values", COLUMNS.values(), ids=COLUMNS)
def test_each_row_is_read_once_whatever_is_in_the_column(penstock, database, values, count):
    is_float = any(isinstance(value, float) for value in values)
    fill(database, values, "REAL" if is_float else "INTEGER")
    whole = read(penstock, "SELECT * FROM t")
    parts = read(penstock, "SELECT * FROM t", "--partition-on", "k", "--partitions", count)
    assert rows_of(parts) == rows_of(whole)
    assert parts.schema == whole.schema
    partitions = partitions_of(penstock)
    if not {value for value in values if value is not None}:
        assert partitions == {"how": "column 'k' has no numbers to split by", "rows": []}
    elif len(set(values)) == 1:
        assert partitions == {"how": f"column 'k' has one whole number, {values[0]}, and so no ranges", "rows": []}
    else:
        assert partitions["how"] == "ranges of column 'k'"
        assert sum(partitions["rows"]) == len(values)
        assert 2 <= len(partitions["rows"]) <= count


@pytest.mark.parametrize("declared", ["", "TEXT", "INTEGER", "BLOB", "NUMERIC", "VARCHAR(5)"])
@pytest.mark.parametrize("flags", [[], ["range"]], ids=["asked", "given"])
def test_texts_and_blobs_in_the_column_are_read_once(penstock, database, recipe, declared, flags):
    values = [1, 5, 9, 10, 11, 100, "5", "10", "abc", "", None, b"\x01", -3, 2.5]
    fill(database, values, declared)
    sql = "SELECT id, typeof(k) AS kind, k FROM t"
    types = "types: {columns: {k: text}}"
    whole = penstock("fetch", recipe(sql, source=types + "\n"), "-o", "whole.jsonl", "--on-lossy", "text")
    assert whole.code == 0, whole
    given = ", range: [0, 20]" if flags else ""
    source = f"{types}\npartition: {{column: k, count: 4{given}}}\n"
    parts = penstock("fetch", recipe(sql, source=source), "-o", "parts.jsonl", "--on-lossy", "text")
    assert parts.code == 0, parts
    lines = {name: sorted((penstock.cwd / name).read_text().splitlines()) for name in ("whole.jsonl", "parts.jsonl")}
    assert lines["parts.jsonl"] == lines["whole.jsonl"]
    assert len(lines["whole.jsonl"]) == len(values)


def test_a_plain_scan_is_split_by_rowid_and_the_receipt_has_the_rows_of_each(penstock, numbers):
    whole = read(penstock, "SELECT * FROM numbers")
    parts = read(penstock, "SELECT * FROM numbers", "--partitions", 4, name="y.arrow")
    assert partitions_of(penstock) == {"how": "rowid ranges of numbers", "rows": [25000] * 4}
    assert rows_of(parts) == rows_of(whole)


def test_the_receipt_of_a_plain_read_has_no_partitions(penstock, numbers):
    read(penstock, "SELECT * FROM numbers")
    assert "partitions" not in report(penstock)
    read(penstock, "SELECT * FROM numbers", "--partitions", 1)
    assert "partitions" not in report(penstock)


NOT_PLAIN = "the query is not a scan of one whole table; name a partition column"


@pytest.mark.parametrize("sql", [
    "SELECT * FROM numbers WHERE n > 5", "SELECT * FROM numbers ORDER BY word", "SELECT * FROM numbers LIMIT 50000",
    "SELECT count(*) AS c FROM numbers", "SELECT DISTINCT word FROM numbers", "SELECT * FROM plain_view",
    "SELECT a.n FROM numbers a JOIN numbers b ON a.n = b.n", "SELECT * FROM (SELECT * FROM numbers)",
    "SELECT n FROM numbers UNION ALL SELECT n FROM numbers", "SELECT n FROM numbers UNION ALL SELECT 5",
    "SELECT sum(n) OVER () AS s FROM numbers", "WITH a AS (SELECT * FROM numbers) SELECT * FROM a",
    "SELECT * FROM rowless", "SELECT * FROM hidden", "SELECT * FROM numbers WHERE 1", "SELECT * FROM rowid_view"])
def test_a_query_that_is_no_plain_scan_takes_one_connection_and_says_why(penstock, numbers, sql):
    with sqlite3.connect(numbers) as connection:
        connection.executescript("""
            CREATE VIEW plain_view AS SELECT * FROM numbers;
            CREATE VIEW rowid_view AS SELECT NULL AS rowid, n FROM numbers;
            CREATE TABLE rowless (a INTEGER PRIMARY KEY, b) WITHOUT ROWID;
            INSERT INTO rowless VALUES (1, 2), (3, 4);
            CREATE TABLE hidden (rowid TEXT, _rowid_ TEXT, oid TEXT);
            INSERT INTO hidden VALUES ('a', 'b', 'c');""")
    connection.close()
    whole = read(penstock, sql)
    result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", "y.arrow", "--report", "report.json",
                      "--partitions", "3")
    assert result.code == 0, result
    with pyarrow.ipc.open_file(penstock.cwd / "y.arrow") as file:
        assert rows_of(file.read_all()) == rows_of(whole)
    partitions = partitions_of(penstock)
    if partitions["rows"]:  # it is one after all, as SQLite's planner sees it
        assert sum(partitions["rows"]) == whole.num_rows
        assert partitions["how"] == "rowid ranges of numbers"
        return
    assert partitions == {"how": NOT_PLAIN, "rows": []}
    (told,) = [event for event in result.events if event["event"] == "sql_read_not_partitioned"]
    assert told["message"] == f"one connection: {NOT_PLAIN}"


def test_one_column_named_rowid_leaves_the_other_names(penstock, database):
    database.execute("CREATE TABLE t (rowid TEXT, n INTEGER)")
    database.executemany("INSERT INTO t VALUES (?, ?)", [("x", n) for n in range(100)])
    database.commit()
    assert read(penstock, "SELECT rowid AS r, n FROM t", "--partitions", 2).num_rows == 100
    assert partitions_of(penstock) == {"how": "rowid ranges of t", "rows": [50, 50]}


def test_the_same_rows_give_the_same_bytes_in_every_run(penstock, numbers):
    arguments = ["query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT * FROM numbers", "--partitions", "3",
                 "--batch-rows", "1000"]
    seen = set()
    for _ in range(5):
        assert penstock(*arguments, "-o", "x.parquet").code == 0
        seen.add((penstock.cwd / "x.parquet").read_bytes())
    assert len(seen) == 1


def test_rows_come_a_batch_of_each_part_in_turn_as_the_receipt_says(penstock, numbers):
    table = read(penstock, "SELECT n FROM numbers WHERE n <= 10", "--partition-on", "n", "--partitions", 2,
                 "--batch-rows", 2)
    assert partitions_of(penstock)["rows"] == [5, 5]
    assert table.column(0).to_pylist() == [1, 2, 6, 7, 3, 4, 8, 9, 5, 10]


def test_flags_win_over_the_recipe_and_a_column_alone_is_not_enough(penstock, numbers, recipe):
    path = recipe("SELECT * FROM numbers", source="partition: {column: n, count: 2, range: [1, 1000]}")
    assert penstock("fetch", path, "-o", "x.csv", "--report", "report.json").code == 0
    assert partitions_of(penstock) == {"how": "ranges of column 'n'", "rows": [500, 99500]}
    assert penstock("fetch", path, "-o", "x.csv", "--report", "report.json", "--partitions", "4").code == 0
    assert partitions_of(penstock)["rows"] == [250, 250, 250, 99250]
    assert penstock("fetch", path, "-o", "x.csv", "--report", "report.json", "--partitions", "1").code == 0
    assert "partitions" not in report(penstock)
    alone = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT 1 AS n", "-o", "x.csv", "--partition-on", "n")
    assert (alone.code, alone.error["message"]) == (2, "--partition-on needs --partitions N")
    for value in ("0", "257", "x", "-1"):
        result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT 1 AS n", "-o", "x.csv", "--partitions",
                          value)
        assert result.error["message"] == f"--partitions takes a whole number from 1 to 256, not '{value}'"


def test_a_column_that_is_not_in_the_result_is_named_with_the_nearest(penstock, numbers):
    result = read(penstock, "SELECT n, word FROM numbers", "--partition-on", "nn", "--partitions", 2, code=2)
    assert result.error["message"] == "partition column 'nn' is not a column of the result"
    assert result.error["hint"] == "did you mean 'n'?"


def test_text_that_would_close_the_bracket_around_it_is_refused_first(penstock, numbers):
    result = read(penstock, "SELECT n FROM numbers) AS x, (SELECT 1", "--partition-on", "n", "--partitions", 2, code=3)
    assert "syntax error" in result.error["message"]


def test_a_comment_at_the_end_does_not_swallow_the_bracket(penstock, numbers):
    for sql in ("SELECT * FROM numbers -- all", "SELECT * FROM numbers /* all */;"):
        assert read(penstock, sql, "--partition-on", "n", "--partitions", 3).num_rows == 100_000
        assert read(penstock, sql, "--partitions", 3).num_rows == 100_000


def test_a_value_that_each_connection_makes_for_itself_is_not_split_by(penstock, numbers):
    sql = "SELECT abs(random() % 100) AS k, n FROM numbers"
    table = read(penstock, sql, "--partition-on", "k", "--partitions", 3)
    assert sorted(table.column("n").to_pylist()) == list(range(1, 100_001))
    assert partitions_of(penstock) == {
        "how": "what random() gives is not the same in every connection", "rows": []}


CHANCE_VIEWS = """
    CREATE VIEW chance AS SELECT abs(random() % 100) AS k, n FROM numbers;
    CREATE VIEW over_chance AS SELECT a.k, a.n FROM chance a;
    CREATE VIEW bytes AS SELECT unicode(randomblob(1)) AS k, n FROM numbers;
    CREATE VIEW drawn AS SELECT n AS k, n FROM numbers ORDER BY random() LIMIT 1000;
    CREATE VIEW half AS SELECT n AS k, n FROM numbers WHERE random() % 2 = 0"""


@pytest.mark.parametrize("view, function, rows", [
    ("chance", "random", range(100_000, 100_001)), ("over_chance", "random", range(100_000, 100_001)),
    ("bytes", "randomblob", range(100_000, 100_001)), ("drawn", "random", range(1000, 1001)),
    ("half", "random", range(40_000, 60_000))])
def test_a_view_whose_rows_each_connection_makes_for_itself_is_read_by_one(penstock, numbers, view, function, rows):
    with sqlite3.connect(numbers) as connection:
        connection.executescript(CHANCE_VIEWS)
    connection.close()
    read_once = read(penstock, f"SELECT * FROM {view}", "--partition-on", "k", "--partitions", 3).column("n").to_pylist()
    assert len(set(read_once)) == len(read_once)
    assert len(read_once) in rows
    assert partitions_of(penstock) == {
        "how": f"what {function}() gives is not the same in every connection", "rows": []}


CLOCKS = {"now": "julianday('now')", "column": "julianday(moment)", "word": "julianday(CURRENT_TIMESTAMP)",
          "no_argument": "julianday()", "parameter": "julianday(:moment)", "view": "clock_now"}


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_the_time_of_day_is_one_in_all_parts(penstock, numbers, clock):
    with sqlite3.connect(numbers) as connection:
        connection.execute("CREATE VIEW moments AS SELECT n, 'now' AS moment, julianday('now') AS clock_now FROM numbers")
    connection.close()
    sql = f"SELECT (CAST({clock} * 86400000 AS INTEGER) * 7 + n) % 5000 AS k, n FROM moments"
    arguments = ["-p", "moment=now"] if ":moment" in sql else []
    for _ in range(3):
        table = read(penstock, sql, "--partition-on", "k", "--partitions", 3, *arguments)
        assert sorted(table.column("n").to_pylist()) == list(range(1, 100_001))
        assert partitions_of(penstock)["how"] == "ranges of column 'k'"
        assert len(partitions_of(penstock)["rows"]) == 3


def test_the_time_is_that_of_the_read(penstock, numbers):
    before = int(time.time())
    sql = "SELECT n, CAST(strftime('%s', 'now') AS INTEGER) AS at FROM numbers WHERE n < 100"
    (at,) = set(read(penstock, sql, "--partition-on", "n", "--partitions", 3).column("at").to_pylist())
    assert len(partitions_of(penstock)["rows"]) == 3
    assert before <= at <= time.time()


def test_a_parameter_keeps_its_value_in_every_part(penstock, numbers):
    table = read(penstock, "SELECT n FROM numbers WHERE n <= :most", "-p", "most=500", "--partition-on", "n",
                 "--partitions", 3)
    assert sorted(table.column(0).to_pylist()) == list(range(1, 501))


def test_a_cap_on_rows_holds_over_all_parts(penstock, numbers):
    result = read(penstock, "SELECT n FROM numbers", "--partitions", 4, "--max-rows", 99_999, code=3)
    assert result.error["code"] == "row_limit"
    assert read(penstock, "SELECT n FROM numbers", "--partitions", 4, "--max-rows", 100_000).num_rows == 100_000


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_all_parts(penstock, numbers, number, code):
    sql = "SELECT a.n, (SELECT count(*) FROM numbers b WHERE b.word > a.word) AS c FROM numbers a"
    process = penstock.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", "x.csv", "--partition-on", "n",
                             "--partitions", "3")
    wait_until(lambda: (penstock.cwd / "x.csv.lock").exists())
    time.sleep(0.3)
    process.send_signal(number)
    process.communicate(timeout=5)
    assert process.returncode == code
    assert left_in(penstock.cwd) == ["x.csv.lock"]


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_no_row_is_lost_or_read_twice_while_others_write(penstock, tmp_path, mode):
    path = tmp_path / "busy.db"
    with sqlite3.connect(path) as setup:
        setup.execute(f"PRAGMA journal_mode={mode}")
        setup.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, pair INTEGER, x INTEGER)")
        setup.executemany("INSERT INTO t VALUES (?, ?, ?)", [(n, n % 7, 0) for n in range(20_000)])
    setup.close()
    penstock.env["PENSTOCK_SHOP_DSN"] = f"sqlite:///{path}"
    done = threading.Event()

    def write():
        # Each transaction moves rows from one end to the other: their number never changes.
        connection = sqlite3.connect(path, timeout=30)
        low, high = 0, 20_000
        while not done.is_set():
            with connection:
                connection.execute("DELETE FROM t WHERE id BETWEEN ? AND ?", (low, low + 9))
                connection.executemany("INSERT INTO t VALUES (?, 0, 1)", [(high + n,) for n in range(10)])
            low, high = low + 10, high + 10
            time.sleep(0.002)
        connection.close()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for flags in (["--partitions", "3"], ["--partitions", "3", "--partition-on", "id"]) * 3:
            table = read(penstock, "SELECT id FROM t", *flags)
            ids = table.column(0).to_pylist()
            assert len(set(ids)) == len(ids) == 20_000
            assert max(ids) - min(ids) == 19_999
    finally:
        done.set()
        writing.join()


def test_a_table_of_one_row_or_none_is_read_by_one_connection_and_the_receipt_says_so(penstock, database):
    database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, k DECIMAL(10,2))")
    database.commit()
    for rows in (0, 1):
        table = read(penstock, "SELECT * FROM t", "--partitions", 4)
        assert table.num_rows == rows
        assert table.schema.field("k").type == pa.decimal128(10, 2)
        assert partitions_of(penstock) == {"how": "t has no more than one row", "rows": []}
        database.execute("INSERT INTO t (k) VALUES (NULL)")
        database.commit()
    assert read(penstock, "SELECT * FROM t", "--partitions", 4).num_rows == 2
    assert partitions_of(penstock) == {"how": "rowid ranges of t", "rows": [1, 1]}
