"""penstock.fetch(): a file, whole or not at all, and its receipt; events and progress."""

import hashlib
import logging
import threading

import pyarrow.csv
import pyarrow.parquet
import pytest
from conftest import DIALECTS, DSN, LONG, THOUSAND, wait_until

import penstock


def test_every_database_fills_a_file(server, tmp_path):
    receipt = penstock.fetch(THOUSAND, dsn_env=DSN, out=tmp_path / "deep" / "n.parquet", content_hash=True)
    written = (tmp_path / "deep" / "n.parquet").read_bytes()
    assert (receipt.rows, receipt.bytes, receipt.dialect) == (1000, len(written), DIALECTS[server])
    assert receipt.content_hash == "sha256:" + hashlib.sha256(written).hexdigest()
    assert receipt.output == str(tmp_path / "deep" / "n.parquet") and receipt.format == "parquet"
    assert pyarrow.parquet.read_table(tmp_path / "deep" / "n.parquet").num_rows == 1000


def test_a_recipe_says_where_its_rows_go(recipe, tmp_path):
    path = recipe(extra=f"sink: {{path: {tmp_path}/orders.csv.gz}}\n")
    receipt = penstock.fetch(path)
    assert (receipt.recipe, receipt.rows, receipt.format) == ("orders", 65, "csv")
    assert pyarrow.csv.read_csv(tmp_path / "orders.csv.gz").num_rows == 65
    assert penstock.fetch(path, {"most": 1}, out=tmp_path / "one.arrow").rows == 7


def test_the_same_rows_give_the_same_bytes_as_the_program(recipe, tmp_path):
    import subprocess
    import sys
    from pathlib import Path

    path = recipe()
    penstock.fetch(path, out=tmp_path / "ours.parquet")
    program = Path(sys.executable).parent / "penstock"
    subprocess.run([program, "fetch", path, "-o", tmp_path / "theirs.parquet"], check=True, capture_output=True)
    assert (tmp_path / "ours.parquet").read_bytes() == (tmp_path / "theirs.parquet").read_bytes()


def test_options_of_the_file_are_heeded(shop, tmp_path):
    penstock.fetch("SELECT * FROM orders", dsn_env=DSN, out=tmp_path / "x", format="parquet", compression="snappy",
                   row_group_rows=100)
    facts = pyarrow.parquet.ParquetFile(tmp_path / "x").metadata
    assert facts.num_row_groups == 6 and facts.row_group(0).column(0).compression == "SNAPPY"


@pytest.mark.parametrize(("arguments", "message"), [
    ({}, "no output: give out=PATH, or sink.path"),
    ({"out": "-"}, "no output: give out=PATH, or sink.path"),
    ({"out": "rows"}, "the name 'rows' does not say a format"),
    ({"out": "x.csv", "lock": "no"}, "lock is True or False, not str"),
    ({"out": "x.csv", "lock_timeout": "long"}, "lock_timeout is a number of seconds, or -1 for ever"),
    ({"out": "x.csv", "run_id": 7}, "run_id is a str, not int"),
    ({"out": "x.csv", "content_hash": 1}, "content_hash is True or False, not int"),
    ({"out": "x.csv", "compression": 1}, "compression is a str, not int"),
    ({"out": "rows.csv", "format": "parquet"}, "the extension of 'rows.csv' says csv, format says parquet"),
])
def test_a_wrong_output_is_named(shop, arguments, message):
    with pytest.raises(penstock.UsageError) as caught:
        penstock.fetch("SELECT 1 AS a", dsn_env=DSN, **arguments)
    assert caught.value.message == message


def test_a_failed_run_leaves_what_was_there(shop, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.csv").write_text("old")
    with pytest.raises(penstock.LimitError):
        penstock.fetch("SELECT * FROM orders", dsn_env=DSN, out=tmp_path / "out" / "x.csv", max_rows=10)
    assert (tmp_path / "out" / "x.csv").read_text() == "old"


def test_an_output_that_cannot_be_written_is_an_os_error(shop, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError) as caught:
        penstock.fetch("SELECT 1 AS a", dsn_env=DSN, out=tmp_path / "file" / "x.csv")
    assert isinstance(caught.value, penstock.OutputError)


# RS-027
def test_two_runs_to_one_output_exclude_each_other(shop, tmp_path):
    begun, failures = threading.Event(), []

    def endless():
        try:
            penstock.fetch(LONG["sqlite"], dsn_env=DSN, out=tmp_path / "x.csv", statement_timeout_seconds=20,
                           progress=lambda _: begun.set())
        except penstock.Error as error:
            failures.append(error)

    first = threading.Thread(target=endless)
    first.start()
    wait_until(lambda: (tmp_path / "x.csv.lock").exists())
    with pytest.raises(BlockingIOError) as caught:
        for _ in range(100):  # the file is there a moment before its lock is held
            penstock.fetch("SELECT 1 AS a", dsn_env=DSN, out=tmp_path / "x.csv")
    assert isinstance(caught.value, penstock.LockContestedError)
    first.join()
    assert isinstance(failures[0], penstock.TimeoutError)


def test_progress_is_told(shop, tmp_path):
    told = []
    penstock.fetch("SELECT * FROM orders", dsn_env=DSN, out=tmp_path / "x.csv", progress=told.append)
    assert told[0].rows == 0 and told[0].seconds >= 0 and told[0].expected_rows in (None, 587)


def test_what_a_callback_raises_ends_the_run(shop, tmp_path):
    def stop(_):
        raise ZeroDivisionError("enough")

    with pytest.raises(ZeroDivisionError, match="enough"):
        penstock.fetch("SELECT * FROM orders", dsn_env=DSN, out=tmp_path / "x.csv", progress=stop)
    assert not (tmp_path / "x.csv").exists()


# RS-031
def test_events_go_where_they_are_asked_to(recipe, tmp_path, caplog):
    events = []
    path = recipe(extra="colour: red\n")
    penstock.fetch(path, out=tmp_path / "x.csv", run_id="run-7", on_event=lambda *event: events.append(event))
    assert [name for _, name, _ in events] == ["recipe_unknown_key", "sql_fetch_complete"]
    assert events[1] == ("info", "sql_fetch_complete",
                         {"recipe": "orders", "run_id": "run-7", "dialect": "sqlite", "rows": 65})
    with caplog.at_level(logging.INFO, "penstock"):
        penstock.fetch(path, out=tmp_path / "x.csv", run_id="run-8")
    [unknown, complete] = caplog.records
    assert unknown.levelno == logging.WARNING and "colour" in unknown.getMessage()
    assert complete.penstock_event == "sql_fetch_complete" and complete.penstock_fields["run_id"] == "run-8"


def test_a_plan_shows_what_is_known_without_a_row(server):
    plan = penstock.plan("SELECT 1 AS one, 'x' AS two", dsn_env=DSN)
    assert plan.dialect == DIALECTS[server] and [column.name for column in plan.columns] == ["one", "two"]
    assert plan.explain and plan.routes


# RS-023
def test_validate_answers_for_every_database(server):
    found = penstock.validate("SELECT :a AS a", {"a": 1}, dsn_env=DSN)
    assert found == penstock.Validation(DIALECTS[server], ["a"], True)
    assert not penstock.validate("SELECT :a AS a", {"a": 1}, dsn_env=DSN, offline=True).connected


def test_validate_offline_without_a_dsn_knows_no_dialect(monkeypatch):
    monkeypatch.delenv("PENSTOCK_NOWHERE_DSN", raising=False)
    found = penstock.validate("SELECT 1", dsn_env="PENSTOCK_NOWHERE_DSN", offline=True)
    assert (found.dialect, found.connected) == (None, False)
