"""A task's connection: a URI, arguments, and secrets that are kept elsewhere."""

import json
import urllib.parse

import pytest

from conftest import Penstock
from test_conformance import DIALECTS

SERVERS = [name for name in DIALECTS if name != "sqlite"]


class Place:
    """A server's account, apart: the URI without its password, and the password."""

    def __init__(self, dialect, folder):
        parts = urllib.parse.urlsplit(DIALECTS[dialect](folder).dsn)
        self.password = urllib.parse.unquote(parts.password)
        self.uri = parts._replace(netloc=f"{parts.username}@{parts.hostname}:{parts.port}").geturl()
        self.whole = parts.geturl()
        self.folder = folder
        self.penstock = Penstock(folder)
        self.penstock.env["PENSTOCK_SQL_ALLOW_PRIVATE"] = "1"

    def run(self, connection, env=None, *arguments):
        (self.folder / "t.yaml").write_text(
            f"name: t\nconnection: {json.dumps(connection)}\nquery: SELECT 1 AS a\n")
        result = self.penstock("run", "t.yaml", "-o", "-", "--format", "csv", *arguments, env=env)
        assert self.password not in result.err + result.out
        assert urllib.parse.quote(self.password, safe="") not in result.err
        return result


@pytest.fixture(params=SERVERS)
def place(request, tmp_path):
    return Place(request.param, tmp_path)


SECRET = {"group": "shop", "key": "db-password"}


# FT-008, FT-009
def test_a_password_comes_from_a_variable_a_file_or_a_command(place):
    connection = {"uri": place.uri, "secret_connect_args": {"password": SECRET}}
    missing = place.run(connection)
    assert missing.code == 2 and missing.error["code"] == "task_secret_missing"
    for name in ("PENSTOCK_SECRET_SHOP_DB_PASSWORD", "_FSEC_SHOP_DB-PASSWORD"):
        result = place.run(connection, {name: place.password})
        assert result.code == 0 and result.out.replace('"', "") == "a\n1\n", result
    (place.folder / "shop").mkdir()
    (place.folder / "shop" / "db-password").write_text(place.password + "\n")
    assert place.run(connection, {"FLYTE_SECRETS_DEFAULT_DIR": str(place.folder)}).code == 0
    command = {"uri": place.uri, "secret_connect_args": {
        "password": {"command": ["cat", str(place.folder / "shop" / "db-password")]}}}
    assert place.run(command).code == 0


# FT-009, FT-011
def test_a_wrong_password_is_an_error_that_does_not_have_it(place):
    connection = {"uri": place.uri, "secret_connect_args": {"password": SECRET}}
    result = place.run(connection, {"PENSTOCK_SECRET_SHOP_DB_PASSWORD": "not-the-pass-word"})
    # MySQL asks for the password itself where it does not know the hash, and without TLS it is not given.
    assert result.code == 3 and result.error["code"] in ("authentication_failed", "password_not_sent"), result
    assert "not-the-pass-word" not in result.err


# FT-008
def test_secrets_win_and_an_unknown_argument_names_the_known_ones(place):
    connection = {"uri": place.uri, "connect_args": {"password": "wrong", "connect_timeout": 5, "isolation_level": None},
                  "secret_connect_args": {"password": SECRET}}
    assert place.run(connection, {"PENSTOCK_SECRET_SHOP_DB_PASSWORD": place.password}).code == 0
    unknown = place.run({"uri": place.uri, "connect_args": {"pasword": "x"}})
    assert unknown.code == 2
    assert "pasword" in unknown.error["message"] and "password" in unknown.error["message"] + unknown.error["hint"]


# FT-008
def test_the_guard_checks_a_host_that_is_an_argument(place):
    del place.penstock.env["PENSTOCK_SQL_ALLOW_PRIVATE"]
    refused = place.run({"uri": place.uri.replace("127.0.0.1", "93.184.216.34"), "connect_args": {"host": "127.0.0.1"},
                         "secret_connect_args": {"password": SECRET}},
                        {"PENSTOCK_SECRET_SHOP_DB_PASSWORD": place.password})
    assert refused.code == 3 and refused.error["code"] == "private_host"


# FT-010
def test_a_password_in_the_uri_runs_with_a_warning(place):
    result = place.run({"uri": place.whole})
    assert result.code == 0, result
    assert [event["event"] for event in result.events if event["level"] == "warning"][0] == "task_warning"
    assert "secret_connect_args" in result.err
