"""Query text against a real PostgreSQL and through PgBouncer: the database, the file system and other sessions are looked
at afterwards. What begins otherwise than a read is tried in test_postgres_session.py, too.
"""

import os
import pathlib
import shutil
import signal
import tempfile
import time
import urllib.parse

import pytest

from conftest import Penstock, left_in, wait_until
from on_postgres import Database, admin, arrow, connected, pg, query, variable  # noqa: F401
from proxy import Proxy
from spare_time import SLACK

TWO_SECONDS = [("statement_timeout_seconds: 2", "statement_timeout_seconds"), ("limits: {seconds: 2}", "limits.seconds")]


@pytest.fixture(scope="module", autouse=True)
def schema(admin):  # noqa: F811
    admin.run("""
        DROP SCHEMA IF EXISTS attack CASCADE;
        CREATE EXTENSION IF NOT EXISTS dblink;
        CREATE SCHEMA attack;
        CREATE TABLE attack.t (n int);
        INSERT INTO attack.t VALUES (1);
        CREATE SEQUENCE attack.s;
        CREATE FUNCTION attack.write() RETURNS int LANGUAGE plpgsql AS
            $$ BEGIN INSERT INTO attack.t VALUES (2); RETURN 1; END $$;
        CREATE FUNCTION attack.definer() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
            $$ BEGIN INSERT INTO attack.t VALUES (3); RETURN 1; END $$;
        CREATE FUNCTION attack.opens() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
            $$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); RETURN attack.write(); END $$;
        CREATE FUNCTION attack.deaf() RETURNS int LANGUAGE plpgsql AS $$
            BEGIN
              FOR i IN 1..4 LOOP
                BEGIN PERFORM pg_sleep(3); EXCEPTION WHEN query_canceled THEN NULL; END;
              END LOOP;
              RETURN 1;
            END $$;
        CREATE FUNCTION attack.planned() RETURNS int LANGUAGE plpgsql IMMUTABLE AS
            $$ BEGIN PERFORM pg_sleep(60); RETURN 1; END $$;
        GRANT ALL ON SCHEMA attack TO writer;
        GRANT ALL ON ALL TABLES IN SCHEMA attack TO writer;
        GRANT ALL ON ALL SEQUENCES IN SCHEMA attack TO writer;""")
    yield
    admin.run("DROP SCHEMA attack CASCADE; DROP EXTENSION dblink")


def dsn_of(role, pooled):
    direct = variable(f"PENSTOCK_TEST_POSTGRES_{role}_DSN")
    if not pooled:
        return direct
    pooler = urllib.parse.urlsplit(variable("PENSTOCK_TEST_PGBOUNCER_DSN"))
    return direct.replace(f":{urllib.parse.urlsplit(direct).port}/", f":{pooler.port}/")


@pytest.fixture(params=[False, True], ids=["direct", "pooled"])
def writer(request, tmp_path):
    """The program with a role that may write, straight to the server and through PgBouncer."""
    return connected(Penstock(tmp_path), dsn_of("WRITER", request.param))


@pytest.fixture
def superuser(tmp_path):
    return connected(Penstock(tmp_path), dsn_of("ADMIN", False))


@pytest.fixture
def open_folder():
    """A folder that the server's account may write to."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-attack-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def state_of(database):
    """All that an attack here would have changed, as another session sees it."""
    return database.rows("""
        SELECT string_agg(n::text, ';' ORDER BY n) FROM attack.t
        UNION ALL SELECT string_agg(relname, ';' ORDER BY relname) FROM pg_class
            WHERE relnamespace IN ('attack'::regnamespace, 'public'::regnamespace)
        UNION ALL SELECT last_value || ' ' || is_called FROM attack.s
        UNION ALL SELECT count(*)::text FROM pg_largeobject_metadata
        UNION ALL SELECT string_agg(extname, ';' ORDER BY extname) FROM pg_extension
        UNION ALL SELECT string_agg(rolname, ';' ORDER BY rolname) FROM pg_roles
        UNION ALL SELECT string_agg(name || setting, ';' ORDER BY seqno) FROM pg_file_settings
        UNION ALL SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'
        UNION ALL SELECT count(*)::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
            WHERE c.relnamespace = 'attack'::regnamespace AND l.pid <> pg_backend_pid()
                AND l.mode NOT IN ('AccessShareLock', 'RowExclusiveLock')""")


WRITES = [
    "SELECT 1; COMMIT; CREATE TABLE attack.made ()",
    "SELECT 1; SET TRANSACTION READ WRITE; INSERT INTO attack.t VALUES (9)",
    "COPY attack.t TO PROGRAM 'touch {folder}/made'",
    "COPY attack.t FROM PROGRAM 'touch {folder}/made; echo 9'",
    "COPY (SELECT 1) TO '{folder}/made'",
    "SELECT 1) TO PROGRAM 'touch {folder}/made' --",
    "SELECT 1\n) TO '{folder}/made' --",
    "SELECT 1 AS n INTO attack.made",
    "SELECT 1 AS n INTO TEMP made",
    "LOCK TABLE attack.t",
    "LOAD 'auto_explain'",
    "SET ROLE writer",
    "LISTEN attack",
    "DO $$ BEGIN INSERT INTO attack.t VALUES (9); END $$",
    "SELECT attack.write()",
    "SELECT attack.definer()",
    "SELECT attack.opens()",
    "SELECT set_config('transaction_read_only', 'off', false), attack.write() AS w",
    "SELECT set_config('transaction_read_only', 'off', true), attack.write() AS w",
    "WITH w AS (INSERT INTO attack.t VALUES (9) RETURNING n) SELECT n FROM w",
    "SELECT query_to_xml('INSERT INTO attack.t VALUES (9)', true, false, '')",
    "SELECT query_to_xml('COMMIT', true, false, '')",
    "SELECT n FROM attack.t FOR UPDATE",
    "SELECT n FROM attack.t FOR KEY SHARE",
    "SELECT nextval('attack.s')",
    "SELECT setval('attack.s', 500)",
    "EXPLAIN (ANALYZE) SELECT attack.write()",
]


# RS-013
@pytest.mark.parametrize("sql", WRITES, ids=lambda sql: sql[:50])
def test_no_query_text_writes_rows_or_files(writer, admin, open_folder, sql):  # noqa: F811
    before = state_of(admin)
    result = query(writer, sql.format(folder=open_folder), "-o", "x.csv")
    assert result.code in (2, 3), result
    admin.await_no_session(10)
    assert state_of(admin) == before
    assert list(open_folder.iterdir()) == []
    assert left_in(writer.cwd) in ([], ["x.csv.lock"])


# RS-013
@pytest.mark.parametrize("sql", [
    "SELECT lo_from_bytea(0, 'kept?') > 0 AS made", "SELECT lo_create(0) > 0 AS made",
    "SELECT pg_advisory_lock(42)", "SELECT pg_advisory_lock_shared(42)", "SELECT pg_notify('attack', 'x')",
    "SELECT pg_export_snapshot()", "SELECT set_config('penstock.kept', 'yes', false)"], ids=lambda sql: sql[:40])
def test_what_takes_effect_on_commit_never_does(writer, admin, sql):  # noqa: F811
    before = state_of(admin)
    assert query(writer, sql, "-o", "x.csv").code == 0
    wait_until(lambda: state_of(admin) == before)


# RS-013
def test_a_pooled_session_keeps_nothing_of_a_query_before_it(tmp_path):
    pooled = connected(Penstock(tmp_path), dsn_of("WRITER", True))
    shown = "SELECT current_setting('work_mem') AS m, current_setting('penstock.kept', true) AS k"
    before = arrow(pooled, shown).to_pylist()
    sets = "SELECT set_config('work_mem', '99MB', false), set_config('penstock.kept', 'yes', false) AS k"
    for _ in range(3):  # more than the pool has sessions
        assert query(pooled, sets, "-o", "x.csv").code == 0
    for _ in range(3):
        assert arrow(pooled, shown).to_pylist() == before


# ---- a role that no transaction binds ----


# RS-013
@pytest.mark.parametrize("sql", [
    *WRITES, "ALTER SYSTEM SET work_mem = '99MB'", "CREATE ROLE made SUPERUSER", "CREATE EXTENSION made",
    "SELECT lo_export(lo_from_bytea(0, 'x'), '{folder}/made')"], ids=lambda sql: sql[:50])
def test_a_superuser_with_leave_writes_no_more_in_its_session(superuser, recipe, admin, open_folder, sql):  # noqa: F811
    before = state_of(admin)
    path = recipe(sql.format(folder=open_folder), source="allow_privileged: true\ntypes: {duplicates: rename}")
    result = superuser("fetch", path, "-o", "x.csv")
    assert result.code in (2, 3), result
    assert state_of(admin) == before
    assert list(open_folder.iterdir()) == []


def other_session(database):
    import subprocess
    process = subprocess.Popen(["psql", "-X", "-c", "SELECT pg_sleep(60)"], env=database.environment() | {
        "PGAPPNAME": "victim"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: database.session_of("victim"))
    return process


# RS-013
def test_what_a_superuser_does_outside_its_transaction_needs_leave(superuser, recipe, admin):  # noqa: F811
    """Grants are the authority for it: nothing of a read-only session stops these, so that it takes allow_privileged."""
    victim = other_session(admin)
    dblink = (f"SELECT n FROM dblink('host=127.0.0.1 port={admin.port} dbname={admin.name} user={admin.user} "
              f"password={admin.password}', 'INSERT INTO attack.t VALUES (77) RETURNING n') AS d(n int)")
    for sql in ("SELECT pg_read_file('/etc/hostname') AS f", dblink,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'"):
        result = superuser("fetch", recipe(sql), "-o", "x.csv")
        assert (result.code, result.error["code"]) == (3, "privileged_account"), result
    assert admin.rows("SELECT n FROM attack.t WHERE n = 77") == []
    assert admin.session_of("victim")
    assert victim.poll() is None
    assert not (superuser.cwd / "x.csv").exists()
    try:
        leave = "allow_privileged: true"
        assert superuser("fetch", recipe(dblink, source=leave), "-o", "x.csv").code == 0
        assert admin.rows("SELECT n FROM attack.t WHERE n = 77") == [("77",)]
        ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'"
        assert superuser("fetch", recipe(ends, source=leave), "-o", "x.csv").code == 0
        assert victim.wait(10) != 0
    finally:
        admin.run("DELETE FROM attack.t WHERE n = 77")
        victim.kill()
        victim.wait()


# ---- time ----


# RS-014
@pytest.mark.parametrize("sql", [
    "SELECT pg_sleep(60)",
    "SELECT set_config('statement_timeout', '0', true), pg_sleep(60) AS s",
    "SELECT set_config('statement_timeout', '3600000', false), pg_sleep(60) AS s",
    "SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000000000) b",
    "SELECT generate_series(1, 1000000000) AS n, repeat('x', 100) AS word",
    "SELECT pg_sleep(0.3), n FROM generate_series(1, 1000) n",
    "SELECT attack.deaf()"], ids=lambda sql: sql[:50])
def test_a_query_ends_within_a_second_of_its_time(writer, admin, recipe, sql):  # noqa: F811
    path = recipe(sql, source="statement_timeout_seconds: 2\ntypes: {duplicates: rename}")
    start = time.monotonic()
    result = writer("fetch", path, "-o", "x.csv")
    assert time.monotonic() - start < 2 + 1 + SLACK
    assert result.code == 3, result
    assert result.error["code"] in ("deadline_passed", "statement_timeout"), result
    assert left_in(writer.cwd) == ["x.csv.lock"]
    # A function that catches its cancellation goes on without us.
    admin.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%attack.deaf%' "
              "AND pid <> pg_backend_pid()")


# RS-014
def test_a_signal_ends_what_runs_while_a_query_is_planned(tmp_path, admin, recipe):  # noqa: F811
    penstock = connected(Penstock(tmp_path), dsn_of("WRITER", False))
    process = penstock.start("plan", recipe("SELECT attack.planned() AS n"))
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'EXPLAIN%attack.planned%'"
    wait_until(lambda: admin.value(running) == "1")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130, err
    wait_until(lambda: admin.value(running) == "0", 2)


# RS-014
@pytest.mark.parametrize("source, limit", TWO_SECONDS)
def test_the_server_ends_a_query_by_itself_when_we_do_not(tmp_path, admin, recipe, source, limit):  # noqa: F811
    """A client that is stopped sends no cancel: the server's own timeout is what ends it, and the rest is an error."""
    penstock = connected(Penstock(tmp_path), dsn_of("WRITER", False))
    process = penstock.start("fetch", recipe("SELECT pg_sleep(60), 'm4rk' AS m", source=source), "-o", "x.csv")
    running = ("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%m4rk%' "
               "AND pid <> pg_backend_pid()")
    wait_until(lambda: admin.value(running) == "1")
    time.sleep(0.2)  # it was being prepared, perhaps
    os.kill(process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: admin.value(running) == "0", 2 + 1 + SLACK)
    finally:
        os.kill(process.pid, signal.SIGCONT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 3, err
    assert f"the limit is {limit}: 2" in err.decode()
    assert left_in(tmp_path) == ["x.csv.lock"]


# ---- text ----


# RS-013
@pytest.mark.parametrize("byte", ["\0", "\x01", "\x08", "\x0c", "\x1b", "\x7f"])
def test_a_control_byte_in_the_query_is_refused_before_anybody_is_asked(tmp_path, admin, byte):  # noqa: F811
    parts = Database(variable("PENSTOCK_TEST_POSTGRES_WRITER_DSN"))
    text = f"SELECT 1 AS n {byte}; DROP TABLE attack.t"
    with Proxy(parts.host, parts.port) as proxy:
        penstock = connected(Penstock(tmp_path), f"postgresql://{parts.user}:{parts.password}@127.0.0.1:{proxy.port}"
                                                 f"/{parts.name}?sslmode=disable")
        (tmp_path / "q.sql").write_text(text)
        by_file = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "--file", "q.sql", "-o", "x.csv")
        (tmp_path / "r.yaml").write_text(
            "name: r\nsource:\n  type: sql\n  dsn_env: PENSTOCK_SHOP_DSN\n"
            f"  query: \"SELECT 1 AS n \\x{ord(byte):02x}; DROP TABLE attack.t\"\n")
        by_recipe = penstock("fetch", "r.yaml", "-o", "x.csv")
        assert proxy.connections == 0
    for result in (by_file, by_recipe):
        assert (result.code, result.error["code"]) == (2, "query_control_byte"), result
    assert admin.value("SELECT count(*) FROM attack.t") == "1"


# RS-008
def test_a_backslash_in_a_string_means_itself_whatever_the_role_is_set_to(pg, admin):  # noqa: F811
    admin.run("ALTER ROLE reader SET standard_conforming_strings = off")
    try:
        assert arrow(pg, "SELECT 'a\\' AS x, ':no' AS y, :p AS z", "-p", "p=1").to_pylist() == [
            {"x": "a\\", "y": ":no", "z": 1}]
    finally:
        admin.run("ALTER ROLE reader RESET standard_conforming_strings")
