"""Where a source may connect: the document's refusals and exit codes, both types alike, opted in by the environment alone."""

import socket

import pytest
import structlog
from conftest import DSN, run, variable
from recotem._http_fetch import HttpFetchError
from recotem.datasource.base import DataSourceError, FetchContext

from penstock import recotem
from penstock.recotem import SQLConfig, SQLSource

WAYS = {"penstock": ("recotem",), "sql": ("python", "-m", "penstock.recotem")}
BYPASS = "; this bypasses the network SSRF guard. Set RECOTEM_SQL_ALLOW_PRIVATE=1 to opt in."


def private(host):
    return (f"refusing to connect to private/loopback host '{host}'; set RECOTEM_SQL_ALLOW_PRIVATE=1 to opt in "
            "(intended for in-cluster or compose service-name destinations)")


def no_host(dialect):
    return (f"DSN for dialect '{dialect}' does not specify a host; the driver would default to the local socket / 127.0.0.1 "
            "which is rejected by the SSRF guard. Specify a host explicitly or set RECOTEM_SQL_ALLOW_PRIVATE=1 to opt in.")


# The document's table.
REFUSED = {
    "": f"env var {DSN} is not set or is empty; set it to the database DSN (e.g. postgresql://user:pass@host/db)",
    "oracle://u:hidden@h/db": "unsupported SQL dialect 'oracle'; officially supported: ['mysql', 'postgres', 'sqlite'].",
    "postgresql+psycopg://u:hidden@10.0.0.5/db": private("10.0.0.5"),
    "postgresql://u:hidden@[::1]/db": private("::1"),
    "postgresql:///db?hostaddr=169.254.169.254": private("169.254.169.254"),
    "mysql+pymysql://u:hidden@8.8.8.8/db?host=127.0.0.1": private("127.0.0.1"),
    "postgresql:///db?service=shop": "DSN routes via libpq service file (?service=...)" + BYPASS,
    "mysql:///db?unix_socket=/run/mysqld.sock": "DSN routes via Unix socket (?unix_socket=...)" + BYPASS,
    "postgresql:///db?host=/run/postgresql": "DSN host is an absolute path (libpq Unix-socket form)" + BYPASS,
    "postgresql:///db": no_host("postgresql"),
    "mariadb+pymysql:///db": no_host("mysql"),
}


def made(monkeypatch, dsn, **settings):
    monkeypatch.setenv(DSN, dsn)
    return SQLSource(SQLConfig(type="sql", dsn_env=DSN, query="SELECT 1 AS one", **settings))


# RS-004 RS-011 RS-016 RS-017
@pytest.mark.parametrize("dsn", REFUSED)
def test_the_documents_refusals_are_said_to_the_letter(monkeypatch, dsn):
    monkeypatch.delenv("RECOTEM_SQL_ALLOW_PRIVATE", raising=False)
    with pytest.raises(DataSourceError) as failure:
        made(monkeypatch, dsn)
    assert str(failure.value) == REFUSED[dsn]


# RS-016 RS-018 RS-024
@pytest.mark.parametrize("type", WAYS)
@pytest.mark.parametrize("name", ["POSTGRES", "MARIADB"])
def test_this_machine_is_refused_until_the_environment_opts_in(recipe, type, name):
    path = recipe(type, source="", query="SELECT 1 AS user_id, 2 AS item_id, '2026-03-01' AS bought_at")
    env = {DSN: variable(f"PENSTOCK_TEST_{name}_DSN")}
    for command in ("validate", "train"):
        refused = run(*WAYS[type], command, path, env=env)
        assert refused.code == 3 and private("127.0.0.1") in refused.err, refused
    assert run(*WAYS[type], "validate", path, env=env | {"RECOTEM_SQL_ALLOW_PRIVATE": "1"}).code == 0


# RS-018
@pytest.mark.parametrize("name, word, opts_in", [
    ("RECOTEM_SQL_ALLOW_PRIVATE", "true", True), ("RECOTEM_SQL_ALLOW_PRIVATE", "Yes", True),
    ("RECOTEM_SQL_ALLOW_PRIVATE", "0", False), ("RECOTEM_SQL_ALLOW_PRIVATE", "", False),
    ("PENSTOCK_SQL_ALLOW_PRIVATE", "on", True), ("PENSTOCK_SQL_ALLOW_PRIVATE", "off", False)])
def test_the_words_that_opt_in(monkeypatch, name, word, opts_in):
    monkeypatch.delenv("RECOTEM_SQL_ALLOW_PRIVATE", raising=False)
    monkeypatch.setenv(name, word)
    dsn = variable("PENSTOCK_TEST_POSTGRES_DSN")
    if opts_in:
        assert len(made(monkeypatch, dsn).fetch(FetchContext("r", "run-1"))) == 1
        return
    with pytest.raises(DataSourceError, match="^refusing to connect to private/loopback host '127.0.0.1'"):
        made(monkeypatch, dsn)


# RS-018
def test_opted_in_no_name_is_looked_up_before_it_is_dialled(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("a name was looked up"))
    monkeypatch.setenv("RECOTEM_SQL_ALLOW_PRIVATE", "on")
    for dsn in ("postgresql://u@shop.example/db", "postgresql:///db?service=shop", "mysql:///db", "mysql:///db?unix_socket=/x"):
        made(monkeypatch, dsn)._check_rebinding()


@pytest.fixture
def names(monkeypatch):
    """What the system's resolver answers, by name: nothing leaves this process."""
    known = {}

    def getaddrinfo(host, *_, **__):
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
                for address in known[host]]

    monkeypatch.delenv("RECOTEM_SQL_ALLOW_PRIVATE", raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


# RS-016
def test_a_name_of_a_private_address_is_refused(monkeypatch, names):
    names["shop.example"] = ["8.8.8.8", "10.0.0.5"]
    with pytest.raises(DataSourceError) as failure:
        made(monkeypatch, "postgresql://u@shop.example/db")
    assert str(failure.value) == private("shop.example")
    with pytest.raises(DataSourceError, match="^hostname 'other.example' does not resolve; verify the DSN host or set"):
        made(monkeypatch, "mysql://u@other.example/db")


# RS-016
def test_the_guard_judges_what_the_host_lets_pass(monkeypatch, names):
    monkeypatch.setattr(recotem, "assert_host_public", lambda *_, **__: ["168.63.129.16"])  # a cloud's own service
    with pytest.raises(DataSourceError) as failure:
        made(monkeypatch, "postgresql://u@shop.example/db")
    assert str(failure.value) == private("shop.example")


# RS-019
@pytest.mark.parametrize("method", ["probe", "fetch"])
def test_a_name_that_moves_after_it_was_checked_is_not_dialled(monkeypatch, names, method):
    names["shop.example"] = ["8.8.8.8", "2606:4700:4700::1111"]
    source = made(monkeypatch, "postgresql://u@8.8.4.4/db?host=shop.example", connect_timeout_seconds=1)
    arguments = [FetchContext("r", "run-1")] if method == "fetch" else []
    for now, message in (["10.0.0.5"], "^DNS rebinding detected for host 'shop.example': "), (None, "^DNS re-resolution of"):
        names.clear()
        if now:
            names["shop.example"] = now
        with pytest.raises(DataSourceError, match=message):
            getattr(source, method)(*arguments)
    names["shop.example"] = ["2606:4700:4700::1111"]
    source._check_rebinding()


# RS-024
def test_a_refusal_is_no_failed_http_fetch(monkeypatch, names):
    names["shop.example"] = ["10.0.0.5"]
    with pytest.raises(DataSourceError) as failure:
        made(monkeypatch, "postgresql://u@shop.example/db")
    cause, seen = failure.value, []
    while cause is not None:
        seen.append(cause)
        cause = cause.__cause__
    assert not any(isinstance(one, HttpFetchError) for one in seen)


# RS-026
def test_no_password_is_told(recipe):
    dsn = variable("PENSTOCK_TEST_POSTGRES_DSN").replace("reader:", "reader:hidden%21")
    ran = run("recotem", "train", recipe(source="", query="SELECT 1 AS user_id"), env={DSN: dsn, "RECOTEM_SQL_ALLOW_PRIVATE": "1"})
    assert ran.code == 3 and "UnavailableError (authentication_failed)" in ran.err, ran
    assert "hidden" not in ran.err + ran.out
    assert "hidden" not in "".join(REFUSED.values())


# RS-015
@pytest.mark.parametrize("dsn, told", [
    ("postgresql://u@8.8.8.8/db", {"dialect": "postgresql", "detected_sslmode": "(absent)"}),
    ("postgresql://u@8.8.8.8/db?sslmode=prefer", {"dialect": "postgresql", "detected_sslmode": "prefer"}),
    ("postgresql://u@8.8.8.8/db?sslmode=require", None), ("mysql://u@8.8.8.8/db", {"dialect": "mysql"}),
    ("mysql://u@8.8.8.8/db?ssl=true", None), ("mysql://u@8.8.8.8/db?ssl_ca=/ca.pem&ssl_check_hostname=false", None),
    ("sqlite://", None)])
def test_a_plaintext_dsn_is_told_once(monkeypatch, dsn, told):
    with structlog.testing.capture_logs() as events:
        made(monkeypatch, dsn)
    found = [event for event in events if event["event"] == "sql_dsn_tls_not_configured"]
    assert len(found) == bool(told)
    if told:
        assert found[0]["log_level"] == "warning" and found[0].items() >= told.items() and found[0]["hint"]
