"""penstock store: a manifest's queries as a tree of files, on a SQLite file."""

import csv
import fcntl
import hashlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import time

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from conftest import ENDLESS_ROWS, PROGRAM, leave_after_the_first_row, left_in, wait_until

QUERIES = """
  orders.csv: SELECT id, customer FROM orders ORDER BY id
  reports/daily.parquet: SELECT id, total FROM orders ORDER BY id
  reports/old/all.arrow: SELECT id FROM orders ORDER BY id
  reports/none.ipc: SELECT id FROM orders WHERE id < 0
  reports/{customer}.csv:
    description: The orders of one
    query: SELECT id FROM orders WHERE customer = :customer AND id <= :most ORDER BY id
    parameters:
      customer: {type: str, choices: [Ada, Grace], description: who}
      most: {type: int, default: 10}
  one.jsonl:
    query: SELECT id, total FROM orders WHERE id = :id
    parameters: {id: int}
"""


@pytest.fixture
def manifest(tmp_path, shop):
    def write(queries=QUERIES, more=""):
        path = tmp_path / "shop.yaml"
        path.write_text(f"name: shop\ndsn_env: PENSTOCK_SHOP_DSN\n{more}queries:{queries}")
        return path

    write()
    return write


@pytest.fixture
def store(penstock, manifest):
    return lambda *args, **options: penstock("store", "shop.yaml", *args, **options)


def outputs_in(folder):
    """What is left beside the database, whose write-ahead log has files of its own."""
    return [name for name in left_in(folder) if not name.endswith((".db-wal", ".db-shm"))]


# SQL-QUERY-030, SQL-QUERY-031
def test_ls_shows_folders_then_files_sorted(store):
    assert store("ls").out == "reports/\norders.csv\n"
    assert store("ls", "reports/").out == "reports/old/\nreports/daily.parquet\nreports/none.ipc\n"
    everything = "orders.csv\nreports/daily.parquet\nreports/none.ipc\nreports/old/all.arrow\n"
    assert store("ls", "-R").out == everything
    assert store("ls", "--max-depth", "1").out == "\n".join(everything.split("\n")[:3]) + "\n"
    assert store("ls", "orders.csv").out == "orders.csv\n"
    assert store("ls", "-l", "orders.csv").out == "-  -  orders.csv\n"
    assert store("ls", "orders.csv", "--json").json == [{
        "path": "orders.csv", "type": "file", "size": 0, "modified_at": "0001-01-01T00:00:00Z",
        "materialized": False}]


def test_ls_templates_says_what_a_key_takes(store):
    assert store("ls", "--templates").out == (
        "reports/{customer}.csv\n"
        "  The orders of one\n"
        "  {customer}  str: Ada, Grace   who\n"
        "  ?most=      int (default 10)\n"
        "one.jsonl\n"
        "  ?id=  int\n")
    first = store("ls", "--templates", "--json").json[0]
    assert first["parameters"][0] == {"name": "customer", "in_path": True, "type": "str",
                                      "choices": ["Ada", "Grace"], "description": "who"}


def test_tree_draws_folders_and_counts(store):
    assert store("tree").out == (
        "shop\n"
        "├── orders.csv\n"
        "└── reports/\n"
        "    ├── daily.parquet\n"
        "    ├── none.ipc\n"
        "    └── old/\n"
        "        └── all.arrow\n"
        "\n"
        "2 folders, 4 files\n")
    assert store("tree", "reports/old").out == "reports/old/\n└── all.arrow\n\n0 folders, 1 file\n"


# SQL-QUERY-032
def test_glob_is_by_segment(store):
    assert store("glob", "*.csv").out == "orders.csv\n"
    assert store("glob", "**/*.a*").out == "reports/old/all.arrow\n"
    assert store("glob", "reports/*").out == "reports/daily.parquet\nreports/none.ipc\n"
    assert store("glob", "x*").out == ""
    wrong = store("glob", "a**")
    assert (wrong.code, wrong.error["error_type"], wrong.error["code"]) == (2, "InvalidPath", "invalid_glob")


# SQL-QUERY-040, SQL-QUERY-041, SQL-QUERY-070
def test_stat_is_of_a_file_or_a_folder(store):
    assert store("stat", "reports/daily.parquet", "--json").json == {
        "path": "reports/daily.parquet", "name": "daily.parquet", "type": "file", "format": "parquet", "gzip": False,
        "size": 0, "modified_at": "0001-01-01T00:00:00Z", "materialized": False, "parameters": []}
    assert store("stat", "reports", "--json").json == {
        "path": "reports", "type": "folder", "file_count": 3, "total_size": 0, "modified_at": None}
    assert store("stat", "reports/Ada.csv?most=2").out == (
        "path       reports/Ada.csv?most=2\n"
        "type       file\n"
        "format     csv\n"
        "size       0 (not materialized)\n"
        "modified   0001-01-01T00:00:00Z\n"
        "parameter  customer: str\n"
        "parameter  most: int\n")
    missing = store("stat", "nothing.csv")
    assert (missing.code, missing.error["error_type"]) == (2, "NotFound")
    assert missing.error["message"] == "No query registered for key: nothing.csv"


# SQL-QUERY-014, SQL-QUERY-020, SQL-QUERY-021
def test_cat_gives_the_bytes_of_the_keys_format(store):
    assert store("cat", "orders.csv").out.startswith('"id","customer"\n1,"Ada"\n')
    table = pq.read_table(pa.BufferReader(store("cat", "reports/daily.parquet").bytes))
    assert table.column("id").to_pylist() == [1, 2, 3]
    assert pa.ipc.open_file(store("cat", "reports/old/all.arrow").bytes).read_all().num_rows == 3
    empty = pa.ipc.open_file(store("cat", "reports/none.ipc").bytes).read_all()
    assert (empty.num_rows, empty.schema.names) == (0, ["id"])


def test_cat_binds_the_parameters_of_the_key(store):
    assert store("cat", "reports/Ada.csv").out == '"id"\n1\n'
    assert store("cat", "reports/Ada.csv?most=0").out == '"id"\n'
    assert store("cat", "one.jsonl?id=2").out == '{"id":2,"total":null}\n'
    for key, code, words in [
        ("reports/Zoe.csv", "not_found", "No query registered"),
        ("one.jsonl", "key_parameter", "needs parameter 'id'"),
        ("one.jsonl?id=x", "key_parameter", "must be a percent-encoded int"),
        ("one.jsonl?di=1", "key_parameter", "has no parameter 'di'"),
    ]:
        result = store("cat", key)
        assert (result.code, result.error["code"], result.out) == (2, code, ""), key
        assert words in result.error["message"]


# SQL-QUERY-080
@pytest.mark.parametrize("key, message", [
    ("/orders.csv", "Absolute paths are not allowed"),
    ("../orders.csv", "Path contains '..' segment"),
    ("reports/../orders.csv", "Path contains '..' segment"),
    ("", "Path must not be empty for file operations"),
])
def test_a_path_that_cannot_be_is_refused(store, key, message):
    result = store("cat", key)
    assert (result.code, result.error["error_type"], result.error["message"]) == (2, "InvalidPath", message)


def test_get_writes_the_file_whole_or_not_at_all(store, tmp_path):
    result = store("get", "reports/daily.parquet", "--log-format", "text")
    assert result.code == 0, result
    assert result.err.startswith("reports/daily.parquet: 3 rows, ")
    assert pq.read_table(tmp_path / "daily.parquet").num_rows == 3
    assert store("get", "orders.csv", "-o", "out/deep/o.csv").code == 0
    assert (tmp_path / "out/deep/o.csv").read_bytes() == store("cat", "orders.csv").bytes
    assert store("get", "orders.csv", "-o", "-").bytes == store("cat", "orders.csv").bytes
    wrong = store("get", "orders.csv", "-o", "o.parquet")
    assert (wrong.code, wrong.error["code"]) == (2, "format_mismatch")
    assert outputs_in(tmp_path) == ["daily.parquet", "daily.parquet.lock", "out/deep/o.csv", "out/deep/o.csv.lock"]


def test_two_runs_for_one_file_exclude_each_other(store, tmp_path):
    with open(tmp_path / "orders.csv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        skipped = store("get", "orders.csv")
        assert (skipped.code, skipped.names()) == (0, ["recipe_lock_contended_skipping"])
        assert store("get", "orders.csv", "--fail-on-busy").code == 6
    assert store("get", "orders.csv").code == 0


# SQL-QUERY-070
def test_a_failing_query_leaves_the_old_file(store, manifest, tmp_path):
    (tmp_path / "bad.csv").write_text("old")
    manifest("\n  bad.csv: SELECT json('{' || id) AS x FROM orders\n  gone.csv: SELECT 1 FROM nowhere\n")
    result = store("get", "bad.csv")
    assert (result.code, result.error["error_type"], result.error["code"]) == (3, "RemoteStoreError", "query_failed")
    assert (tmp_path / "bad.csv").read_text() == "old"
    assert store("get", "gone.csv").error["message"].count("nowhere") == 1
    assert outputs_in(tmp_path) == ["bad.csv", "bad.csv.lock", "gone.csv.lock"]


# SQL-QUERY-090, SQL-QUERY-091
def test_rows_go_out_as_they_come(store, manifest, penstock):
    """The result never ends; a store that held it whole would never give a byte."""
    manifest(f"\n  endless.csv: {ENDLESS_ROWS}\n")
    process = penstock.start("store", "shop.yaml", "cat", "endless.csv")
    leave_after_the_first_row(process)


@pytest.mark.measures
def test_memory_does_not_grow_with_the_rows(store, manifest, penstock, tmp_path):
    """Ten times the rows, about the same memory: into a file, and through the cache."""
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) SELECT i, hex(i) AS h FROM n"
    manifest(f"\n  small.csv: {rows.format(100_000)}\n  large.csv: {rows.format(1_000_000)}\n",
             more="cache: {path: cache, ttl: 1h, size: 1GB}\n")
    peaks = []
    for key in ("small.csv", "large.csv"):
        done = subprocess.run(["/usr/bin/env", "python3", "-c", (
            "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"),
            PROGRAM, "store", "shop.yaml", "get", key, "-q"], cwd=tmp_path, env=penstock.env, capture_output=True,
            check=True, text=True)
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] + 40_000, peaks


def test_a_stopped_read_leaves_nothing(manifest, penstock, tmp_path):
    manifest(f"\n  endless.csv: {ENDLESS_ROWS}\n", more="cache: {path: cache, ttl: 1h, size: 1GB}\n")
    process = penstock.start("store", "shop.yaml", "get", "endless.csv")
    wait_until(lambda: any(name.endswith(".tmp") for name in left_in(tmp_path)))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    process.communicate()
    assert all(name.endswith(".lock") for name in outputs_in(tmp_path)), outputs_in(tmp_path)


def test_the_cache_serves_until_its_time_is_over(store, manifest, shop, tmp_path):
    manifest(more="cache: {path: cache, ttl: 1h, size: 1MB}\n")
    first = store("cat", "orders.csv").bytes
    with sqlite3.connect(shop) as connection:
        connection.execute("DELETE FROM orders WHERE id = 1")
    connection.close()
    assert store("cat", "orders.csv").bytes == first
    stat = store("stat", "orders.csv", "--json").json
    assert (stat["materialized"], stat["size"]) == (True, len(first))
    assert store("ls", "-l", "orders.csv").out.startswith(f"{len(first)} B  20")
    events = store("get", "orders.csv").events
    assert [(event["event"], event["cached"]) for event in events] == [("store_read_complete", True)]
    (kept,) = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix != ".lock"]
    old = kept.stat().st_mtime - 3601
    os.utime(kept, (old, old))
    assert store("stat", "orders.csv", "--json").json["materialized"] is False
    assert store("cat", "orders.csv").bytes != first


def test_one_of_many_processes_runs_the_query(manifest, penstock):
    manifest("\n  slow.csv: WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000000) "
             "SELECT count(*) AS c, hex(randomblob(8)) AS run FROM n\n",
             more="cache: {path: cache, ttl: 1h, size: 1MB}\n")
    running = [penstock.start("store", "shop.yaml", "cat", "slow.csv") for _ in range(4)]
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert len(set(outputs)) == 1 and outputs[0].startswith(b'"c","run"\n2000000,')


SLOW = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) "
        "SELECT i, hex(randomblob(16)) AS run FROM n")


def results_in(folder):
    return [path for path in (folder / "cache").rglob("*") if path.is_file() and path.suffix not in (".lock", ".tmp")]


def test_a_killed_read_leaves_no_torn_result_and_the_next_one_runs(manifest, penstock, tmp_path):
    manifest(f"\n  slow.csv: {SLOW}\n", more="cache: {path: cache, ttl: 1h, size: 1GB}\n")
    killed = penstock.start("store", "shop.yaml", "cat", "slow.csv", stdout=subprocess.DEVNULL)
    wait_until(lambda: any(path.stat().st_size > 1_000_000 for path in tmp_path.glob("cache/*/.*.tmp")))
    waiting = penstock.start("store", "shop.yaml", "cat", "slow.csv")  # for the one that is killed
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.3)
    assert results_in(tmp_path) == []
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    rows = waiting.communicate(timeout=120)[0]
    assert waiting.returncode == 0
    assert rows.count(b"\n") == 3_000_001 and rows.endswith(b'"\n')
    (kept,) = results_in(tmp_path)
    assert kept.read_bytes() == rows
    assert not list(tmp_path.glob("cache/*/.*.tmp"))


def test_a_result_older_than_its_time_is_served_to_nobody(manifest, penstock, store, tmp_path):
    """The query itself takes longer than the time to live: each reader gets a result of its own."""
    manifest("\n  slow.csv: WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 12000000) "
             "SELECT count(*) AS c, hex(randomblob(8)) AS run FROM n\n", more="cache: {path: cache, ttl: 1s, size: 1MB}\n")
    start = time.monotonic()
    running = [penstock.start("store", "shop.yaml", "cat", "slow.csv") for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert time.monotonic() - start > 2, "the query is too fast for this test"
    assert len(set(outputs)) == 2
    assert results_in(tmp_path) == []  # a result is as old as its query's beginning
    assert store("stat", "slow.csv", "--json").json["materialized"] is False


# SQL-QUERY-060
def test_health_is_select_one(store, penstock, shop):
    assert store("health").out == "ok: shop, sqlite, SELECT 1 answered\n"
    assert store("health", "--json").json == {"name": "shop", "dialect": "sqlite", "ok": True}
    penstock.env["PENSTOCK_SHOP_DSN"] = "sqlite:///nothing.db"
    result = store("health")
    assert (result.code, result.error["error_type"]) == (3, "BackendUnavailable")
    assert result.error["code"] == "backend_unavailable"
    assert not (penstock.cwd / "nothing.db").exists()


# SQL-QUERY-011
def test_not_strict_alone_is_not_implemented(store, manifest):
    manifest(more="strict: false\n")
    result = store("ls")
    assert (result.code, result.error["error_type"], result.error["code"]) == (
        2, "CapabilityNotSupported", "not_implemented")


# SQL-QUERY-063
def test_reading_sets_the_write_ahead_log_and_mode_ro_touches_nothing(store, penstock, shop):
    before = hashlib.sha256(shop.read_bytes()).hexdigest()
    plain = penstock.env["PENSTOCK_SHOP_DSN"]
    penstock.env["PENSTOCK_SHOP_DSN"] = plain + "?mode=ro"
    assert store("cat", "orders.csv").code == 0
    assert store("health").code == 0
    assert hashlib.sha256(shop.read_bytes()).hexdigest() == before
    assert sorted(path.name for path in shop.parent.glob("shop.db*")) == ["shop.db"]
    penstock.env["PENSTOCK_SHOP_DSN"] = plain
    assert store("cat", "orders.csv").code == 0
    with sqlite3.connect(shop) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


# SQL-QUERY-063
def test_a_recipe_never_sets_it(penstock, recipe, shop):
    before = shop.read_bytes()
    recipe()
    assert penstock("fetch", "orders.yaml", "-o", "o.csv").code == 0
    assert shop.read_bytes() == before


def test_validate_and_plan_take_a_manifest(penstock, manifest):
    assert penstock("validate", "shop.yaml").out == (
        "ok: shop.yaml: shop, 4 keys, 2 with parameters, sqlite, SELECT 1 answered\n")
    assert penstock("validate", "--offline", "--json", "shop.yaml").json["keys"] == 4
    plan = penstock("plan", "shop.yaml", "--json").json
    assert [one["name"] for one in plan] == [
        "orders.csv", "reports/daily.parquet", "reports/none.ipc", "reports/old/all.arrow"]
    assert [column["name"] for column in plan[0]["columns"]] == ["id", "customer"]
    manifest("\n  a.csv: SELECT :day\n")
    result = penstock("validate", "shop.yaml")
    assert (result.code, result.error["code"]) == (2, "parameter_missing")
    assert result.error["message"].startswith("shop.yaml:4:17: query parameter ':day' has no value")
    assert "under the key's parameters" in result.error["hint"]
    assert "under the key's parameters" in penstock("store", "shop.yaml", "cat", "a.csv").error["hint"]


# SQL-QUERY-001
def test_a_started_manifest_is_valid_and_fits_its_schema(penstock, shop):
    assert penstock("init", "manifest", "-o", "new.yaml").code == 0
    result = penstock("validate", "--offline", "new.yaml")
    assert (result.code, result.err) == (0, "")
    schema = penstock("schema", "manifest").json
    assert schema["title"] == "Penstock manifest"
    assert set(schema["properties"]) >= {"name", "dsn_env", "strict", "discover", "cache", "connections", "queries"}


def test_on_a_terminal_folders_have_a_colour_and_binary_is_refused(penstock, manifest):
    screen = penstock.on_terminal("store", "shop.yaml", "ls")
    assert "\x1b[1;34mreports/\x1b[0m" in screen.raw
    assert screen.text == "reports/\norders.csv\n"
    assert "\x1b" not in penstock.on_terminal("store", "shop.yaml", "ls", env={"NO_COLOR": "1"}).raw
    refused = penstock.on_terminal("store", "shop.yaml", "cat", "reports/daily.parquet")
    assert refused.code == 2
    assert "parquet is not written to a terminal" in refused.text


@pytest.mark.parametrize("arguments, code", [
    ([], "missing_argument"),
    (["shop.yaml"], "missing_argument"),
    (["shop.yaml", "rm"], "bad_option_value"),
    (["shop.yaml", "cat"], "missing_argument"),
    (["shop.yaml", "glob"], "missing_argument"),
    (["shop.yaml", "ls", "a", "b"], "unexpected_argument"),
    (["shop.yaml", "health", "a"], "unexpected_argument"),
    (["shop.yaml", "ls", "--templates", "a"], "unexpected_argument"),
    (["shop.yaml", "ls", "--templates", "-R"], "unfit_option"),
    (["shop.yaml", "ls", "--nothing"], "unknown_option"),
    (["nothing.yaml", "ls"], "unreadable_file"),
])
def test_what_cannot_be_understood_is_said(penstock, manifest, arguments, code):
    result = penstock("store", *arguments)
    assert (result.code, result.error["code"]) == (2, code)


FLAGS = {"--recursive": "ls", "--max-depth": "ls tree", "--long": "ls glob", "--templates": "ls",
         "--json": "ls tree glob stat health", "--output": "get", "--fail-on-busy": "get", "--lock-timeout": "get",
         "--no-lock": "get", "--progress": "cat get"}
VALUES = {"--max-depth": ["1"], "--output": ["x.csv"], "--lock-timeout": ["1"], "--progress": ["never"]}
KEYS = {"ls": [], "tree": [], "glob": ["*"], "stat": ["orders.csv"], "cat": ["orders.csv"], "get": ["orders.csv"],
        "health": []}


@pytest.mark.parametrize("action", list(KEYS))
def test_a_flag_of_another_action_is_refused(store, action):
    for flag, actions in FLAGS.items():
        result = store(action, *KEYS[action], flag, *VALUES.get(flag, []))
        if action in actions.split():
            assert result.code == 0, (flag, result)
            continue
        assert (result.code, result.error["code"]) == (2, "unfit_option"), flag
        assert result.error["message"] == f"'penstock store MANIFEST {action}' takes no {flag}"
        assert result.error["hint"] == f"{flag} is for {', '.join(actions.split())}"


def test_the_same_rows_are_the_same_bytes(store):
    assert store("cat", "reports/daily.parquet").bytes == store("cat", "reports/daily.parquet").bytes
    rows = list(csv.reader(io.StringIO(store("cat", "orders.csv").out)))
    assert rows[0] == ["id", "customer"] and len(rows) == 4
    assert json.loads(store("cat", "one.jsonl?id=1").out)["total"] == 12.5
