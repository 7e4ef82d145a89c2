"""sslmode with libpq's meaning: against the real server's certificate, and through a proxy with certificates of its own."""

import socket
import sys
import threading

import pytest

from conftest import ROOT
from on_postgres import Database, admin, arrow, certificates, connected, pg, query, variable  # noqa: F401
from proxy import SSL_REQUEST, Proxy

sys.path.insert(0, str(ROOT / "tools" / "servers"))
from certificates import make_authority, make_certificate  # noqa: E402

MANY = "SELECT n, repeat('x', 200) AS word FROM generate_series(1, 50000) n"


def dsn(host, port, options, user=None):
    reader = Database(variable("PENSTOCK_TEST_POSTGRES_DSN"))
    who = user or f"{reader.user}:{reader.password}"
    return f"postgresql://{who}@{host}:{port}/{reader.name}?{options}"


def encrypted(penstock):
    """Whether the server says the connection is encrypted."""
    table = arrow(penstock, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    return table.column(0).to_pylist() == [True]


class Dribble(Proxy):
    """Passes everything on, what the server says a byte at a time, and ends after `cut_after` bytes of it."""

    given = 0

    def serve(self, client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with socket.create_connection(self.server) as server:
            threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
            while self.given != self.cut_after and (said := server.recv(1)):
                client.sendall(said)
                self.given += 1
            client.shutdown(socket.SHUT_RDWR)


def refusal(penstock):
    result = query(penstock, "SELECT 1", "-o", "x.csv")
    assert result.code == 3, result
    assert not (penstock.cwd / "x.csv").exists()
    assert result.error["code"] == "tls_failed", result
    return result.error["message"]


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Certificates of every kind for a proxy: authority `ca`, and what it signed."""
    folder = tmp_path_factory.mktemp("certificates")
    make_authority(folder, "ca")
    make_authority(folder, "other")
    make_certificate(folder, "right", "ca", "localhost", "DNS:localhost")
    make_certificate(folder, "wrong", "ca", "db.example", "DNS:db.example")
    make_certificate(folder, "foreign", "other", "localhost", "DNS:localhost")
    make_certificate(folder, "expired", "ca", "localhost", "DNS:localhost", start="20200101000000Z",
                     end="20200201000000Z")
    make_certificate(folder, "early", "ca", "localhost", "DNS:localhost", start="20900101000000Z", end="20910101000000Z")
    make_certificate(folder, "numbered", "ca", "x", "IP:127.0.0.1")
    return folder


def test_require_encrypts_and_rows_come_whole(pg, admin):  # noqa: F811
    connected(pg, dsn("127.0.0.1", admin.port, "sslmode=require"))
    assert encrypted(pg)
    table = arrow(pg, MANY)
    assert table.num_rows == 50000
    assert table.column(0).to_pylist() == list(range(1, 50001))


def test_prefer_encrypts_where_the_server_can(pg, admin):  # noqa: F811
    assert encrypted(connected(pg, dsn("127.0.0.1", admin.port, "sslmode=prefer")))
    assert not encrypted(connected(pg, dsn("127.0.0.1", admin.port, "sslmode=disable")))


# RS-026: what the server says in a login is looked at before libpq reads it.
@pytest.mark.parametrize("mode", ["disable", "require"])
def test_a_login_may_come_in_bytes_and_end_anywhere(pg, admin, mode):  # noqa: F811
    with Dribble(admin.host, admin.port) as way:
        assert encrypted(connected(pg, dsn("127.0.0.1", way.port, f"sslmode={mode}"))) is (mode == "require")

    def select_one(limit=None):
        with Dribble(admin.host, admin.port, cut_after=limit) as way:
            result = query(connected(pg, dsn("127.0.0.1", way.port, f"sslmode={mode}")), "SELECT 1", "-o", "x.csv")
            return result, way.given

    result, whole = select_one()
    assert result.code == 0, result
    # All of a login, and of TLS before it, is among the first bytes; the last ones end a session that has its rows.
    for limit in range(1, min(whole - 200, 3000), 131 if mode == "require" else 13):
        result, _ = select_one(limit)
        assert result.code == 3, (limit, result)
        assert result.error["code"] in ("connect_failed", "tls_failed", "connection_lost"), (limit, result)


def test_the_servers_certificate_is_verified_by_its_authority_and_name(pg, admin, certificates):  # noqa: F811
    ca = f"sslrootcert={certificates}/ca.crt"
    other = f"sslrootcert={certificates}/other-ca.crt"
    for options in (f"sslmode=verify-ca&{ca}", f"sslmode=verify-full&{ca}"):
        assert encrypted(connected(pg, dsn("localhost", admin.port, options)))
    # The number is no name of the certificate: enough for verify-ca alone.
    assert encrypted(connected(pg, dsn("127.0.0.1", admin.port, f"sslmode=verify-ca&{ca}")))
    assert 'does not match host name "127.0.0.1"' in refusal(
        connected(pg, dsn("127.0.0.1", admin.port, f"sslmode=verify-full&{ca}")))
    for mode in ("verify-ca", "verify-full"):
        assert "certificate verify failed" in refusal(
            connected(pg, dsn("localhost", admin.port, f"sslmode={mode}&{other}")))


def test_require_with_an_authority_verifies_by_it_as_verify_ca_does(pg, admin, certificates, tmp_path):  # noqa: F811
    require = "sslmode=require&sslrootcert="
    assert encrypted(connected(pg, dsn("127.0.0.1", admin.port, f"{require}{certificates}/ca.crt")))
    assert "certificate verify failed" in refusal(
        connected(pg, dsn("localhost", admin.port, f"{require}{certificates}/other-ca.crt")))
    # A file that is not there is libpq's to pass over, and then nothing is verified; verify-ca does not.
    assert encrypted(connected(pg, dsn("127.0.0.1", admin.port, f"{require}{tmp_path}/none.crt")))
    assert "does not exist" in refusal(
        connected(pg, dsn("localhost", admin.port, f"sslmode=verify-ca&sslrootcert={tmp_path}/none.crt")))


def test_prefer_goes_on_in_plaintext_where_its_authority_does_not_verify(pg, admin, certificates):  # noqa: F811
    prefer = f"sslmode=prefer&sslrootcert={certificates}/other-ca.crt"
    assert not encrypted(connected(pg, dsn("127.0.0.1", admin.port, prefer)))


def test_the_name_is_verified_while_the_number_is_dialled(pg, admin, certificates):  # noqa: F811
    ca = f"sslmode=verify-full&sslrootcert={certificates}/ca.crt"
    assert encrypted(connected(pg, dsn("localhost", admin.port, f"{ca}&hostaddr=127.0.0.1")))
    assert encrypted(connected(pg, dsn("127.0.0.1", admin.port, f"{ca}&host=localhost&hostaddr=127.0.0.1")))
    assert 'does not match host name "127.0.0.1"' in refusal(
        connected(pg, dsn("127.0.0.1", admin.port, f"{ca}&hostaddr=127.0.0.1")))


def test_verifying_without_an_authority_is_refused(pg, admin):  # noqa: F811
    for mode in ("verify-ca", "verify-full"):
        message = refusal(connected(pg, dsn("localhost", admin.port, f"sslmode={mode}")))
        assert "root certificate file" in message


@pytest.mark.parametrize("name, mode, why", [
    ("right", "verify-full", None), ("numbered", "verify-ca", None), ("wrong", "verify-ca", None),
    ("wrong", "require", None), ("expired", "require", None), ("foreign", "require", None),
    ("wrong", "verify-full", 'does not match host name "localhost"'),
    ("foreign", "verify-ca", "certificate verify failed"), ("foreign", "verify-full", "certificate verify failed"),
    ("expired", "verify-ca", "certificate verify failed"), ("expired", "verify-full", "certificate verify failed"),
    ("early", "verify-full", "certificate verify failed")])
def test_a_certificate_that_is_not_the_servers_is_refused(pg, admin, made, name, mode, why):  # noqa: F811
    root = "" if mode == "require" else f"&sslrootcert={made}/ca.crt"
    with Proxy(admin.host, admin.port, certificate=(made / f"{name}.crt", made / f"{name}.key")) as proxy:
        connected(pg, dsn("localhost", proxy.port, f"sslmode={mode}{root}"))
        if why is None:
            assert query(pg, "SELECT 1 AS one", "-o", "x.csv").code == 0
        else:
            assert why in refusal(pg)


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_server_without_tls_is_refused_and_told_nothing(pg, admin, made, mode):  # noqa: F811
    with Proxy(admin.host, admin.port) as proxy:
        connected(pg, dsn("127.0.0.1", proxy.port, f"sslmode={mode}&sslrootcert={made}/ca.crt"))
        assert "server does not support SSL, but SSL was required" in refusal(pg)
        assert proxy.first_bytes == [SSL_REQUEST]  # no start-up message, no user, no password in the clear


def test_a_client_certificate_logs_in_where_the_server_asks_for_one(pg, admin, certificates, made, tmp_path):  # noqa: F811
    for name in ("client.key", "client.crt"):
        (tmp_path / name).write_bytes((certificates / name).read_bytes())
        (tmp_path / name).chmod(0o600)
    own = f"sslcert={tmp_path}/client.crt&sslkey={tmp_path}/client.key"
    ca = f"sslmode=verify-full&sslrootcert={certificates}/ca.crt"
    connected(pg, dsn("localhost", admin.port, f"{ca}&{own}", user="certified"))
    assert arrow(pg, "SELECT current_user::text AS u").column(0).to_pylist() == ["certified"]
    without = query(connected(pg, dsn("localhost", admin.port, ca, user="certified")), "SELECT 1", "-o", "x.csv")
    assert without.code == 3
    assert "requires a valid client certificate" in without.error["message"]
    # A key that others may read is libpq's to refuse.
    (tmp_path / "client.key").chmod(0o644)
    result = query(connected(pg, dsn("localhost", admin.port, f"{ca}&{own}", user="certified")), "SELECT 1", "-o", "x.csv")
    assert result.code == 3


def test_no_certificate_of_the_home_folder_is_used(pg, admin, certificates, tmp_path):  # noqa: F811
    home = tmp_path / "home" / ".postgresql"
    home.mkdir(parents=True)
    for name, target in (("client.crt", "postgresql.crt"), ("client.key", "postgresql.key"), ("ca.crt", "root.crt")):
        (home / target).write_bytes((certificates / name).read_bytes())
        (home / target).chmod(0o600)
    (tmp_path / "home" / ".pgpass").write_text("*:*:*:certified:x\n")
    (tmp_path / "home" / ".pgpass").chmod(0o600)
    env = {"HOME": str(tmp_path / "home")}
    connected(pg, dsn("localhost", admin.port, "sslmode=require", user="certified"))
    assert query(pg, "SELECT 1", "-o", "x.csv", env=env).code == 3
    connected(pg, dsn("localhost", admin.port, "sslmode=verify-full"))
    assert query(pg, "SELECT 1", "-o", "x.csv", env=env).error["code"] == "tls_failed"
