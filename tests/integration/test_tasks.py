"""Tasks on SQLite, PostgreSQL, MariaDB and MySQL: what they read, what they change, what they leave alone."""

import fcntl
import json
import signal
import sqlite3
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from task_shop import HOSTILE_VALUES, TABLE, Shop, stocked
from test_conformance import DIALECTS

@pytest.fixture(params=list(DIALECTS))
def shop(request, tmp_path):
    yield from stocked(request.param, tmp_path)


# FT-001, FT-003
def test_a_task_reads_with_its_inputs_bound(shop):
    head = "inputs: {least: int, skus: 'list[str]', like: {type: str, default: P}, most: {type: int, default: 10}}"
    query = (f"SELECT sku, pieces FROM {TABLE} WHERE pieces >= {{{{ .inputs.least }}}} AND sku IN ({{{{ skus }}}}) "
             "AND sku LIKE '{{ .like }}%' ORDER BY sku LIMIT {{.inputs.most}}")
    assert shop.rows(query, "-i", "least=5", "-i", 'skus=["P-1","P-2","P-3"]', head=head) == [
        {"sku": "P-1", "pieces": 5}, {"sku": "P-2", "pieces": 7}]
    assert shop.rows(query, "-i", "least=0", "-i", "skus=[]", head=head) == []
    assert shop.rows(query.replace("sku IN", "sku NOT IN"), "-i", "least=0", "-i", "skus=[]", "-i", "most=1",
                     head=head) == [{"sku": "P-1", "pieces": 5}]


# FT-003
def test_a_text_is_a_text_whatever_is_in_it(shop):
    head = "inputs: {note: {type: str, nullable: true}}"
    for note, found in [("a'b", ["P-1"]), ("' OR '1'='1", []), ("50%", ["P-3"]), ("{{ .inputs.note }}", []),
                        ("\\", []), ("$1 ? :x", [])]:
        for query in ("note = {{ note }}", "note = '{{ note }}'", "{{ note }} = note"):
            rows = shop.rows(f"SELECT sku FROM {TABLE} WHERE {query}", "-i", f"note={note}", head=head)
            assert [row["sku"] for row in rows] == found, (query, note)
    (shop.folder / "none.json").write_text('{"note": null}')
    rows = shop.rows(f"SELECT sku FROM {TABLE} WHERE note IS {{{{ note }}}}", "--inputs", "none.json", head=head)
    assert [row["sku"] for row in rows] == ["P-2"]


# FT-003
def test_names_and_keywords_come_from_identifiers_and_choices(shop):
    head = "inputs: {t: identifier, c: identifier, dir: {choice: [ASC, DESC]}}"
    query = "SELECT {{ c }} FROM {{ t }} ORDER BY {{ c }} {{ dir }}"
    rows = shop.rows(query, "-i", f"t={TABLE}", "-i", "c=sku", "-i", "dir=DESC", head=head)
    assert [row["sku"] for row in rows] == ["P-3", "P-2", "P-1"]
    rows = shop.rows(query.replace("{{ t }}", TABLE[:-5] + "{{ t }}"), "-i", "t=stock", "-i", "c=sku", "-i", "dir=ASC",
                     head=head)
    assert [row["sku"] for row in rows] == ["P-1", "P-2", "P-3"]
    refused = shop.run(query, "-i", f"t={TABLE}; DROP TABLE {TABLE}", "-i", "c=sku", "-i", "dir=ASC", head=head)
    assert refused.error["code"] == "task_input_name"


# FT-004
def test_every_type_of_input_reaches_the_database(shop):
    head = ("inputs: {i: int, f: float, s: str, b: bool, d: date, at: datetime, y: bytes}\n"
            "output: {i: int, f: float, s: str, b: bool}")
    text = {"postgresql": "CAST({{s}} AS text)", "sqlite": "{{s}}"}.get(shop.dialect, "CAST({{s}} AS CHAR)")
    rows = shop.rows(f"SELECT {{{{i}}}} AS i, {{{{f}}}} + 0 AS f, {text} AS s, {{{{b}}}} AS b "
                     f"FROM {TABLE} WHERE since = {{{{d}}}} AND since < {{{{at}}}} AND {{{{y}}}} IS NOT NULL",
                     "-i", "i=9007199254740993", "-i", "f=2.5", "-i", "s=x", "-i", "b=true", "-i", "d=2026-02-01",
                     "-i", "at=2026-02-01T00:00:00.5", "-i", "y=hex:00ff", head=head)
    assert rows == [{"i": 9007199254740993, "f": 2.5, "s": "x", "b": True}]
    later = {"postgresql": "CAST(since AS timestamp) + {{l}}", "sqlite": "datetime(since, {{l}})"}.get(
        shop.dialect, "ADDTIME(CAST(since AS DATETIME), {{l}})")
    rows = shop.rows(f"SELECT sku FROM {TABLE} WHERE {later} = '2026-02-02 02:00:00'", "-i", "l=P1DT2H",
                     head="inputs: {l: timedelta}")
    assert rows == [{"sku": "P-2"}]


# FT-004
def test_a_wrong_input_is_refused_before_connecting(shop):
    shop.penstock.env["PENSTOCK_SHOP_DSN"] = "postgresql://u@nobody.invalid/x"
    query, head = "SELECT {{ n }}", "inputs: {n: {type: int, description: how many}}"
    missing = shop.run(query, head=head)
    assert missing.code == 2
    assert missing.error["error_type"] == "TaskError"
    assert missing.error["message"] == "input 'n' is missing: int, how many"
    assert missing.error["hint"] == "give it with -i n=10"
    assert shop.run(query, "-i", "n=many", head=head).error["code"] == "task_input_type"
    assert shop.run(query, "-i", "m=1", head=head).error["code"] == "task_input_unknown"
    assert shop.run("SELECT {{ n | upper }}", "-i", "n=1", head=head).error["code"] == "template_filter"


# FT-005
def test_the_result_is_checked_against_the_declared_output(shop):
    table = f"FROM {TABLE} ORDER BY sku"
    rows = shop.rows(f"SELECT pieces, sku {table}", head="output: {sku: str, pieces: {type: int16, nullable: false}}")
    assert rows[0] == {"sku": "P-1", "pieces": 5}
    schema = pq.read_schema(shop.folder / "out.parquet")
    assert schema.field("pieces").type == pa.int16() and not schema.field("pieces").nullable
    for output, code, words in [
            ("{sku: str, missing: int}", "task_output_missing", ["'missing'", "int"]),
            ("{pieces: int}", "task_output_extra", ["'sku'"]),
            ("{sku: int, pieces: int}", ("task_output_value", "task_output_type"), ["'sku'", "int"]),
            ("{sku: str, pieces: date}", "task_output_type", ["'pieces'", "date"])]:
        left_in_out = shop.run(f"SELECT pieces, sku {table}", "-o", "no.parquet", head=f"output: {output}")
        assert left_in_out.code == 2, left_in_out
        assert left_in_out.error["code"] in code
        assert all(word in left_in_out.error["message"] for word in words)
    null = shop.run(f"SELECT note {table}", "-o", "no.parquet", head="output: {note: {type: str, nullable: false}}")
    assert null.error["code"] == "task_output_null"
    assert null.error["message"].startswith("row 2 has NULL in column 'note'")
    narrow = shop.run(f"SELECT pieces * 1000 AS n {table}", "-o", "no.parquet", head="output: {n: int8}")
    assert narrow.error["code"] == "task_output_value"
    assert narrow.error["message"].startswith("row 1: the value of column 'n'")
    assert not (shop.folder / "no.parquet").exists()
    assert shop.rows(f"SELECT pieces, sku {table} LIMIT 1", head="output: {sku: str}\nextra_columns: drop") == [
        {"sku": "P-1"}]
    assert shop.rows(f"SELECT sum(pieces) AS n, avg(pieces) AS a FROM {TABLE}", head="output: {n: int, a: float}") == [
        {"n": 12, "a": 4.0}]


# FT-006, FT-007
def test_changes_are_committed_and_counted(shop):
    head = "inputs: {amount: int, sku: str}\noutput: none"
    query = (f"UPDATE {TABLE} SET pieces = pieces + {{{{ amount }}}} WHERE sku = {{{{ sku }}}};\n"
             f"INSERT INTO {TABLE} (sku, pieces) VALUES ('P-4', {{{{ amount }}}}), ('P-5', 1);\n"
             f"DELETE FROM {TABLE} WHERE pieces = 0;")
    result = shop.run(query, "-i", "amount=3", "-i", "sku=P-1", "--report", "r.json", head=head, access="read_write")
    assert result.code == 0, result
    report = json.loads((shop.folder / "r.json").read_text())
    assert [(one["statement"], one["rows_affected"]) for one in report["statements"]] == [
        ("UPDATE", 1), ("INSERT", 2), ("DELETE", 1)]
    assert report["access"] == "read_write" and report["rows"] is None
    assert shop.pieces() == {"P-1": 8, "P-2": 7, "P-4": 3, "P-5": 1}
    told = [name for name in result.names() if name != "sql_dsn_tls_not_configured"]
    assert told == ["task_statement"] * 3 + ["task_complete"]


# FT-006
def test_any_error_rolls_everything_back(shop):
    before = shop.hash()
    for last in (f"INSERT INTO {TABLE} (sku, pieces) VALUES ('P-2', 1)",   # a duplicate key
                 f"UPDATE {TABLE} SET pieces = NULL",                        # NOT NULL
                 "SELECT * FROM penstock_no_such_table", "SELEC 1"):
        result = shop.run(f"UPDATE {TABLE} SET pieces = 99;\nDELETE FROM {TABLE} WHERE sku = 'P-3';\n{last}",
                          access="read_write")
        assert result.code in (2, 3), result
        assert result.error["error_type"] in ("DataSourceError", "TaskError")
        if shop.dialect != "sqlite" and "SELEC 1" not in last:
            assert len(result.error["sqlstate"]) == 5  # FT-011
        assert shop.hash() == before, last


# FT-005, FT-006
def test_a_result_that_is_not_what_was_declared_changes_nothing(shop):
    before = shop.hash()
    change = f"UPDATE {TABLE} SET pieces = 99;\nSELECT note FROM {TABLE}"
    for head, code in [("output: {n: int}", "task_output_missing"),
                       ("output: {note: {type: str, nullable: false}}", "task_output_null")]:
        result = shop.run(change, "-o", "out.csv", head=head, access="read_write")
        assert result.error["code"] == code
    result = shop.run(f"UPDATE {TABLE} SET pieces = 99", "-o", "out.csv", access="read_write")
    assert result.error["code"] == "task_no_rows"
    assert shop.hash() == before
    assert not (shop.folder / "out.csv").exists()


# FT-006, FT-007
def test_rows_of_a_change_are_its_output(shop):
    if shop.dialect == "mysql":
        query = f"UPDATE {TABLE} SET pieces = 1 WHERE sku = 'P-1'; SELECT sku, pieces FROM {TABLE} WHERE sku = 'P-1'"
    elif shop.dialect == "postgresql":
        query = (f"WITH done AS (UPDATE {TABLE} SET pieces = 1 WHERE sku = 'P-1' RETURNING sku, pieces) "
                 "SELECT * FROM done")
    elif shop.dialect == "mariadb":
        query = f"REPLACE INTO {TABLE} (sku, pieces) VALUES ('P-1', 1) RETURNING sku, pieces"
    else:
        query = f"UPDATE {TABLE} SET pieces = 1 WHERE sku = 'P-1' RETURNING sku, pieces"
    result = shop.run(query, "-o", "out.csv", access="read_write", head="output: {sku: str, pieces: int}")
    assert result.code == 0, result
    assert (shop.folder / "out.csv").read_text().splitlines()[1].replace('"', "") == "P-1,1"
    assert shop.pieces()["P-1"] == 1


# FT-006
def test_a_change_of_the_schema_and_what_the_server_commits_by_itself(shop):
    commits = shop.dialect in ("mariadb", "mysql")
    result = shop.run(f"CREATE TABLE {TABLE}_new (a integer);\nINSERT INTO {TABLE}_new VALUES (1);",
                      "--report", "r.json", access="read_write", head="output: none")
    assert result.code == 0, result
    report = json.loads((shop.folder / "r.json").read_text())
    assert [one["committed_by_server"] for one in report["statements"]] == [commits, False]
    assert shop.database.count(f"{TABLE}_new") == 1
    failed = shop.run(f"INSERT INTO {TABLE}_new VALUES (2);\nALTER TABLE {TABLE}_new ADD COLUMN b integer;\n"
                      f"INSERT INTO {TABLE}_new VALUES (3, 3);\nINSERT INTO {TABLE}_no VALUES (1);",
                      access="read_write")
    assert failed.code == 3
    assert ("statements 1 to 2 stay" in failed.error["message"]) == commits
    assert shop.database.count(f"{TABLE}_new") == (2 if commits else 1)


# FT-006
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_rolls_back(shop, name):
    before = shop.hash()
    endless = {"sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
               "postgresql": "SELECT pg_sleep(60)"}.get(shop.dialect, "SELECT SLEEP(60)")
    process = shop.penstock.start("run", shop.task(f"UPDATE {TABLE} SET pieces = 99;\n{endless}", access="read_write"),
                                  "-o", "out.csv")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1.5)
    process.send_signal(name)
    process.communicate(timeout=30)
    assert process.returncode == 128 + name
    assert shop.hash() == before
    assert not (shop.folder / "out.csv").exists()




# FT-003, FT-006
def test_no_input_of_any_shape_changes_a_row(shop):
    """In every place where an input may stand, in a session that could write."""
    before = shop.hash()
    head = "inputs: {x: str, l: 'list[str]'}"
    query = (f"SELECT sku FROM {TABLE} WHERE note = {{{{ x }}}} OR note = '{{{{ x }}}}' OR note LIKE '%{{{{x}}}}-{{{{x}}}}%' "
             f"OR sku IN ({{{{ l }}}}) OR sku IN {{{{ l }}}}\n-- {{{{ x }}}}")
    task = shop.task(query, head, access="read_write")
    for value in HOSTILE_VALUES:
        value = value.replace("{t}", TABLE)
        (shop.folder / "i.json").write_text(json.dumps({"x": value, "l": [value, value]}))
        result = shop.penstock("run", task, "--inputs", "i.json", "-o", "out.csv")
        assert result.code == 0, (value, result)
        assert (shop.folder / "out.csv").read_text().splitlines()[1:] == [], value
    assert shop.hash() == before
    identifiers = shop.task("SELECT {{ t }} FROM {{ t }} AS x_{{ t }}", "inputs: {t: identifier}", access="read_write")
    for value in HOSTILE_VALUES:
        (shop.folder / "i.json").write_text(json.dumps({"t": value.replace("{t}", TABLE)}))
        assert shop.penstock("run", identifiers, "--inputs", "i.json", "-o", "out.csv").code in (2, 3), value
    assert shop.hash() == before


# FT-006, RS-013
def test_no_query_of_a_reading_task_changes_a_row(shop):
    before = shop.hash()
    for query in (f"DELETE FROM {TABLE}", f"UPDATE {TABLE} SET pieces = 0", f"DROP TABLE {TABLE}",
                  f"INSERT INTO {TABLE} (sku, pieces) VALUES ('x', 1)", f"SELECT 1; DELETE FROM {TABLE}",
                  f"WITH d AS (DELETE FROM {TABLE} RETURNING 1) SELECT * FROM d", f"COMMIT; DELETE FROM {TABLE}",
                  f"DELETE FROM {TABLE} RETURNING sku", f"REPLACE INTO {TABLE} (sku, pieces) VALUES ('P-1', 0)",
                  f"CREATE TABLE {TABLE}_new (a integer)", f"TRUNCATE TABLE {TABLE}"):
        result = shop.run(query, "-o", "out.csv")
        assert result.code in (2, 3), (query, result)
        assert shop.hash() == before, query


# FT-006
def test_a_writing_task_cannot_leave_its_transaction(shop):
    before = shop.hash()
    for word in ("COMMIT", "ROLLBACK", "BEGIN", "START TRANSACTION", "SAVEPOINT a", "SET a = 1", "CALL a()", "DO 1",
                 "COPY a TO STDOUT", "LOAD DATA INFILE '/x' INTO TABLE a", "PRAGMA journal_mode = DELETE",
                 "ATTACH 'x.db' AS x", "VACUUM", "GRANT ALL ON a TO b", "LOCK TABLES a WRITE", "EXPLAIN SELECT 1",
                 "PREPARE TRANSACTION 'a'", "KILL 1", "FLUSH TABLES", "SHOW TABLES"):
        result = shop.run(f"UPDATE {TABLE} SET pieces = 99;\n{word}", access="read_write")
        assert result.code == 3, (word, result)
        assert result.error["code"] == "not_a_change", word
        assert shop.hash() == before, word


# FT-006
def test_rows_go_to_standard_output_and_to_a_terminal(shop):
    shop.penstock.env["PENSTOCK_SHOP_DSN"] = shop.database.dsn
    task = shop.task(f"SELECT sku, pieces FROM {TABLE} ORDER BY sku")
    assert shop.penstock("run", task).out.replace('"', "") == "sku,pieces\nP-1,5\nP-2,7\nP-3,0\n"
    screen = shop.penstock.on_terminal("run", task)
    assert "P-2" in screen.text and "3 rows" in screen.text
    task = shop.task(f"UPDATE {TABLE} SET pieces = 1", access="read_write")
    screen = shop.penstock.on_terminal("run", task)
    assert screen.code == 0
    assert "statement 1, UPDATE, 3 rows changed" in screen.text and "t: committed" in screen.text


# FT-001
def test_describe_validate_and_plan(shop):
    head = "description: Finds stock\ninputs: {least: {type: int, default: 3, description: pieces}}\noutput: {sku: str}"
    task = shop.task(f"SELECT sku FROM {TABLE} WHERE pieces > {{{{ least }}}}", head)
    described = shop.penstock("run", task, "--describe")
    assert described.out == ("t (reads)\nFinds stock\n\nInputs:\n  -i least=10  int, default 3: pieces\n\n"
                             "Output:\n  sku  str\n")
    validated = shop.penstock("validate", task)
    assert validated.code == 0, validated
    assert "SELECT 1 answered" in validated.out and "least" in validated.out
    assert shop.penstock("validate", task, "--offline").code == 0
    plan = shop.penstock("plan", task, "--json")
    assert plan.code == 0, plan
    assert [column["name"] for column in plan.json["columns"]] == ["sku"]
    bad = shop.task("SELECT * FROM {{ least }}", head)
    assert shop.penstock("validate", bad, "--offline").error["code"] == "template_position"
    write = shop.task(f"UPDATE {TABLE} SET pieces = 1;\nDELETE FROM {TABLE}", access="read_write")
    before = shop.hash()
    assert shop.penstock("validate", write).code == 0
    assert shop.hash() == before


# FT-006
def test_a_plan_of_a_writing_task_shows_each_statement_and_runs_none(shop):
    before = shop.hash()
    head = "inputs: {amount: int, sku: str}"
    task = shop.task(f"UPDATE {TABLE} SET pieces = {{{{ amount }}}} WHERE sku = {{{{ sku }}}};\n"
                     f"CREATE TABLE {TABLE}_new (a integer);\n"
                     f"INSERT INTO {TABLE}_new VALUES ({{{{ amount }}}});\n"
                     f"SELECT sku, pieces FROM {TABLE} WHERE sku = {{{{ sku }}}}", head, access="read_write")
    given = ["-i", "amount=3", "-i", "sku=P-1"]
    plan = shop.penstock("plan", task, "--json", *given)
    assert plan.code == 0, plan
    plan = plan.json
    assert plan["access"] == "read_write" and plan["routes"]
    may = {"sqlite": "for writing when the task runs", "postgresql": f"may delete, insert, truncate, update public.{TABLE}"}
    assert any(may.get(shop.dialect, "ALL PRIVILEGES on `penstock`.*") in line for line in plan["account"])
    update, create, insert, select = plan["statements"]
    assert [one["statement"] for one in plan["statements"]] == ["UPDATE", "CREATE", "INSERT", "SELECT"]
    declared = ["integer", "text"] if shop.dialect == "postgresql" else ["", ""]
    assert update["parameters"] == [{"name": "amount", "type": "int", "declared": declared[0]},
                                    {"name": "sku", "type": "str", "declared": declared[1]}]
    # MySQL's EXPLAIN may run functions, and its session must be one that may write.
    explained = shop.dialect in ("postgresql", "sqlite")
    assert bool(update["explain"]) == bool(select["explain"]) == explained
    assert [one["committed_by_server"] for one in plan["statements"]] == [
        False, shop.dialect in ("mariadb", "mysql"), False, False]
    assert update["unknown"] is None and create["unknown"] is None and select["unknown"] is None
    assert f"{TABLE}_new" in insert["unknown"]  # nothing has made it yet
    assert [column["name"] for column in select["columns"]] == ["sku", "pieces"]
    text = shop.penstock("plan", task, *given).out
    assert f"t ({'mysql' if shop.dialect == 'mariadb' else shop.dialect}, reads and writes)\n" in text
    assert "\nStatement 2: CREATE\n" in text and "not known yet (it may need what stands ahead of it): " in text
    assert ("commits it, and all before it, by itself" in text) == (shop.dialect in ("mariadb", "mysql"))
    assert shop.hash() == before
    gone = shop.run(f"SELECT * FROM {TABLE}_new", "-o", "-", "--format", "csv")
    assert gone.code == 3 and f"{TABLE}_new" in gone.error["message"]


# FT-006
def test_a_plan_says_of_commits_what_the_run_then_reports(shop):
    """Of every change of a schema that the dialect has, one after the other."""
    statements = [f"CREATE TABLE {TABLE}_new (a integer)", f"ALTER TABLE {TABLE}_new ADD COLUMN b integer",
                  f"CREATE INDEX {TABLE}_i ON {TABLE}_new (a)", f"CREATE VIEW {TABLE}_v AS SELECT 1 AS one",
                  f"DROP VIEW {TABLE}_v", f"/* a note */ CREATE TEMPORARY TABLE {TABLE}_tmp (a integer)",
                  f"INSERT INTO {TABLE}_new (a) VALUES (1)"]
    if shop.dialect != "sqlite":
        statements += [f"TRUNCATE TABLE {TABLE}_new"]
    if shop.dialect in ("mariadb", "mysql"):
        statements += [f"CREATE OR REPLACE VIEW {TABLE}_v AS SELECT 1 AS one", f"RENAME TABLE {TABLE}_v TO {TABLE}_w",
                       f"DROP VIEW {TABLE}_w", f"DROP TEMPORARY TABLE {TABLE}_tmp"]
    statements += [f"DROP TABLE {TABLE}_new"]
    task = shop.task(";\n".join(statements), "output: none", access="read_write")
    planned = shop.penstock("plan", task, "--json")
    assert planned.code == 0, planned
    said = [(one["statement"], one["committed_by_server"]) for one in planned.json["statements"]]
    ran = shop.penstock("run", task, "--report", "r.json")
    assert ran.code == 0, ran
    report = json.loads((shop.folder / "r.json").read_text())
    assert said == [(one["statement"], one["committed_by_server"]) for one in report["statements"]]
    if shop.dialect in ("mariadb", "mysql"):
        assert {committed for _, committed in said} == {True, False}


# FT-006
def test_a_plan_fails_where_the_run_would_fail_at_once(shop):
    for query, code in [(f"UPDATE {TABLE} SET nope = 1", "query_failed"), ("COMMIT", "not_a_change"),
                        (f"UPDATE {TABLE} SET pieces = 1;\nCOMMIT", "not_a_change")]:
        planned = shop.penstock("plan", shop.task(query, access="read_write"))
        ran = shop.penstock("run", shop.task(query, access="read_write"))
        assert planned.code == ran.code == 3, (planned, ran)
        assert planned.error["code"] == ran.error["code"] == code


# FT-006
def test_a_plan_of_a_writing_task_leaves_the_file_alone(tmp_path):
    """Not a byte of a SQLite file changes, and nobody who writes to it is waited for."""
    shop = Shop("sqlite", tmp_path)
    task = shop.task(f"UPDATE {TABLE} SET pieces = 1 RETURNING sku;\nDROP TABLE {TABLE}", access="read_write")
    before = shop.database.path.read_bytes()
    with sqlite3.connect(shop.database.path, isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")
        result = shop.penstock("plan", task, "--json")
        writer.execute("ROLLBACK")
    writer.close()
    assert result.code == 0, result
    assert result.json["statements"][0]["columns"] == [{"name": "sku", "declared": "varchar(40)", "arrow": "string"}]
    assert result.json["account"] == ["the process may write the database file; penstock opens it for writing when "
                                      "the task runs"]
    assert shop.database.path.read_bytes() == before
    assert not list(tmp_path.glob("conformance.db-*"))


# FT-006
def test_another_run_holds_the_output(shop):
    with open(shop.folder / "out.csv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = shop.hash()
        task = shop.task(f"UPDATE {TABLE} SET pieces = 1;\nSELECT 1 AS a", access="read_write")
        assert shop.penstock("run", task, "-o", "out.csv", "--fail-on-busy").code == 6
        assert shop.penstock("run", task, "-o", "out.csv").code == 0
        assert shop.hash() == before
