"""A server that is none of ours and lies: what it is told before it has shown who it is."""

import contextlib
import socket
import ssl
import struct
import sys
import time

import pytest

from conftest import ROOT
from listener import Listener
from on_postgres import connected, query

sys.path.insert(0, str(ROOT / "tools" / "servers"))
from certificates import make_authority, make_certificate  # noqa: E402

PASSWORD = "Zq7M4RKer"
SSL_REQUEST = struct.pack("!II", 8, 80877103)


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


CLEAR = message(b"R", struct.pack("!I", 3))
MD5 = message(b"R", struct.pack("!I", 5) + b"salt")
SCRAM = message(b"R", struct.pack("!I", 10) + b"SCRAM-SHA-256\0\0")
OK = message(b"R", struct.pack("!I", 0))
NOTICE = message(b"N", b"SNOTICE\0C00000\0Mhello\0\0")
READY = message(b"Z", b"I")
END = object()  # the server says no more, and still listens


class Liar(Listener):
    """Each connection: `tls`, what to answer an SSLRequest with (a context, b"N", or other bytes); then `says`, each part
    sent by itself. Keeps what each client said after its start-up message."""

    def __init__(self, says, tls=b"N"):
        self.says, self.tls = says, tls
        self.told = []
        self.users = []

    def serve(self, client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(20)
        with contextlib.ExitStack() as closing:
            closing.enter_context(client)
            first = client.recv(8, socket.MSG_WAITALL)
            if first == SSL_REQUEST:
                if isinstance(self.tls, bytes):
                    client.sendall(self.tls)
                else:
                    client.sendall(b"S")
                    client = closing.enter_context(self.tls.wrap_socket(client, server_side=True))
                first = client.recv(8)
            self.users.append(first + client.recv(4096))
            for part in self.says:
                if part is END:
                    client.shutdown(socket.SHUT_WR)
                else:
                    client.sendall(part)
                    time.sleep(0.01)
            self.told.append(client.recv(4096))


def context_of(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "right.crt", folder / "right.key")
    return context


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    folder = tmp_path_factory.mktemp("liar")
    make_authority(folder, "ca")
    make_certificate(folder, "right", "ca", "localhost", "DNS:localhost")
    return folder, context_of(folder)


@pytest.fixture
def held_up(penstock):
    """Between its look at what a server says and whatever comes next, the program waits a tenth of a second."""
    penstock.env["LD_PRELOAD"] = str(ROOT / "build" / "tests" / "libfailing_calls.so")
    penstock.env["FAULT_PEEK_MS"] = "100"


def ask(penstock, liar, options, host="127.0.0.1"):
    connected(penstock, f"postgresql://ada:{PASSWORD}@{host}:{liar.port}/d?{options}")
    result = query(penstock, "SELECT 1", "-o", "x.csv")
    assert result.code == 3, result
    assert PASSWORD not in result.err
    assert not any(PASSWORD.encode() in told for told in liar.told + liar.users) or "verify" in options
    return result.error


# RS-026
@pytest.mark.parametrize("says", [[CLEAR], [CLEAR[:1], CLEAR[1:5], CLEAR[5:8], CLEAR[8:]], [SCRAM + CLEAR], [MD5 + CLEAR],
                                  [CLEAR + OK + READY]])
@pytest.mark.parametrize("options", ["sslmode=disable", "sslmode=prefer", "sslmode=allow"])
def test_the_password_itself_is_not_given_to_whoever_asks(penstock, says, options):
    with Liar(says) as liar:
        error = ask(penstock, liar, options)
    assert error["code"] == "password_not_sent", error
    assert error["message"] == ("the server wants the password itself, which is sent only over TLS with a verified "
                                "certificate")
    assert error["hint"] == ("add sslmode=verify-full and sslrootcert=FILE to the DSN, or set scram-sha-256 in the server's "
                             "pg_hba.conf")


# RS-026
@pytest.mark.parametrize("says", [[SCRAM, CLEAR], [MD5, CLEAR], [MD5, CLEAR[:3], CLEAR[3:] + OK + READY]])
def test_nor_to_one_that_asks_between_our_look_and_the_drivers_read(penstock, held_up, says):
    with Liar(says) as liar:
        assert ask(penstock, liar, "sslmode=disable")["code"] == "password_not_sent"
        # What it asked for first, it got: the message was not held back.
        assert liar.told[0].startswith(b"p"), liar.told


# RS-026
def test_nor_to_one_that_asks_then_and_says_no_more(penstock, held_up):
    with Liar([CLEAR[:6], CLEAR[6:], END]) as liar:
        assert ask(penstock, liar, "sslmode=disable")["code"] == "password_not_sent"


# RS-026
# Of TLS 1.3 the tickets come first, and there is nothing in them to look at.
@pytest.mark.parametrize("says", [[b"", CLEAR], [b"", CLEAR[:6], CLEAR[6:], END], [SCRAM, CLEAR], [MD5, CLEAR]])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_nor_then_over_tls(penstock, held_up, certified, says, version):
    context = context_of(certified[0])
    context.minimum_version = context.maximum_version = version
    with Liar(says, tls=context) as liar:
        assert ask(penstock, liar, "sslmode=require")["code"] == "password_not_sent"
        if says[0]:
            assert liar.told[0].startswith(b"p"), liar.told


# RS-026
@pytest.mark.parametrize("says", [[CLEAR], [CLEAR[:1], CLEAR[1:6], CLEAR[6:]], [SCRAM + CLEAR]])
@pytest.mark.parametrize("options", ["sslmode=require", "sslmode=prefer"])
def test_nor_over_tls_whose_certificate_nobody_verified(penstock, certified, says, options):
    with Liar(says, tls=certified[1]) as liar:
        assert ask(penstock, liar, options)["code"] == "password_not_sent"


# RS-026
# A server asks once and waits; and what libpq would have to read twice is none of a login.
@pytest.mark.parametrize("says", [[MD5 + MD5], [NOTICE * 500]])
def test_a_server_that_asks_without_waiting_is_none(penstock, certified, says):
    with Liar(says, tls=certified[1]) as liar:
        assert ask(penstock, liar, "sslmode=require")["code"] == "protocol_error"
        assert not any(liar.told)


# RS-026
def test_a_verified_server_may_ask_for_it(penstock, certified):
    folder, context = certified
    with Liar([CLEAR], tls=context) as liar:
        ask(penstock, liar, f"sslmode=verify-full&sslrootcert={folder}/ca.crt", host="localhost")
        assert liar.told == [message(b"p", PASSWORD.encode() + b"\0")]


# RS-026
def test_a_server_of_the_wrong_name_or_authority_is_told_nothing(penstock, certified, tmp_path):
    folder, context = certified
    make_authority(tmp_path, "other")
    for host, root in (("127.0.0.1", folder / "ca.crt"), ("localhost", tmp_path / "other.crt")):
        with Liar([CLEAR], tls=context) as liar:
            error = ask(penstock, liar, f"sslmode=verify-full&sslrootcert={root}", host=host)
            assert error["code"] == "tls_failed", error
            assert not any(liar.users + liar.told)


# RS-026
@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
@pytest.mark.parametrize("answer", [b"N", b"E", b"G", b"S", b"", b"N" + CLEAR, b"S" + CLEAR])
def test_a_downgrade_ends_the_connection_before_a_user_is_named(penstock, certified, mode, answer):
    root = f"&sslrootcert={certified[0]}/ca.crt"
    with Liar([], tls=answer) as liar:
        ask(penstock, liar, f"sslmode={mode}{root}", host="localhost")
        assert not any(b"ada" in said for said in liar.users + liar.told)


# RS-026
@pytest.mark.parametrize("says", [[message(b"R", struct.pack("!I", number))] for number in (2, 6, 7, 9, 99)]
                         + [[b"HTTP/1.1 400 Bad Request\r\n\r\n"], [NOTICE, CLEAR], [b""], [b"R"], [b"R\0\0"],
                            [message(b"R", b"\0" * 3000)], [b"R\xff\xff\xff\xff\0\0\0\3"]])
def test_other_wishes_are_an_error(penstock, says):
    with Liar(says) as liar:
        ask(penstock, liar, "sslmode=disable")
