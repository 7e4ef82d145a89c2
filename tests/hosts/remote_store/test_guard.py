"""The guard binds the adapter: a configuration cannot open what the environment has not."""

import penstock
import pytest
import remote_store
from conftest import OPT_IN, SERVERS, server_url
from penstock.remote_store import QueryBackend

LEADS_TO_THIS_MACHINE = [
    "postgresql://me:hush@127.0.0.1:1/shop",
    "postgresql+psycopg2://me:hush@localhost:1/shop",
    "postgresql://me:hush@/shop?host=/var/run/postgresql",
    "postgresql://me:hush@[::1]:1/shop",
    "mysql+pymysql://me:hush@127.0.0.1:1/shop",
    "mysql://me:hush@0x7f.1:1/shop",
    "mariadb://me:hush@localhost/shop?unix_socket=/run/mysqld/mysqld.sock",
]


class Rows:
    def serialize(self, rows, columns, format):
        raise AssertionError("no row should come")


@pytest.mark.parametrize("url", LEADS_TO_THIS_MACHINE)
@pytest.mark.parametrize("arguments", [{}, {"serializer": Rows()}, {"allow_privileged": True}], ids=["", "rows", "privileged"])
# RS-016 RS-017 SQL-QUERY-070
def test_a_private_host_is_refused_before_it_is_dialled(url, arguments):
    backend = QueryBackend(url, queries={"a.csv": "SELECT 1 AS a"}, **arguments)
    for call in (lambda: backend.read("a.csv"), lambda: backend.read_bytes("a.csv"), backend.check_health):
        with pytest.raises(remote_store.BackendUnavailable) as refused:
            call()
        assert isinstance(refused.value.__cause__, penstock.Error)
        assert OPT_IN.removeprefix("PENSTOCK") in str(refused.value) + str(getattr(refused.value, "__notes__", ""))
        assert "hush" not in f"{refused.value!r} {refused.value} {refused.value.__cause__!r}"


# RS-018
@pytest.mark.parametrize("name", [OPT_IN, OPT_IN.lower(), "variables", "allow_private"])
def test_no_option_of_a_configuration_opts_in(name):
    config = remote_store.RegistryConfig.from_dict({
        "backends": {"shop": {"type": "penstock-guarded", "options": {"url": LEADS_TO_THIS_MACHINE[0], name: "1"}}},
        "stores": {"shop": {"backend": "shop"}}})
    remote_store.register_backend("penstock-guarded", QueryBackend)
    with remote_store.Registry(config) as registry, pytest.raises(ValueError, match=f"no argument '{name}'"):
        registry.get_store("shop")


# RS-018
@pytest.mark.parametrize("server", SERVERS)
def test_the_environment_opts_in(monkeypatch, server):
    backend = QueryBackend(server_url(server), queries={"a.csv": "SELECT 1 AS a"})
    with pytest.raises(remote_store.BackendUnavailable):
        backend.read_bytes("a.csv")
    monkeypatch.setenv(OPT_IN, "1")
    assert QueryBackend(server_url(server), queries={"a.csv": "SELECT 1 AS a"}).read_bytes("a.csv") == b'"a"\n1\n'
