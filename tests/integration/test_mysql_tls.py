"""TLS of a DSN on the real MariaDB and MySQL, whose certificate is changed while they run: right, of another name, of another
authority, expired, too early. What a fake server shows better is in tests/unit/dialect/mysql/connect_test.cc."""

import contextlib
import datetime
import os
import pathlib
import socket
import sys
import threading
import time
import urllib.parse

import pytest

from conftest import ROOT, Penstock
from listener import Listener
from on_mysql import NAMES, Server
from on_postgres import connected

sys.path.insert(0, str(ROOT / "tools" / "servers"))
from certificates import make_authority, make_certificate  # noqa: E402


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Authority `ca` and what it signed, and one that another signed; anyone may go in and read."""
    folder = tmp_path_factory.mktemp("certificates")
    make_authority(folder, "ca")
    make_authority(folder, "other")
    make_authority(folder, "unknown")
    make_certificate(folder, "stranger", "unknown", "certified")
    make_certificate(folder, "right", "ca", "localhost", "DNS:localhost")
    make_certificate(folder, "wrong", "ca", "db.example", "DNS:db.example")
    make_certificate(folder, "foreign", "other", "localhost", "DNS:localhost")
    make_certificate(folder, "expired", "ca", "localhost", "DNS:localhost", start="20200101000000Z",
                     end="20200201000000Z")
    make_certificate(folder, "early", "ca", "localhost", "DNS:localhost", start="20900101000000Z", end="20910101000000Z")
    return folder


@pytest.fixture(scope="module", params=NAMES)
def server(request):
    server = Server(request.param)
    server.run("""
        CREATE USER encrypted@'%' IDENTIFIED BY '' REQUIRE SSL; CREATE USER certified@'%' IDENTIFIED BY '' REQUIRE X509;
        CREATE USER named@'%' IDENTIFIED BY '' REQUIRE SUBJECT '/CN=certified';
        GRANT SELECT ON penstock.* TO encrypted@'%', certified@'%', named@'%'""")
    yield server
    server.run("DROP USER encrypted@'%', certified@'%', named@'%'")


@pytest.fixture
def presents(server, made):
    """Makes the server present a certificate of ours; afterwards it has its own again."""
    folder = pathlib.Path(server.folder).parent
    reload = "FLUSH SSL" if server.is_mariadb else "ALTER INSTANCE RELOAD TLS"

    def put(name, text):
        owner = (folder / name).stat()
        (folder / name).write_text(text)
        os.chown(folder / name, owner.st_uid, owner.st_gid)

    def present(source, name):
        for kind in ("crt", "key"):
            put(f"server.{kind}", (source / f"{name}.{kind}").read_text())
        # MySQL takes no certificate that it would not believe itself.
        put("ca.crt", "".join(path.read_text() for path in authorities))
        server.run(reload)

    own = pathlib.Path(server.folder)
    authorities = [own / "ca.crt", made / "ca.crt", made / "other.crt"]

    def by_name(name):
        # MySQL takes no certificate that has expired, so one does while the server has it: after the fewest seconds in
        # which a busy machine makes it and the server takes it.
        if name == "expired" and not server.is_mariadb:
            for seconds in (3, 10, 30):
                end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
                make_certificate(made, "expiring", "ca", "localhost", "DNS:localhost", start="20200101000000Z",
                                 end=f"{end:%Y%m%d%H%M%SZ}")
                try:
                    present(made, "expiring")
                    break
                except AssertionError:
                    assert seconds < 30
            time.sleep(max(0, end.timestamp() + 1 - time.time()))
        else:
            present(made, name)

    yield by_name
    present(own, "server")


def read(tmp_path, server, options, user="encrypted", port=None, host="localhost"):
    penstock = connected(Penstock(tmp_path), f"mysql://{user}@{host}:{port or server.port}/penstock?{options}")
    return penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT 1 AS one", "-o", "x.csv")


@pytest.mark.parametrize("options", [
    "ssl_mode=REQUIRED", "ssl_mode=required", "ssl_mode=PREFERRED", "", "ssl=true&ssl_verify_cert=false",
    "ssl_mode=VERIFY_CA&ssl_ca={ca}", "ssl_mode=VERIFY_IDENTITY&ssl_ca={ca}", "ssl_ca={ca}", "ssl=true&ssl_ca={ca}",
    "ssl_ca={ca}&ssl_verify_cert=true&ssl_verify_identity=true", "ssl_ca={ca}&ssl_verify_identity=false"])
def test_each_way_to_ask_for_tls_gets_it(tmp_path, server, made, presents, options):
    presents("right")
    result = read(tmp_path, server, options.format(ca=made / "ca.crt"))
    assert result.code == 0, result
    # The account may come in only where the connection is encrypted.
    assert read(tmp_path, server, "ssl_mode=DISABLED").error["code"] == "authentication_failed"


CA, IDENTITY, NAMELESS = "ssl_mode=VERIFY_CA", "ssl_mode=VERIFY_IDENTITY", "ssl_verify_identity=false"
STRICT = (f"{IDENTITY}&{{ca}}", "{ca}", "ssl=true&{ca}", "ssl=true&ssl_verify_identity=true&{ca}")


@pytest.mark.parametrize("name, taken, refused", [
    ("right", [f"{IDENTITY}&{{ca}}"], [f"{IDENTITY}&{{other}}", f"{CA}&{{other}}", "{other}", "ssl=true", IDENTITY, CA]),
    ("wrong", ["ssl_mode=REQUIRED", f"{CA}&{{ca}}", f"{NAMELESS}&{{ca}}"], STRICT),
    ("foreign", ["ssl_mode=REQUIRED"], [*STRICT, f"{CA}&{{ca}}", f"{NAMELESS}&{{ca}}"]),
    ("expired", ["ssl_mode=REQUIRED"], [*STRICT, f"{CA}&{{ca}}", f"{NAMELESS}&{{ca}}"]),
    ("early", [], [*STRICT, f"{CA}&{{ca}}", f"{NAMELESS}&{{ca}}"])])
def test_a_certificate_that_is_not_the_servers_is_refused(tmp_path, server, made, presents, name, taken, refused):
    if name == "early" and not server.is_mariadb:
        with pytest.raises(AssertionError, match="Invalid certificates"):  # MySQL itself
            presents(name)
        return
    presents(name)
    files = {"ca": f"ssl_ca={made}/ca.crt", "other": f"ssl_ca={made}/other.crt"}
    for options in taken:
        result = read(tmp_path, server, options.format(**files))
        assert result.code == 0, (options, result)
    (tmp_path / "x.csv").unlink(missing_ok=True)
    for options in refused:
        result = read(tmp_path, server, options.format(**files))
        assert (result.code, result.error["code"]) == (3, "tls_failed"), (options, result)
        assert not (tmp_path / "x.csv").exists()


def test_the_number_that_is_dialled_is_no_name_of_the_certificate(tmp_path, server, made, presents):
    presents("right")
    assert read(tmp_path, server, f"ssl_ca={made}/ca.crt", host="127.0.0.1").error["code"] == "tls_failed"
    assert read(tmp_path, server, f"ssl_ca={made}/ca.crt&ssl_verify_identity=false", host="127.0.0.1").code == 0


def test_a_client_certificate_logs_in_where_the_server_asks_for_one(tmp_path, server, made, presents):
    presents("right")
    own = f"&ssl_cert={server.folder}/client.crt&ssl_key={server.folder}/client.key"
    for options in (f"ssl_ca={made}/ca.crt", f"ssl_mode=VERIFY_CA&ssl_ca={made}/ca.crt", "ssl_mode=REQUIRED"):
        for user in ("certified", "named"):
            assert read(tmp_path, server, options + own, user).code == 0
            without = read(tmp_path, server, options, user)
            assert (without.code, without.error["code"]) == (3, "authentication_failed"), without
    # A certificate that the server's authority did not sign.
    stranger = f"&ssl_cert={made}/stranger.crt&ssl_key={made}/stranger.key"
    assert read(tmp_path, server, f"ssl_ca={made}/ca.crt{stranger}", "certified").code == 3
    # Files that are none.
    missing = read(tmp_path, server, f"ssl_ca={made}/ca.crt&ssl_cert={tmp_path}/none&ssl_key={tmp_path}/none", "certified")
    assert (missing.code, missing.error["code"]) == (3, "tls_failed")


class WithoutTls(Listener):
    """Between us and a server, whose greeting then says that it has no TLS; `said` is all that the client says."""

    CLIENT_SSL = 0x08  # in the second byte of the capabilities

    def __init__(self, server):
        self.server = server
        self.said = b""

    def serve(self, client):
        with socket.create_connection(("127.0.0.1", self.server.port)) as server:
            greeting = bytearray(server.recv(4096))
            at = greeting.index(0, 5) + 1 + 4 + 8 + 1  # header, version, name, thread, nonce, filler
            greeting[at + 1] &= ~self.CLIENT_SSL
            client.sendall(greeting)
            client.settimeout(5)
            while data := client.recv(4096):
                self.said += data


@pytest.mark.parametrize("options", ["ssl_mode=REQUIRED", "ssl_mode=VERIFY_CA&ssl_ca={ca}",
                                     "ssl_mode=VERIFY_IDENTITY&ssl_ca={ca}", "ssl=true", "ssl_ca={ca}"])
def test_a_server_without_tls_is_refused_and_told_nothing(tmp_path, server, made, options):
    with WithoutTls(server) as proxy:
        user = urllib.parse.urlsplit(server.dsn)
        result = read(tmp_path, server, options.format(ca=made / "ca.crt"), f"{user.username}:{user.password}",
                      port=proxy.port)
    assert (result.code, result.error["code"]) == (3, "tls_not_offered"), result
    assert proxy.said == b""


@pytest.mark.parametrize("options", ["ssl_mode=PREFERRED", "ssl_mode=DISABLED", "ssl=false", ""])
def test_where_tls_is_not_asked_for_a_server_without_it_is_talked_to(tmp_path, server, options):
    with WithoutTls(server) as proxy:
        read(tmp_path, server, f"{options}&connect_timeout=1".lstrip("&"), "encrypted", port=proxy.port)
    assert b"encrypted\0" in proxy.said  # the user, in the clear


# ---- a server that wants the password itself, or would have it under its own RSA key ----


class Between(Listener):
    """Between us and a server; `said` is all that the client says."""

    def __init__(self, server):
        self.server = server
        self.said = b""

    def serve(self, client):
        with socket.create_connection(("127.0.0.1", self.server.port)) as server:
            threading.Thread(target=self._answers, args=(server, client), daemon=True).start()
            while data := client.recv(4096):
                self.said += data
                server.sendall(data)

    @staticmethod
    def _answers(server, client):
        with contextlib.suppress(OSError):
            while data := server.recv(4096):
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def authenticates(server):
    """Makes an account that authenticates by a plug-in, and gives its `user:password`."""
    def by(plugin):
        server.run(f"CREATE USER proving@'%' IDENTIFIED WITH {plugin} BY 'm4rk'; GRANT SELECT ON penstock.* TO proving@'%'")
        return "proving:m4rk"

    yield by
    server.run("DROP USER proving@'%'")


# RS-010
@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_the_password_is_sent_only_over_verified_tls_and_never_under_the_servers_key(
        tmp_path, server, made, presents, authenticates):
    presents("right")
    user = authenticates("caching_sha2_password")  # the server has not seen its password yet
    with Between(server) as between:
        for options in ("ssl_mode=DISABLED", "ssl_mode=REQUIRED"):
            result = read(tmp_path, server, options, user, port=between.port)
            assert (result.code, result.error["code"]) == (3, "password_not_sent"), (options, result)
            assert not (tmp_path / "x.csv").exists()
    assert b"proving" in between.said and b"m4rk" not in between.said
    assert read(tmp_path, server, f"ssl_mode=VERIFY_CA&ssl_ca={made}/ca.crt", user).code == 0
    # The server has seen it now, and a proof by its hash is enough.
    assert read(tmp_path, server, "ssl_mode=DISABLED", user).code == 0
    # FLUSH PRIVILEGES would make it forget every account's.
    server.run("ALTER USER proving@'%' IDENTIFIED WITH caching_sha2_password BY 'm4rk'")
    assert read(tmp_path, server, "ssl_mode=DISABLED", user).error["code"] == "password_not_sent"


# RS-010
@pytest.mark.parametrize("server", ["mysql"], indirect=True)
@pytest.mark.parametrize("options", ["ssl_mode=DISABLED", "ssl_mode=REQUIRED", "ssl_mode=VERIFY_CA&ssl_ca={ca}"])
def test_a_way_to_authenticate_that_gives_the_password_away_is_refused(
        tmp_path, server, made, presents, authenticates, options):
    presents("right")
    user = authenticates("sha256_password")
    with Between(server) as between:
        result = read(tmp_path, server, options.format(ca=made / "ca.crt"), user, port=between.port)
    assert (result.code, result.error["code"]) == (3, "authentication_failed"), result
    assert result.error["message"] == (f"cannot connect to localhost:{between.port}: the server asks for a way to "
                                       "authenticate that is not allowed")
    assert "ALTER USER ... IDENTIFIED WITH caching_sha2_password" in result.error["hint"]
    assert b"m4rk" not in between.said


# RS-015
@pytest.mark.parametrize("options, told", [("ssl_mode=PREFERRED", True), ("", True), ("ssl_mode=REQUIRED", False)])
def test_a_dsn_that_does_not_ask_for_tls_is_told(tmp_path, server, options, told):
    result = read(tmp_path, server, options)
    assert result.code == 0, result
    assert ("sql_dsn_tls_not_configured" in result.names()) == told
