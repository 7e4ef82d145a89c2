"""A PostgreSQL session may only read, and leaves nothing behind: looked at in the database."""

import subprocess

import pytest

from conftest import left_in
from on_postgres import Database, admin, arrow, connected, pg, query, variable, writer  # noqa: F401


@pytest.fixture(scope="module", autouse=True)
def schema(admin):  # noqa: F811
    admin.run("""
        DROP SCHEMA IF EXISTS session CASCADE;
        CREATE SCHEMA session;
        GRANT ALL ON SCHEMA session TO writer;
        CREATE TABLE session.t (n int PRIMARY KEY, word text);
        INSERT INTO session.t VALUES (1, 'one'), (2, 'two');
        CREATE SEQUENCE session.s;
        CREATE FUNCTION session.write() RETURNS int LANGUAGE plpgsql AS $$
            BEGIN SET LOCAL transaction_read_only = off; INSERT INTO session.t VALUES (9); RETURN 1; END $$;
        CREATE FUNCTION session.definer() RETURNS int LANGUAGE sql SECURITY DEFINER AS
            $$ INSERT INTO session.t VALUES (10) RETURNING n $$;
        CREATE PROCEDURE session.commits(INOUT n int) LANGUAGE plpgsql AS $$
            BEGIN COMMIT; SET TRANSACTION READ WRITE; INSERT INTO session.t VALUES (n); COMMIT; END $$;
        GRANT ALL ON ALL TABLES IN SCHEMA session TO writer;
        GRANT ALL ON ALL SEQUENCES IN SCHEMA session TO writer;
        GRANT SELECT ON ALL TABLES IN SCHEMA session TO reader;
        GRANT USAGE ON SCHEMA session TO reader;""")
    yield
    admin.run("DROP SCHEMA session CASCADE")


def state_of(database):
    """All that a write would have changed."""
    return database.rows("""
        SELECT string_agg(t::text, ';' ORDER BY n) FROM session.t t
        UNION ALL SELECT string_agg(relname, ';' ORDER BY relname) FROM pg_class
            WHERE relnamespace IN ('session'::regnamespace, 'public'::regnamespace)
        UNION ALL SELECT last_value || ' ' || is_called FROM session.s
        UNION ALL SELECT count(*)::text FROM pg_largeobject_metadata
        UNION ALL SELECT count(*)::text FROM pg_proc WHERE pronamespace = 'session'::regnamespace
        UNION ALL SELECT string_agg(setconfig::text, ';') FROM pg_db_role_setting
        UNION ALL SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'""")


NOT_ROWS = "the query does not return rows"


def read_only(what):
    return f"cannot execute {what} in a read-only transaction"


REFUSED = [
    ("INSERT INTO session.t VALUES (3)", "the query begins with INSERT"),
    ("INSERT INTO session.t VALUES (3) RETURNING n", "the query begins with INSERT"),
    ("UPDATE session.t SET word = 'x' RETURNING n", "the query begins with UPDATE"),
    ("DELETE FROM session.t RETURNING n", "the query begins with DELETE"),
    ("WITH gone AS (DELETE FROM session.t RETURNING n) SELECT * FROM gone", read_only("SELECT")),
    ("SELECT * FROM session.t FOR UPDATE", read_only("SELECT FOR UPDATE")),
    ("SELECT nextval('session.s')", read_only("nextval()")),
    ("SELECT setval('session.s', 5)", read_only("setval()")),
    ("SELECT session.definer()", read_only("INSERT")),
    ("SELECT 1 AS n INTO session.made", NOT_ROWS),
    ("CREATE TABLE session.made AS SELECT 1", "the query begins with CREATE"),
    ("CREATE TABLE session.made ()", "the query begins with CREATE"),
    ("DROP TABLE session.t", "the query begins with DROP"),
    ("TRUNCATE session.t", "the query begins with TRUNCATE"),
    ("COPY session.t TO PROGRAM 'cat > /tmp/penstock-evil'", "the query begins with COPY"),
    ("COPY session.t TO '/tmp/penstock-evil'", "the query begins with COPY"),
    ("COPY session.t TO STDOUT", "the query begins with COPY"),
    ("SET TRANSACTION READ WRITE", "the query begins with SET"),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "the query begins with SET"),
    ("COMMIT", "the query begins with COMMIT"),
    ("DO $$ BEGIN COMMIT; END $$", "the query begins with DO"),
    ("LISTEN channel", "the query begins with LISTEN"),
    ("NOTIFY channel", "the query begins with NOTIFY"),
    ("LOCK TABLE session.t", "the query begins with LOCK"),
    ("LOAD 'auto_explain'", "the query begins with LOAD"),
    ("SET ROLE postgres", "the query begins with SET"),
    ("PREPARE p AS SELECT 1", "the query begins with PREPARE"),
    ("DECLARE c CURSOR FOR SELECT 1", "the query begins with DECLARE"),
    ("VACUUM", "the query begins with VACUUM"),
    ("CHECKPOINT", "the query begins with CHECKPOINT"),
    ("SELECT 1) TO PROGRAM 'cat > /tmp/penstock-evil' --", "syntax error at or near \")\""),
    ("SELECT set_config('transaction_read_only', 'off', false)",
     "transaction read-write mode must be set before any query"),
    ("SELECT session.write()", "transaction read-write mode must be set before any query"),
    ("CALL session.commits(5)", "the query begins with CALL"),
    ("EXPLAIN (ANALYZE) INSERT INTO session.t VALUES (3)", "the query begins with EXPLAIN"),
]


# RS-013
@pytest.mark.parametrize("sql, message", REFUSED, ids=lambda value: str(value)[:40])
def test_a_statement_that_is_not_a_read_changes_nothing(writer, admin, sql, message):  # noqa: F811
    before = state_of(admin)
    result = query(writer, sql, "-o", "x.csv")
    assert result.code == 3, result
    assert result.error["error_type"] == "DataSourceError"
    assert result.error["message"].endswith(message), result.error
    assert state_of(admin) == before
    assert left_in(writer.cwd) in ([], ["x.csv.lock"])


# RS-013
@pytest.mark.parametrize("sql", ["SELECT 1; COMMIT; CREATE TABLE session.made ()", "SELECT 1; SET TRANSACTION READ WRITE",
                                 "SELECT $a$;$a$; SELECT 2", "SELECT E'\\';'; SELECT 2", "SELECT '\\'; SELECT 2"])
def test_a_second_statement_is_refused(writer, admin, sql):  # noqa: F811
    before = state_of(admin)
    result = query(writer, sql, "-o", "x.csv")
    assert result.code == 2, result
    assert result.error["message"].endswith("a second statement; a query is one statement")
    assert state_of(admin) == before


# RS-013
@pytest.mark.parametrize("sql", [
    "SELECT lo_from_bytea(0, 'kept?') > 0 AS made", "SELECT pg_advisory_lock(42)"])
def test_what_a_read_only_transaction_lets_through_is_undone(writer, admin, sql):  # noqa: F811
    before = state_of(admin)
    assert query(writer, sql, "-o", "x.csv").code == 0
    admin.await_no_session()
    assert state_of(admin) == before


# RS-013
def test_a_notification_is_never_delivered(writer, admin):  # noqa: F811
    listener = subprocess.Popen(["psql", "-X", "-At"], env=admin.environment(), text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    listener.stdin.write("LISTEN channel;\nSELECT 'listening';\n")
    listener.stdin.flush()
    while listener.stdout.readline().strip() != "listening":
        pass
    assert query(writer, "SELECT pg_notify('channel', 'm4rk')", "-o", "x.csv").code == 0
    admin.run("NOTIFY channel, 'the end'")
    out, _ = listener.communicate("SELECT 'end';\n", timeout=20)
    assert "the end" in out
    assert "m4rk" not in out


# RS-013
def test_reads_of_every_shape_are_reads(pg):  # noqa: F811
    for sql, rows in (("TABLE session.t", 2), ("VALUES (1), (2), (3)", 3), ("(SELECT 1)", 1),
                      ("WITH a AS (SELECT 1 AS n) SELECT * FROM a", 1),
                      ("-- a comment\nSELECT n FROM session.t /* and one /* in it */ */;", 2),
                      ("SELECT FROM session.t LIMIT 0", None)):
        if rows is None:
            assert query(pg, sql, "-o", "x.csv").error["message"] == NOT_ROWS
        else:
            assert arrow(pg, sql).num_rows == rows, sql


# RS-013 RS-014
def test_the_session_is_as_it_was_meant_to_be(pg):  # noqa: F811
    settings = {"transaction_read_only": "on", "statement_timeout": "5min", "TimeZone": "UTC",
                "DateStyle": "ISO, YMD", "IntervalStyle": "postgres", "client_encoding": "UTF8",
                "extra_float_digits": "1", "bytea_output": "hex", "application_name": "penstock"}
    select = ", ".join(f"current_setting('{name}') AS \"{name}\"" for name in settings)
    assert arrow(pg, f"SELECT {select}").to_pylist() == [settings]


# ---- who may read ----


# RS-013
@pytest.mark.parametrize("name, kind", [("ADMIN", "superuser"), ("REPLICATION", "replication")])
def test_a_privileged_role_is_refused_unless_the_recipe_allows_it(pg, recipe, name, kind):  # noqa: F811
    connected(pg, variable(f"PENSTOCK_TEST_POSTGRES_{name}_DSN"))
    result = pg("fetch", recipe("SELECT 1 AS one"), "-o", "x.csv")
    assert result.code == 3
    assert result.error["message"] == (f"refusing to read with a {kind} role: read-only transactions do not bind it")
    assert result.error["hint"] == ("use a role that may only SELECT, or set allow_privileged: true in the recipe")
    assert pg("fetch", recipe("SELECT 1 AS one", source="allow_privileged: true"), "-o", "x.csv").code == 0


# RS-013
@pytest.mark.parametrize("role, kind", [
    ("IN ROLE pg_write_server_files", "pg_write_server_files"), ("IN ROLE pg_read_server_files", "pg_read_server_files"),
    ("IN ROLE pg_execute_server_program", "pg_execute_server_program"),
    # What it may become by set_config('role', ...) counts, too.
    ("IN ROLE postgres NOINHERIT", "superuser"), ("IN ROLE replicator", "replication")])
def test_a_role_that_is_more_than_a_reader_by_what_it_is_a_member_of_is_privileged(pg, admin, recipe, role, kind):  # noqa: F811
    admin.run(f"DROP ROLE IF EXISTS filer; CREATE ROLE filer LOGIN PASSWORD 'x' {role}")
    connected(pg, f"postgresql://filer:x@127.0.0.1:{admin.port}/penstock?sslmode=disable")
    assert query(pg, "SELECT 1 AS one", "-o", "x.csv").error["message"].startswith(f"refusing to read with a {kind} role")
    assert pg("fetch", recipe("SELECT 1 AS one", source="allow_privileged: true"), "-o", "x.csv").code == 0
    admin.run("DROP ROLE filer")


# RS-023
def test_plan_shows_what_the_account_could_do(writer, recipe):  # noqa: F811
    result = writer("plan", recipe("SELECT n, sum(n) AS total FROM session.t GROUP BY n"), "--json")
    assert result.code == 0, result
    assert "may delete, insert, truncate, update session.t" in result.json["account"]
    assert "may run session.definer() as postgres" in result.json["account"]
    assert "may create in session" in result.json["account"]
    assert result.json["routes"] == [f"127.0.0.1 at 127.0.0.1 port {Database(writer.env['PENSTOCK_SHOP_DSN']).port}"]
    assert [(one["name"], one["declared"], one["arrow"]) for one in result.json["columns"]] == [
        ("n", "integer", "int32"), ("total", "bigint", "int64")]


# RS-023
def test_plan_shows_attributes_memberships_and_what_comes_by_them(pg, admin, recipe):  # noqa: F811
    admin.run("""DROP ROLE IF EXISTS staff; DROP ROLE IF EXISTS clerk; CREATE ROLE staff;
        GRANT INSERT ON session.t TO staff; GRANT USAGE ON SCHEMA session TO staff;
        CREATE ROLE clerk LOGIN PASSWORD 'x' CREATEDB BYPASSRLS IN ROLE staff;
        CREATE TABLE session.part ("N" int, m int, k int); CREATE SEQUENCE session.moved; CREATE SEQUENCE session.read;
        GRANT SELECT, INSERT (m), UPDATE ("N", m) ON session.part TO clerk; GRANT UPDATE ON SEQUENCE session.moved TO clerk;
        GRANT USAGE ON SEQUENCE session.moved TO staff; GRANT SELECT ON SEQUENCE session.read TO clerk;
        GRANT EXECUTE ON FUNCTION pg_read_file(text), upper(text) TO clerk; GRANT pg_monitor TO clerk""")
    try:
        connected(pg, f"postgresql://clerk:x@127.0.0.1:{admin.port}/penstock?sslmode=disable")
        account = pg("plan", recipe("SELECT 1 AS one"), "--json").json["account"]
        others = {"may run session.definer() as postgres"}
        assert set(account) - others == {
            "role attribute: CREATEDB", "role attribute: BYPASSRLS", "member of staff", "may insert session.t",
            "may insert m of session.part", 'may update "N", m of session.part', "may update, use session.moved",
            "may run pg_read_file(text)"}
        connected(pg, variable("PENSTOCK_TEST_POSTGRES_DSN"))
        account = pg("plan", recipe("SELECT 1 AS one"), "--json").json["account"]
        assert set(account) <= others
    finally:
        admin.run("DROP TABLE session.part; DROP SEQUENCE session.moved, session.read; DROP OWNED BY clerk, staff; "
                  "DROP ROLE clerk, staff")


def test_plan_hints_at_a_number_without_a_precision(pg, recipe):  # noqa: F811
    path = recipe("SELECT avg(n) AS mean, n::numeric(4,1) AS exact, array_agg(n::numeric) AS many FROM session.t GROUP BY n")
    hint = "a number without a precision comes as text: CAST it, or give --numeric decimal(p,s) or double"
    result = pg("plan", path, "--json")
    assert [one.get("hint") for one in result.json["columns"]] == [hint, None, hint]
    assert f"  hint: mean: {hint}\n" in pg("plan", path).out
    assert "hint" not in pg("plan", path, "--numeric", "double").out


# ---- values ----


# RS-008
@pytest.mark.parametrize("sql, parameter, expected", [
    ("SELECT date '2026-01-02' = :p AS c", "p=2026-01-02", True),
    ("SELECT timestamptz '2026-01-02 00:00+00' = :p AS c", "p=2026-01-02T00:00:00Z", True),
    ("SELECT uuid '00000000-0000-0000-0000-000000000001' = :p AS c", "p:str=00000000-0000-0000-0000-000000000001", True),
    ("SELECT n = :p AS c FROM session.t WHERE n = 1", "p=1", True),
    ("SELECT n = :p AS c FROM session.t WHERE n = 1", "p:str=1", True),
    ("SELECT 4294967296 = :p AS c", "p=4294967296", True),
    ("SELECT :p AS c", "p=-2147483648", -(2**31)),
    ("SELECT :p AS c", "p=2147483648", 2**31),
    ("SELECT 0.1 = :p AS c", "p=0.1", True),
    ("SELECT 0.1::float8 = :p AS c", "p=0.1", True),
    ("SELECT 1e300::float8 = :p AS c", "p=1.0e+300", True),
    ("SELECT :p AS c", "p=true", True),
    ("SELECT NOT :p AS c", "p=false", True),
    ("SELECT :p AS c", "p:str=true", "true"),
    ("SELECT :p AS c", "p:str='; DROP TABLE session.t; --", "'; DROP TABLE session.t; --"),
    ("SELECT 'a' || :p AS c", "p:str=\\' OR 1=1", "a\\' OR 1=1"),
    ("SELECT :p || :p AS c", "p:str=東", "東東"),
    ("SELECT :p::int + 1 AS c", "p:str=41", 42),
    ("SELECT interval '1 day' = :p AS c", "p:str=24:00:00", True),
    ("SELECT 'x' = ANY (:p) AS c", "p:str={x,y}", True),
    ("SELECT session.t.word = :p AS c FROM session.t WHERE n = 2", "p:str=two", True)])
def test_a_parameter_is_a_bound_value_of_the_type_it_stands_for(pg, sql, parameter, expected):  # noqa: F811
    assert arrow(pg, sql, "-p", parameter).column(0).to_pylist() == [expected]


def test_an_error_stands_at_its_place_in_the_recipe(pg, recipe):  # noqa: F811
    for sql, place, message in (
            ("SELECT n,\n       nope\nFROM session.t", "7:12", 'column "nope" does not exist'),
            ("SELECT '東京é', 'x',\n  :p, nope FROM session.t WHERE n = :p", "7:11", 'column "nope" does not exist'),
            ("SELECT 1 FRM session.t", "6:18", 'syntax error at or near "session"')):
        path = recipe(sql, source="query_parameters: {p: 1}" if ":p" in sql else "")
        error = pg("fetch", path, "-o", "x.csv").error
        assert error["message"] == f"{path}:{place}: {message}"
        assert error["code"] == "query_failed"


# RS-008
@pytest.mark.parametrize("dsn", ["PENSTOCK_TEST_POSTGRES_DSN", "PENSTOCK_TEST_PGBOUNCER_DSN"])
@pytest.mark.parametrize("value, kind, shown", [
    ("p:str=7", "text", "7"), ("p=7", "integer", "7"), ("p=2147483648", "bigint", "2147483648"),
    ("p=-9223372036854775808", "bigint", "-9223372036854775808"), ("p=0.10", "numeric", "0.1"),
    ("p=1.0e+22", "numeric", "10000000000000000000000"), ("p=true", "boolean", "true"), ("p=2026-01-02", "text", "2026-01-02")])
def test_a_bound_value_has_the_type_of_its_literal(pg, dsn, value, kind, shown):  # noqa: F811
    connected(pg, variable(dsn))
    table = arrow(pg, "SELECT pg_typeof(c)::text AS kind, c::text AS shown FROM (SELECT :p AS c) AS t", "-p", value)
    assert table.to_pylist() == [{"kind": kind, "shown": shown}]


# RS-008, RS-013
@pytest.mark.parametrize("dsn", ["PENSTOCK_TEST_POSTGRES_DSN", "PENSTOCK_TEST_PGBOUNCER_DSN"])
@pytest.mark.parametrize("sql, expected", [
    ("SELECT concat(:p, '-', :q) AS c FROM session.t WHERE :p IS NOT NULL AND n = 1", "x-2026-01-02"),
    ("SELECT format('%s', :p) AS c WHERE date '2026-01-02' = :q", "x"),
    ("SELECT concat(:p, current_setting('transaction_read_only'), :q) AS c", "xon2026-01-02"),
    ("SELECT CAST(concat(:p, :q) AS information_schema.sql_identifier) AS c", "x2026-01-02")])
def test_a_text_whose_place_does_not_say_its_type_is_a_text(pg, recipe, dsn, sql, expected):  # noqa: F811
    connected(pg, variable(dsn))
    assert arrow(pg, sql, "-p", "p=x", "-p", "q:str=2026-01-02").column(0).to_pylist() == [expected]
    plan = pg("plan", recipe(sql, source='query_parameters: {p: x, q: "2026-01-02"}'))
    assert plan.code == 0, plan


# RS-024
def test_what_the_server_cannot_tell_the_type_of_has_a_hint(pg):  # noqa: F811
    error = query(pg, "SELECT ARRAY[] AS c").error
    assert (error["code"], error["sqlstate"]) == ("query_failed", "42P18")
    assert error["hint"] == "say its type: CAST(... AS text)"
