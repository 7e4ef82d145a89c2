"""Whatever a driver would read by itself changes nothing: every variable of libpq and libmariadb, and every file."""

import os

import pytest

from on_postgres import arrow, connected, query, variable
from test_postgres_connection import POISON

# libmariadb 3.3's own, and those that its programs and MySQL's library know
# (https://mariadb.com/kb/en/mariadb-environment-variables/, https://dev.mysql.com/doc/refman/8.0/en/environment-variables.html).
MYSQL_POISON = {
    "MYSQL_HOST": "192.0.2.1", "MYSQL_PWD": "m4rk", "MYSQL_TCP_PORT": "1", "MYSQL_UNIX_PORT": "/none", "MYSQL_HOME": ".",
    "MYSQL_GROUP_SUFFIX": "_x", "MYSQL_DEBUG": "d:t:o,trace", "MYSQL_HISTFILE": "/none", "MYSQL_TEST_LOGIN_FILE": "login",
    "MYSQL_TEST_TRACE_CRASH": "1", "MYSQL_TEST_TRACE_DEBUG": "1", "MYSQL_OPENSSL_UDF_DH_BITS_THRESHOLD": "1",
    "MYSQL_CLIENT_PLUGIN_DIR": ".", "MARIADB_PLUGIN_DIR": ".", "LIBMYSQL_PLUGIN_DIR": ".", "LIBMYSQL_PLUGINS": "evil",
    "LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN": "1", "MARIADB_CLIENT_PLUGINS": "evil", "MARIADB_UNIX_PORT": "/none",
    "MARIADB_TCP_PORT": "1", "MARIADB_HOME": ".", "MARIADB_TLS_DISABLE_PEER_VERIFICATION": "1", "MARIADB_GROUP_SUFFIX": "_x",
}
OPTION_FILES = (".my.cnf", ".mylogin.cnf", "my.cnf", ".mariadb.cnf")
OPTIONS = ("[client]\nhost=192.0.2.1\nport=1\nuser=nobody\npassword=m4rk\nsocket=/none\nssl-ca=/none\nssl\n"
           "init-command=SELECT nope\nplugin-dir=.\nlocal-infile=1\n[penstock]\nport=1\n[client-mariadb]\nport=1\n")


def home(folder):
    """A home folder with every file that a driver would look for, each leading elsewhere."""
    for name in OPTION_FILES:
        (folder / name).write_text(OPTIONS)
        (folder / name).chmod(0o600)
    (folder / ".pgpass").write_text("*:*:*:*:m4rk\n")
    (folder / ".pgpass").chmod(0o600)
    for name in (".pg_service.conf", "pg_service.conf"):
        (folder / name).write_text("[shop]\nhost=192.0.2.1\nport=1\n")
    (folder / ".postgresql").mkdir()
    for name in ("postgresql.crt", "postgresql.key", "root.crt", "root.crl"):
        (folder / ".postgresql" / name).write_text("no certificate")
        (folder / ".postgresql" / name).chmod(0o600)
    return {"HOME": str(folder), "PWD": str(folder)}


# RS-019
@pytest.mark.parametrize("server", ["MARIADB", "MYSQL"])
def test_no_variable_and_no_option_file_changes_a_mysql_connection(penstock, server):
    env = home(penstock.cwd)
    dsn = variable(f"PENSTOCK_TEST_{server}_DSN")
    port = int(dsn.rpartition(":")[2].partition("/")[0])
    connected(penstock, dsn)
    sql = "SELECT substring_index(current_user(), '@', 1) AS u, @@port AS p, 'é' AS e"
    expected = [{"u": "reader", "p": port, "e": "é"}]
    for name in ("none", *MYSQL_POISON):
        poison = {name: MYSQL_POISON[name]} if name in MYSQL_POISON else {}
        assert arrow(penstock, sql, env={**env, **poison}).to_pylist() == expected, name
    assert arrow(penstock, sql, env={**env, **MYSQL_POISON, **POISON}).to_pylist() == expected
    assert not (penstock.cwd / "trace").exists()


# RS-019
def test_all_variables_and_files_at_once_change_no_postgres_connection(penstock):
    env = home(penstock.cwd)
    connected(penstock, variable("PENSTOCK_TEST_POSTGRES_DSN"))
    sql = "SELECT current_user::text AS u, current_setting('TimeZone') AS z, current_setting('geqo') AS g"
    poisoned = arrow(penstock, sql, env={**env, **MYSQL_POISON, **POISON, "PGPASSFILE": str(penstock.cwd / ".pgpass")})
    assert poisoned.to_pylist() == [{"u": "reader", "z": "UTC", "g": "on"}]


# RS-019
def test_a_password_of_a_file_or_a_variable_is_not_used(penstock):
    """The DSN without its password: whatever offers one instead does not."""
    env = home(penstock.cwd)
    for name, offers in (("POSTGRES", {"PGPASSWORD": "{}"}), ("MARIADB", {"MYSQL_PWD": "{}"}), ("MYSQL", {"MYSQL_PWD": "{}"})):
        scheme, _, rest = variable(f"PENSTOCK_TEST_{name}_DSN").partition("://")
        login, _, place = rest.partition("@")
        user, _, password = login.partition(":")
        (penstock.cwd / ".pgpass").write_text(f"*:*:*:*:{password}\n")
        (penstock.cwd / ".my.cnf").write_text(f"[client]\npassword={password}\n")
        connected(penstock, f"{scheme}://{user}@{place}")
        filled = {key: value.format(password) for key, value in offers.items()}
        result = query(penstock, "SELECT 1", "-o", "x.csv", env={**env, **filled})
        assert (result.code, result.error["code"]) == (3, "authentication_failed"), (name, result)


# RS-017 RS-018
def test_a_service_file_is_read_by_the_guard_and_only_when_opted_in(penstock):
    dsn = variable("PENSTOCK_TEST_POSTGRES_DSN")
    login, _, place = dsn.partition("://")[2].partition("@")
    user, _, password = login.partition(":")
    host, _, port = place.partition("/")[0].partition(":")
    services = penstock.cwd / "services"
    services.write_text(f"[shop]\nhost={host}\nport={port}\nuser={user}\npassword={password}\ndbname=penstock\n"
                        "sslmode=disable\n[bad]\npassfile=x\n[list]\nhost=127.0.0.1,127.0.0.1\n")
    connected(penstock, "postgresql:///?service=shop")
    env = {"PGSERVICEFILE": str(services), "HOME": str(penstock.cwd)}
    sql = "SELECT current_user::text AS u, current_database()::text AS d"
    assert arrow(penstock, sql, env=env).to_pylist() == [{"u": "reader", "d": "penstock"}]
    (penstock.cwd / ".pg_service.conf").write_text(services.read_text())
    assert arrow(penstock, sql, env={"HOME": str(penstock.cwd)}).num_rows == 1
    refused = query(penstock, sql, "-o", "x.csv", env={**env, "PENSTOCK_SQL_ALLOW_PRIVATE": "0"})
    assert refused.error["message"] == (
        "DSN routes via libpq service file (?service=...); this bypasses the network SSRF guard. "
        "Set PENSTOCK_SQL_ALLOW_PRIVATE=1 to opt in.")
    for service, code in (("bad", "service_option"), ("list", "host_list"), ("none", "service_not_found")):
        connected(penstock, f"postgresql:///?service={service}")
        result = query(penstock, sql, "-o", "x.csv", env=env)
        assert (result.code, result.error["code"]) == (3, code), result
    assert password not in result.err


# RS-017 RS-018
@pytest.mark.parametrize("server", ["MARIADB", "MYSQL"])
def test_a_mysql_socket_is_dialled_when_opted_in_and_refused_otherwise(penstock, server):
    login = variable(f"PENSTOCK_TEST_{server}_DSN").partition("://")[2].partition("@")[0]
    path = variable(f"PENSTOCK_TEST_{server}_SOCKET")
    os.symlink(path, penstock.cwd / "link.sock")
    for socket in (path, penstock.cwd / "link.sock"):
        connected(penstock, f"mysql://{login}@/penstock?unix_socket={socket}")
        assert arrow(penstock, "SELECT 1 AS one").num_rows == 1
    refused = query(penstock, "SELECT 1", "-o", "x.csv", env={"PENSTOCK_SQL_ALLOW_PRIVATE": ""})
    assert refused.error["message"] == (
        "DSN routes via Unix socket (?unix_socket=...); this bypasses the network SSRF guard. "
        "Set RECOTEM_SQL_ALLOW_PRIVATE=1 to opt in.")
