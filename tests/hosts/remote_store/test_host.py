"""QueryBackend in remote-store's hands: its registry and configuration, AsyncStore, its extensions."""

import asyncio
import hashlib

import penstock
import pyarrow.dataset
import pytest
import remote_store
from conftest import QUERIES
from penstock.remote_store import QueryBackend
from remote_store import _registry
from remote_store.aio import AsyncStore
from remote_store.ext.arrow import pyarrow_fs

TOML = """
[backends.shop]
type = "{type}"
[backends.shop.options]
url = "${{SHOP_URL}}"
limits = {{ rows = 1000 }}
[backends.shop.options.queries]
"reports/all.parquet" = "SELECT id, total, region FROM orders ORDER BY id"
"reports/eu/count.csv" = "SELECT count(*) AS pieces FROM orders WHERE region = 'eu'"

[stores.reports]
backend = "shop"
root_path = "reports"
"""


@pytest.fixture
def factories(monkeypatch):
    """The host's table of backends, as it was after the test."""
    monkeypatch.setattr(_registry, "_BACKEND_FACTORIES", dict(_registry._BACKEND_FACTORIES))
    return _registry._BACKEND_FACTORIES


@pytest.fixture
def store(url):
    with remote_store.Store(QueryBackend(url, queries=QUERIES)) as store:
        yield store


# SQL-QUERY-005
@pytest.mark.parametrize("type_name", ["penstock", "sql-query"])
def test_a_configuration_names_it(factories, monkeypatch, tmp_path, url, type_name):
    """Under a name of its own, or in place of the built-in, which a configuration then means without knowing."""
    remote_store.register_backend(type_name, QueryBackend)
    monkeypatch.setenv("SHOP_URL", url)
    path = tmp_path / "stores.toml"
    path.write_text(TOML.format(type=type_name))
    with remote_store.Registry(remote_store.RegistryConfig.from_toml(path, resolve_env_vars=True)) as registry:
        reports = registry.get_store("reports")
        assert [str(info.path) for info in reports.list_files("", recursive=True)] == ["all.parquet", "eu/count.csv"]
        assert reports.read_text("eu/count.csv") == '"pieces"\n66\n'
        assert reports.unwrap(penstock.Store).read_bytes("reports/all.parquet") == reports.read_bytes("all.parquet")


# SQL-QUERY-005
@pytest.mark.parametrize("options, message", [
    ({"url": "sqlite://", "table_name": "x"}, "Invalid options for backend 'shop'"),
    ({}, "Exactly one of"),
])
def test_a_wrong_configuration_is_named(factories, options, message):
    remote_store.register_backend("penstock", QueryBackend)
    config = remote_store.RegistryConfig.from_dict({
        "backends": {"shop": {"type": "penstock", "options": options}}, "stores": {"shop": {"backend": "shop"}}})
    with remote_store.Registry(config) as registry, pytest.raises(ValueError, match=message):
        registry.get_store("shop")


# SQL-QUERY-020 SQL-QUERY-030 SQL-QUERY-032
def test_a_store_below_a_folder(store):
    below = store.child("reports")
    assert {str(info.path) for info in below.glob("**/*.csv")} == {"all.csv", "eu/count.csv"}
    assert [folder.name for folder in below.list_folders("")] == ["eu"]
    with below.read_seekable("eu/count.csv") as file:
        assert file.read() == b'"pieces"\n66\n'
    assert below.get_folder_info("", max_depth=0).file_count == 3
    assert below.resolve("all.csv").details["format"] == "csv"
    with pytest.raises(remote_store.CapabilityNotSupported):
        below.write("x.csv", b"")


# SQL-QUERY-020 SQL-QUERY-030 SQL-QUERY-070
def test_asynchronously(url):
    async def run():
        async with AsyncStore(QueryBackend(url, queries=QUERIES)) as store:
            texts = await asyncio.gather(*(store.read_bytes(key) for key in QUERIES))
            listed = [str(info.path) async for info in store.list_files("", recursive=True)]
            chunks = b"".join([chunk async for chunk in store.read("reports/all.csv")])
            with pytest.raises(remote_store.NotFound):
                await store.read_bytes("nothing.csv")
            return texts, listed, chunks, await store.exists("reports/eu")

    backend = QueryBackend(url, queries=QUERIES)
    texts, listed, chunks, exists = asyncio.run(run())
    assert texts == [backend.read_bytes(key) for key in QUERIES]
    assert (listed, exists) == (sorted(QUERIES), True)
    assert chunks == backend.read_bytes("reports/all.csv")


# SQL-QUERY-020
def test_the_extensions_that_read(store, tmp_path):
    whole = store.read_bytes("reports/all.csv")
    events, done = [], []
    observed = remote_store.observe(store, on_read=events.append)
    assert observed.read_bytes("reports/all.csv") == whole and events[0].backend == "sql-query"
    cached = remote_store.cache(store)
    assert cached.read_bytes("top.csv") == cached.read_bytes("top.csv") and cached.stats.hits == 1
    assert remote_store.checksum(store, "reports/all.csv") == ("sha256", hashlib.sha256(whole).hexdigest())
    assert remote_store.batch_exists(store, ["top.csv", "nothing.csv"]) == {
        "top.csv": True, "nothing.csv": False}
    assert {str(info.path) for info in remote_store.glob_files(store, "**/*.csv")} == {
        "reports/all.csv", "reports/eu/count.csv", "top.csv"}
    remote_store.download(store, "reports/all.csv", tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_bytes() == whole
    memory = remote_store.Store(remote_store.backends.MemoryBackend())
    remote_store.transfer(store, "reports/all.csv", memory, "copy.csv")
    assert memory.read_bytes("copy.csv") == whole
    with remote_store.read_with_progress(store, "reports/all.csv", callback=done.append) as file:
        assert file.read() == whole and sum(done) == len(whole)


# SQL-QUERY-020
def test_pyarrow_reads_a_key_as_a_dataset(store):
    table = pyarrow.dataset.dataset("reports/all.parquet", filesystem=pyarrow_fs(store)).to_table(
        filter=pyarrow.dataset.field("region") == "eu", columns=["id"])
    assert table.num_rows == 66
