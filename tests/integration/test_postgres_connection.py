"""Connecting to PostgreSQL: logins, the environment, PgBouncer, sockets, and what a DSN asks for."""

import threading

import pytest

from on_postgres import Database, admin, arrow, connected, pg, query, variable  # noqa: F401


# RS-026
def test_no_secret_is_in_what_is_said_of_a_refused_login(pg, admin):  # noqa: F811
    connected(pg, f"postgresql://reader:Zq7M4RK%40x@127.0.0.1:{admin.port}/penstock?sslmode=disable")
    result = query(pg, "SELECT 1", "-o", "x.csv", env={"PENSTOCK_LOG_FORMAT": "json"})
    assert result.code == 3
    assert result.error["code"] == "authentication_failed"
    assert result.error["message"] == (f'cannot connect to 127.0.0.1:{admin.port}: connection to server at "127.0.0.1", '
                                       f'port {admin.port} failed: FATAL:  password authentication failed for user '
                                       '"reader"')
    assert "Zq7M4RK" not in result.err


# RS-010
def test_odd_names_and_passwords_log_in(pg, admin):  # noqa: F811
    admin.run("""DROP ROLE IF EXISTS "an@odd:user/%"; CREATE ROLE "an@odd:user/%" LOGIN PASSWORD 'p@s:s/w?#[ö] ''%'""")
    connected(pg, f"postgresql://an%40odd%3Auser%2F%25:p%40s%3As%2Fw%3F%23%5B%C3%B6%5D%20%27%25@127.0.0.1:{admin.port}"
                  "/penstock?sslmode=disable")
    assert arrow(pg, "SELECT current_user::text AS c").column(0).to_pylist() == ["an@odd:user/%"]
    admin.run('DROP ROLE "an@odd:user/%"')


# RS-024
@pytest.mark.parametrize("dsn, code", [
    ("postgresql://reader:x@127.0.0.1:1/penstock", "connect_failed"),
    ("postgresql://nobody_here:x@127.0.0.1:{port}/penstock?sslmode=disable", "authentication_failed"),
    ("postgresql://{reader}@127.0.0.1:{port}/no_such_database?sslmode=disable", "no_such_database")])
def test_a_server_that_cannot_be_used_is_unavailable(pg, admin, dsn, code):  # noqa: F811
    reader = Database(variable("PENSTOCK_TEST_POSTGRES_DSN"))
    connected(pg, dsn.format(port=admin.port, reader=f"{reader.user}:{reader.password}"))
    result = query(pg, "SELECT 1", "-o", "x.csv")
    assert (result.code, result.error["code"], result.error["error_type"]) == (3, code, "DataSourceError"), result


# FT-008
@pytest.mark.parametrize("server", ["POSTGRES", "PGBOUNCER"])
def test_options_set_the_search_path_of_the_read_and_of_nothing_else(pg, admin, server):  # noqa: F811
    dsn = variable(f"PENSTOCK_TEST_{server}_DSN")
    admin.run("DROP SCHEMA IF EXISTS searched CASCADE; CREATE SCHEMA searched; CREATE TABLE searched.found_there (n int); "
              "INSERT INTO searched.found_there VALUES (7); GRANT USAGE ON SCHEMA searched TO reader; "
              "GRANT SELECT ON searched.found_there TO reader")
    sql = "SELECT n, current_setting('search_path') AS path, current_setting('work_mem') AS memory FROM found_there"
    try:
        connected(pg, f"{dsn}&options=-csearch_path%3Dsearched%20-c%20work_mem%3D5MB")
        assert arrow(pg, sql).to_pylist() == [{"n": 7, "path": "searched", "memory": "5MB"}]
        connected(pg, dsn)
        assert 'relation "found_there" does not exist' in query(pg, sql, "-o", "x.csv").error["message"]
    finally:
        admin.run("DROP SCHEMA searched CASCADE")


# ---- the environment ----

# Every variable of libpq's that names a place, a file, a secret or a way to speak
# (https://www.postgresql.org/docs/15/libpq-envars.html).
POISON = {
    "PGHOST": "192.0.2.1", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGDATABASE": "nowhere", "PGUSER": "postgres",
    "PGPASSWORD": "m4rk", "PGPASSFILE": "passfile", "PGCHANNELBINDING": "require", "PGSERVICE": "shop",
    "PGSERVICEFILE": "services", "PGOPTIONS": "-c statement_timeout=1", "PGAPPNAME": "other", "PGSSLMODE": "verify-full",
    "PGREQUIRESSL": "1", "PGSSLCOMPRESSION": "1", "PGSSLCERT": "/none", "PGSSLKEY": "/none", "PGSSLROOTCERT": "/none",
    "PGSSLCRL": "/none", "PGSSLCRLDIR": "/none", "PGSSLSNI": "0", "PGREQUIREPEER": "nobody",
    "PGSSLMINPROTOCOLVERSION": "TLSv1.3", "PGSSLMAXPROTOCOLVERSION": "TLSv1", "PGGSSENCMODE": "require",
    "PGKRBSRVNAME": "other", "PGGSSLIB": "gssapi", "PGCONNECT_TIMEOUT": "1", "PGCLIENTENCODING": "LATIN1",
    "PGTARGETSESSIONATTRS": "standby", "PGDATESTYLE": "German", "PGTZ": "Asia/Tokyo", "PGGEQO": "off",
    "PGSYSCONFDIR": ".", "PGLOCALEDIR": "/none"}


# RS-019
@pytest.mark.parametrize("name", POISON)
def test_no_variable_of_the_driver_changes_where_we_dial_or_what_we_send(pg, admin, name):  # noqa: F811
    for file in ("services", "pg_service.conf", ".pg_service.conf"):
        (pg.cwd / file).write_text("[shop]\nhost=192.0.2.1\nport=1\n")
    (pg.cwd / "passfile").write_text("*:*:*:*:m4rk\n")
    (pg.cwd / "passfile").chmod(0o600)
    sql = "SELECT current_user::text AS u, inet_server_port() AS p, current_setting('TimeZone') AS z, '\u00e9' AS e"
    table = arrow(pg, sql, env={name: POISON[name], "HOME": str(pg.cwd)})
    assert table.to_pylist() == [{"u": "reader", "p": int(admin.port), "z": "UTC", "e": "\u00e9"}]


# ---- by way of others ----


def test_it_works_through_pgbouncer_in_transaction_mode(pg):  # noqa: F811
    connected(pg, variable("PENSTOCK_TEST_PGBOUNCER_DSN"))
    for _ in range(3):  # the same server connection again: nothing of the last session is left in it
        table = arrow(pg, "SELECT n, 'é' AS e, current_setting('TimeZone') AS z FROM generate_series(1, :many) n",
                      "-p", "many=30000")
        assert table.num_rows == 30000
        assert table.slice(0, 1).to_pylist() == [{"n": 1, "e": "é", "z": "UTC"}]
    errors = []

    def run():
        result = query(pg, "SELECT count(*) AS c FROM generate_series(1, 1000)")
        if result.code != 0 or result.out != '"c"\n1000\n':
            errors.append(result)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


# RS-024
@pytest.mark.parametrize("change, code", [
    (lambda dsn: dsn.replace("reader:", "reader:wrong"), "authentication_failed"),
    (lambda dsn: dsn.replace("reader:", "nobody_here:"), "authentication_failed"),
    (lambda dsn: dsn.replace("/penstock?", "/no_such_database?"), "no_such_database"),
    (lambda dsn: dsn.replace("sslmode=disable", "sslmode=require"), "tls_failed")])
def test_what_pgbouncer_refuses_is_told_as_the_server_tells_it(pg, change, code):  # noqa: F811
    dsn = variable("PENSTOCK_TEST_PGBOUNCER_DSN")
    assert change(dsn) != dsn
    result = query(connected(pg, change(dsn)), "SELECT 1", "-o", "x.csv")
    assert (result.code, result.error["code"], result.error["error_type"]) == (3, code, "DataSourceError"), result


# RS-017 RS-018
def test_a_unix_socket_is_dialled_when_opted_in_and_refused_otherwise(pg, admin, certificates_folder):  # noqa: F811
    reader = Database(variable("PENSTOCK_TEST_POSTGRES_DSN"))
    folder = str(certificates_folder).replace("/", "%2F")
    connected(pg, f"postgresql://{reader.user}:{reader.password}@/penstock?host={folder}&port={admin.port}")
    table = arrow(pg, "SELECT inet_server_addr()::text AS a")
    assert table.column(0).to_pylist() == [None]
    refused = query(pg, "SELECT 1", "-o", "x.csv", env={"PENSTOCK_SQL_ALLOW_PRIVATE": ""})
    assert refused.code == 3
    assert refused.error["message"] == (
        "DSN host is an absolute path (libpq Unix-socket form); this bypasses the network SSRF guard. "
        "Set RECOTEM_SQL_ALLOW_PRIVATE=1 to opt in.")


@pytest.fixture
def certificates_folder():
    return variable("PENSTOCK_TEST_POSTGRES_FOLDER")


# RS-016
def test_a_private_address_is_refused_in_the_documents_words(pg):  # noqa: F811
    refused = query(pg, "SELECT 1", "-o", "x.csv", env={"PENSTOCK_SQL_ALLOW_PRIVATE": ""})
    assert (refused.code, refused.error["error_type"]) == (3, "DataSourceError")
    assert refused.error["message"] == (
        "refusing to connect to private/loopback host '127.0.0.1'; set RECOTEM_SQL_ALLOW_PRIVATE=1 to opt in "
        "(intended for in-cluster or compose service-name destinations)")
    named = query(pg, "SELECT 1", "-o", "x.csv", env={"PENSTOCK_SQL_ALLOW_PRIVATE": "no"})
    assert "set PENSTOCK_SQL_ALLOW_PRIVATE=1 to opt in" in named.error["message"]
    bad = query(pg, "SELECT 1", "-o", "x.csv", env={"PENSTOCK_SQL_ALLOW_PRIVATE": "perhaps"})
    assert bad.code == 8


# RS-015
@pytest.mark.parametrize("mode, told", [("", True), ("?sslmode=prefer", True), ("?sslmode=disable", True),
                                        ("?sslmode=require", False)])
def test_a_dsn_that_does_not_ask_for_tls_is_told(pg, mode, told):  # noqa: F811
    dsn = variable("PENSTOCK_TEST_POSTGRES_DSN").partition("?")[0] + mode
    result = query(connected(pg, dsn), "SELECT 1 AS one", "-o", "x.csv")
    assert result.code == 0, result
    assert ("sql_dsn_tls_not_configured" in result.names()) == told
