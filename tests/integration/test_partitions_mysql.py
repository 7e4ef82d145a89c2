"""Partitioned reads on MariaDB and MySQL: each row once, of one version, under a lock held for a moment; else one
connection, and why."""

import os
import subprocess
import threading
import time

import pytest

from conftest import Penstock, left_in, wait_until
from on_postgres import connected, variable
from test_partitions import COLUMNS, partitions_of, read, rows_of


class Client:
    """The servers' own client as root, over the socket: one session."""

    def __init__(self, server):
        self.words = ["mariadb", "--no-defaults", "--skip-ssl", "-u", "root", "-S",
                      variable(f"PENSTOCK_TEST_{server}_SOCKET"), "-N", "-B", "penstock"]
        self.environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}

    def run(self, sql):
        done = subprocess.run(self.words, input=sql.encode(), env=self.environment, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return [tuple(line.split("\t")) for line in done.stdout.decode().splitlines()]

    def start(self):
        return subprocess.Popen([*self.words, "-n", "--unbuffered"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                env=self.environment, text=True, bufsize=1)

    def sessions(self):
        """The sessions of the account that may lock, and what each runs."""
        return self.run("SELECT id, command, info FROM information_schema.processlist WHERE user = 'locker'")


# Each a column's type and its values.
KEYS = {
    **{name: ("BIGINT", COLUMNS[name])
       for name in ("nulls", "all_null", "negative", "edges", "equal", "one", "empty", "skewed")},
    "unsigned": ("BIGINT UNSIGNED", [0, 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1, None]),
    "tiny": ("TINYINT(1)", [-128, 127, 7, None]),
    "decimal": ("DECIMAL(20,4)", ["-1.5000", "-1.4999", "0.0000", "0.0001", "2.0000", None]),
    "long_decimal": ("DECIMAL(65,0)", ["-" + "9" * 65, "0", "9" * 65, "1" + "0" * 40]),
    "double": ("DOUBLE", ["-1.5", "-0.5", "0", "0.5", "1.5", "1e300", "-1e300", "9223372036854775807", None]),
    "float": ("FLOAT", ["-1.5", "0.25", "1e30", None]),
}

SETUP = """
CREATE TABLE parts_rows (id BIGINT PRIMARY KEY, word VARCHAR(100), `Odd ``name` INT) ENGINE=InnoDB;
CREATE TABLE parts_other (id BIGINT PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE parts_myisam (id INT) ENGINE=MyISAM;
INSERT INTO parts_myisam VALUES (1), (2), (3);
CREATE TABLE parts_memory (id INT) ENGINE=MEMORY;
CREATE VIEW parts_view AS SELECT * FROM parts_rows;
CREATE VIEW parts_chance_view AS SELECT id, FLOOR(RAND() * 100) AS k FROM parts_rows;
CREATE FUNCTION parts_function() RETURNS BIGINT READS SQL DATA RETURN (SELECT max(id) FROM parts_myisam);
DELIMITER //
CREATE FUNCTION parts_writing() RETURNS BIGINT MODIFIES SQL DATA
  BEGIN INSERT INTO parts_other VALUES (1); RETURN 1; END //
DELIMITER ;
CREATE TABLE parts_low (id BIGINT PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE parts_high (id BIGINT PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE parts_parent (id BIGINT PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE parts_child (id BIGINT PRIMARY KEY, parent BIGINT,
  FOREIGN KEY (parent) REFERENCES parts_parent (id) ON DELETE CASCADE) ENGINE=InnoDB;
"""
TABLES = ("rows", "other", "made", "myisam", "memory", "low", "high", "child", "parent", *(f"key_{name}" for name in KEYS))
DROP = "".join(f"DROP TABLE IF EXISTS parts_{name};" for name in TABLES) + (
    "DROP VIEW IF EXISTS parts_view; DROP VIEW IF EXISTS parts_chance_view; "
    "DROP FUNCTION IF EXISTS parts_function; DROP FUNCTION IF EXISTS parts_writing;")


def inserts(table, rows):
    return f"INSERT INTO {table} VALUES {', '.join(rows)};" if rows else ""


@pytest.fixture(scope="module", params=["MARIADB", "MYSQL"])
def server(request):
    client = Client(request.param)
    keys = "".join(
        f"CREATE TABLE parts_key_{name} (id INT PRIMARY KEY, k {kind}, KEY (k)) ENGINE=InnoDB;" + inserts(
            f"parts_key_{name}", [f"({n}, {'NULL' if value is None else value})" for n, value in enumerate(values)])
        for name, (kind, values) in KEYS.items())
    client.run(DROP + SETUP + keys + inserts("parts_rows", [f"({n}, 'word {n}', {n % 7})" for n in range(1, 5001)]))
    yield request.param
    client.run(DROP)


@pytest.fixture
def client(server):
    return Client(server)


@pytest.fixture
def my(tmp_path, server):
    """The program, with an account that may read and lock."""
    return connected(Penstock(tmp_path), variable(f"PENSTOCK_TEST_{server}_LOCKER_DSN"))


def read_of_one_connection(penstock, sql, *arguments):
    """The rows, and why only one connection read them, which the report and an event say."""
    result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", "x.csv", "--report", "report.json",
                      "--partition-on", "id", "--partitions", "2", *arguments)
    assert result.code == 0, result
    partitions = partitions_of(penstock)
    assert partitions["rows"] == []
    (told,) = [event for event in result.events if event["event"] == "sql_read_not_partitioned"]
    assert told["message"] == f"one connection: {partitions['how']}"
    return (penstock.cwd / "x.csv").read_text().splitlines()[1:], partitions["how"]


@pytest.mark.parametrize("name", KEYS)
def test_each_row_is_read_once_whatever_is_in_the_column(my, name):
    sql = f"SELECT id, k, CAST(k AS CHAR(70)) AS t FROM parts_key_{name}"
    whole = read(my, sql)
    parts = read(my, sql, "--partition-on", "k", "--partitions", 3)
    assert rows_of(parts) == rows_of(whole)
    assert parts.schema == whole.schema
    partitions = partitions_of(my)
    if name in ("all_null", "empty"):
        assert partitions == {"how": "column 'k' has no numbers to split by", "rows": []}
    elif name in ("equal", "one"):
        (value,) = set(COLUMNS[name])
        assert partitions == {"how": f"column 'k' has one whole number, {value}, and so no ranges", "rows": []}
    else:
        assert partitions["how"] == "ranges of column 'k'"
        assert len(partitions["rows"]) in (2, 3)
        assert sum(partitions["rows"]) == whole.num_rows


def test_rows_are_split_evenly_and_each_part_keeps_the_parameters(my):
    table = read(my, "SELECT * FROM parts_rows WHERE id <= :most AND word <> :word", "-p", "most=4000", "-p",
                 "word=wörd", "--partition-on", "id", "--partitions", 4)
    assert sorted(table.column("id").to_pylist()) == list(range(1, 4001))
    assert partitions_of(my) == {"how": "ranges of column 'id'", "rows": [1000] * 4}


def test_a_given_range_asks_nothing_and_loses_nothing(my, recipe):
    path = recipe("SELECT * FROM parts_rows", source="partition: {column: id, count: 2, range: [100, 300]}")
    result = my("fetch", path, "-o", "x.csv", "--report", "report.json")
    assert result.code == 0, result
    assert partitions_of(my) == {"how": "ranges of column 'id'", "rows": [199, 4801]}


def test_a_column_with_an_odd_name_and_a_comment_at_the_end(my):
    table = read(my, "SELECT * FROM parts_rows -- all", "--partition-on", "Odd `name", "--partitions", 3)
    assert sorted(table.column("id").to_pylist()) == list(range(1, 5001))
    assert len(partitions_of(my)["rows"]) == 3


def test_the_same_rows_give_the_same_bytes_in_every_run(my):
    seen = set()
    for _ in range(3):
        result = my("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT * FROM parts_rows", "--partition-on", "id",
                    "--partitions", "3", "--batch-rows", "300", "-o", "x.parquet")
        assert result.code == 0, result
        seen.add((my.cwd / "x.parquet").read_bytes())
    assert len(seen) == 1


def test_a_column_that_is_no_number_or_not_there_is_refused(my):
    result = read(my, "SELECT id, word FROM parts_rows", "--partition-on", "word", "--partitions", 2, code=2)
    assert result.error["message"] == "partition column 'word' is varchar(100), and only a number can be split"
    result = read(my, "SELECT id, word FROM parts_rows", "--partition-on", "i", "--partitions", 2, code=2)
    assert result.error["message"] == "partition column 'i' is not a column of the result"


def test_an_account_that_may_not_lock_reads_by_one_connection(my, server):
    connected(my, variable(f"PENSTOCK_TEST_{server}_DSN"))
    rows, why = read_of_one_connection(my, "SELECT id FROM parts_rows")
    assert len(rows) == 5000
    assert why == ("the account may not LOCK TABLES `penstock`.`parts_rows` for the moment in which several "
                   "connections take one snapshot")


@pytest.mark.parametrize("sql, why", [
    ("SELECT id FROM parts_myisam", "penstock.parts_myisam is kept by MyISAM, which has no snapshots"),
    ("SELECT a.id FROM parts_rows a LEFT JOIN parts_memory b ON a.id = b.id",
     "penstock.parts_memory is kept by MEMORY, which has no snapshots"),
    ("SELECT id FROM parts_view", "penstock.parts_view is a view, and what it reads is not known"),
    ("SELECT id FROM parts_rows WHERE id > parts_function()",
     "penstock.parts_function is a stored routine, and what it reads is not known"),
    ("SELECT CAST(1 AS SIGNED) AS id", "the query names no table that could be locked"),
    ("SELECT id FROM parts_rows LIMIT 9", "with LIMIT each connection might take other rows"),
    ("SELECT id FROM parts_rows WHERE rand() < 2", "with RAND each connection might take other rows"),
    ("SELECT id FROM parts_rows LOCK IN SHARE MODE", "with SHARE each connection might take other rows"),
    ("SELECT id FROM parts_chance_view", "penstock.parts_chance_view is a view, and what it reads is not known")])
def test_what_cannot_be_shown_to_be_of_one_version_is_read_by_one_connection(my, sql, why):
    assert read_of_one_connection(my, sql)[1] == why


@pytest.mark.parametrize("expression, word", [
    ("CONNECTION_ID() * 7 % 1000 + id % 1000", "CONNECTION_ID"), ("ORD(UUID()) + id % 1000", "UUID"),
    ("MICROSECOND(SYSDATE(6)) % 1000 + id % 1000", "SYSDATE"), ("LAST_INSERT_ID(id)", "LAST_INSERT_ID"),
    ("@@pseudo_thread_id * 7 % 1000 + id % 1000", "@@"), ("CAST(GET_LOCK('penstock', 0) AS SIGNED) + id", "GET_LOCK"),
    ("CAST(@n := 1 AS SIGNED) + id", ":=")])
def test_what_each_session_makes_for_itself_is_not_split_by(my, expression, word):
    table = read(my, f"SELECT id, {expression} AS k FROM parts_rows", "--partition-on", "k", "--partitions", 3)
    assert sorted(table.column("id").to_pylist()) == list(range(1, 5001))
    assert partitions_of(my) == {"how": f"with {word} each connection might take other rows", "rows": []}


@pytest.mark.parametrize("expression", [
    "MICROSECOND(NOW(6))", "MICROSECOND(CURRENT_TIMESTAMP(6))", "MICROSECOND(UTC_TIMESTAMP(6))",
    "MICROSECOND(CURTIME(6))", "CAST(UNIX_TIMESTAMP() * 7919 AS SIGNED)"])
def test_the_time_of_day_is_one_in_all_parts(my, expression):
    for _ in range(3):
        before = int(time.time())
        table = read(my, f"SELECT id, ({expression} + id) % 1000 AS k, CAST(UNIX_TIMESTAMP() AS SIGNED) AS at "
                         "FROM parts_rows", "--partition-on", "k", "--partitions", 3)
        assert sorted(table.column("id").to_pylist()) == list(range(1, 5001))
        assert partitions_of(my)["how"] == "ranges of column 'k'"
        assert len(partitions_of(my)["rows"]) == 3
        (at,) = set(table.column("at").to_pylist())
        assert before <= at <= time.time()


def test_a_column_that_the_server_makes_anew_for_each_session_is_not_split_by(my, server, client):
    # MySQL takes no such expression in a column.
    made = "id % 1000" if server == "MYSQL" else "FLOOR(RAND() * 100)"
    client.run(f"DROP TABLE IF EXISTS parts_made; CREATE TABLE parts_made (id INT PRIMARY KEY, k INT AS ({made}) VIRTUAL); "
               "INSERT INTO parts_made (id) SELECT id FROM parts_rows")
    table = read(my, "SELECT id, k FROM parts_made", "--partition-on", "k", "--partitions", 3)
    assert sorted(table.column("id").to_pylist()) == list(range(1, 5001))
    assert partitions_of(my)["how"] == (
        "ranges of column 'k'" if server == "MYSQL"
        else "with RAND in a column of penstock.parts_made each connection might take other rows")


def test_an_expression_has_the_type_that_it_has_in_one_read(my):
    sql = "SELECT id, k + 1 AS more, 1 AS one, NULL AS nothing FROM parts_key_tiny"
    whole = read(my, sql)
    parts = read(my, sql, "--partition-on", "id", "--partitions", 3)
    assert parts.schema == whole.schema
    assert rows_of(parts) == rows_of(whole)


def test_without_a_column_there_is_one_connection(my):
    result = my("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT id FROM parts_rows", "-o", "x.csv", "--report",
                "report.json", "--partitions", "3")
    assert result.code == 0, result
    assert partitions_of(my) == {
        "how": "rows have no places here to split by; name a partition column", "rows": []}


def test_a_query_that_is_another_inside_a_query_is_read_by_one_connection(my, recipe):
    path = recipe("SELECT id, word, word FROM parts_rows",
                  source="types: {duplicates: rename}\npartition: {column: id, count: 2}\n")
    result = my("fetch", path, "-o", "x.csv", "--report", "report.json")
    assert result.code == 0, result
    assert "Duplicate column name 'word'" in partitions_of(my)["how"]


def test_a_query_that_would_write_is_refused_in_every_way(my, server, client):
    connected(my, variable(f"PENSTOCK_TEST_{server}_WRITER_DSN"))
    for sql, code in (("INSERT INTO parts_other VALUES (1)", "not_a_read"), ("UNLOCK TABLES", "not_a_read"),
                      ("SELECT id FROM parts_rows WHERE id > parts_writing()", "not_a_read"),
                      ("SELECT id FROM parts_rows) AS x, (SELECT 1", "query_failed")):
        result = read(my, sql, "--partition-on", "id", "--partitions", 2, code=3)
        assert result.error["code"] == code, result
    assert client.run("SELECT count(*) FROM parts_other") == [("0",)]


def test_no_row_is_lost_or_read_twice_while_others_write(my, client):
    # Each transaction moves rows from one table to another and replaces a parent with all its children, who go by the
    # cascade of a foreign key: none of these numbers ever changes.
    rows = 400
    client.run("DELETE FROM parts_low; DELETE FROM parts_high; DELETE FROM parts_parent;"
               + inserts("parts_low", [f"({n})" for n in range(rows)])
               + inserts("parts_parent", [f"({n})" for n in range(40)])
               + inserts("parts_child", [f"({n}, {n // 10})" for n in range(rows)]))
    done = threading.Event()
    writer = client.start()

    def write():
        turn = 0
        while not done.is_set():
            low, high = ("parts_low", "parts_high") if (turn // 40) % 2 == 0 else ("parts_high", "parts_low")
            first = turn % 40 * 10
            children = ", ".join(f"({(turn + 40) * 10 + n}, {turn + 40})" for n in range(10))
            writer.stdin.write(
                f"BEGIN; DELETE FROM {low} WHERE id BETWEEN {first} AND {first + 9}; "
                f"INSERT INTO {high} VALUES {', '.join(f'({first + n})' for n in range(10))}; "
                f"DELETE FROM parts_parent WHERE id = {turn}; INSERT INTO parts_parent VALUES ({turn + 40}); "
                f"INSERT INTO parts_child VALUES {children}; COMMIT; SELECT {turn};\n")
            writer.stdin.flush()
            assert writer.stdout.readline().strip() == str(turn)
            turn += 1
            time.sleep(0.001)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        wait_until(lambda: client.run("SELECT max(id) > 60 FROM parts_parent") == [("1",)])
        partitioned = 0
        for _ in range(4):
            ids = read(my, "SELECT id FROM parts_low UNION ALL SELECT id FROM parts_high", "--partition-on", "id",
                       "--partitions", 3).column(0).to_pylist()
            assert sorted(ids) == list(range(rows))
            partitioned += len(partitions_of(my)["rows"]) == 3
            ids = read(my, "SELECT id, parent FROM parts_child", "--partition-on", "id", "--partitions",
                       3).column(0).to_pylist()
            assert sorted(ids) == list(range(min(ids), min(ids) + rows))
            partitioned += len(partitions_of(my)["rows"]) == 3
        assert partitioned >= 4  # the lock is had, too, between the writes
        assert writing.is_alive()
    finally:
        done.set()
        writing.join()
        writer.communicate()


def test_a_lock_that_is_not_to_be_had_soon_is_given_up_and_holds_nobody_up(my, client):
    holder = client.start()
    holder.stdin.write("BEGIN; INSERT INTO parts_rows VALUES (9999, 'not yet', 0); SELECT 'held';\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "held\n"
    try:
        process = my.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT id FROM parts_rows", "-o", "x.csv",
                           "--report", "report.json", "--partition-on", "id", "--partitions", "2")
        wait_until(lambda: any("LOCK TABLES" in session[2] for session in client.sessions()))
        client.run("SET lock_wait_timeout = 1; INSERT INTO parts_rows VALUES (9998, 'at once', 0); "
                   "DELETE FROM parts_rows WHERE id = 9998")
        process.communicate(timeout=60)
        assert process.returncode == 0
        partitions = partitions_of(my)
        assert partitions["rows"] == []
        assert partitions["how"].startswith("no snapshot could be taken under a brief lock on `penstock`.`parts_rows`: "
                                            "Lock wait timeout exceeded")
        assert len((my.cwd / "x.csv").read_text().splitlines()) == 5001
    finally:
        holder.communicate("ROLLBACK;\n")


def test_the_lock_is_gone_while_rows_come_and_writers_go_on(my, client):
    sql = "SELECT a.id, a.word, b.id AS other FROM parts_rows a JOIN parts_rows b"
    process = my.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", "-", "--format", "csv", "--partition-on",
                       "id", "--partitions", "2")
    try:
        assert process.stdout.readline()  # and no more: the rows wait for their reader
        assert len(client.sessions()) == 2
        client.run("SET lock_wait_timeout = 1; INSERT INTO parts_rows VALUES (9999, 'new', 0); "
                   "DELETE FROM parts_rows WHERE id = 9999")
        assert process.poll() is None
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 143
        wait_until(lambda: not client.sessions())
    finally:
        process.kill()
        process.wait()
    assert left_in(my.cwd) == []


def test_a_partition_that_fails_fails_the_whole(my):
    sql = ("SELECT id, (SELECT 1 UNION ALL SELECT id FROM parts_rows b WHERE a.id = 4000 AND b.id = 1) AS x "
           "FROM parts_rows a")
    result = read(my, sql, "--partition-on", "id", "--partitions", 3, code=3)
    assert result.error["message"] == "Subquery returns more than 1 row"
