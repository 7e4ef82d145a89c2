"""examples/sql-sqlite: the first thing a newcomer runs. No service, no network."""

import datetime
import json
import shutil
import subprocess
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import ROOT, left_in

EXAMPLE = ROOT / "examples" / "sql-sqlite"


@pytest.fixture
def example(penstock):
    """The example in a folder of its own, with shop.db made as its README says."""
    for path in EXAMPLE.iterdir():
        if path.suffix in (".sql", ".yaml"):
            shutil.copy(path, penstock.cwd)
    with open(penstock.cwd / "shop.sql") as script:
        subprocess.run(["sqlite3", "-bail", "shop.db"], stdin=script, cwd=penstock.cwd, check=True)
    penstock.env["PENSTOCK_SHOP_DSN"] = "sqlite:///shop.db"
    return penstock


def sqlite3_json(penstock, query):
    printed = subprocess.run(["sqlite3", "-readonly", "-json", "shop.db", query], cwd=penstock.cwd,
                             capture_output=True, check=True).stdout
    return json.loads(printed)


# RS-030
def test_the_orders_become_a_parquet_file_with_types(example):
    result = example("fetch", "orders.yaml")
    assert result.code == 0, result
    table = pq.read_table(example.cwd / "out/orders.parquet")
    assert table.schema.remove_metadata() == pa.schema({
        "id": pa.int64(), "customer_id": pa.int64(), "name": pa.string(), "country": pa.string(), "sku": pa.string(),
        "title": pa.string(), "pieces": pa.int64(), "total": pa.decimal128(10, 2), "express": pa.bool_(),
        "paid_at": pa.timestamp("us"), "deliver_on": pa.date32(), "note": pa.string(),
    })
    rows = sqlite3_json(example, "SELECT o.id, o.customer_id, c.name, c.country, o.sku, p.title, o.pieces, o.total, "
                                 "o.express, o.paid_at, o.deliver_on, o.note FROM orders o JOIN customers c ON c.id = "
                                 "o.customer_id JOIN products p ON p.sku = o.sku WHERE o.paid_at >= '2026-03-01' "
                                 "ORDER BY o.id")
    for row in rows:
        row["total"] = Decimal(str(row["total"])).quantize(Decimal("0.01"))
        row["express"] = bool(row["express"])
        row["paid_at"] = datetime.datetime.fromisoformat(row["paid_at"])
        row["deliver_on"] = datetime.date.fromisoformat(row["deliver_on"])
    assert table.to_pylist() == rows
    assert {row["note"] for row in rows} >= {None, "", "line one\nline two", "ring twice 🔔"}


# RS-002, RS-006, RS-022, RS-028, RS-030
def test_a_recommenders_recipe_is_fetched_unchanged(example):
    env = {"RECOTEM_RECIPE_DB_DSN": "sqlite:///shop.db", "RECOTEM_RECIPE_SINCE": "2026-03-01"}
    checked = example("validate", "recotem.yaml", env=env)
    assert checked.out == "ok: recotem.yaml: purchases, sqlite, parameters since, SELECT 1 answered\n"
    assert (checked.code, checked.err) == (0, "")

    result = example("fetch", "recotem.yaml", "-o", "out/purchases.parquet", env=env)
    assert result.code == 0, result
    assert result.names() == ["sql_fetch_complete"]  # nothing to warn of: the other sections have an owner
    table = pq.read_table(example.cwd / "out/purchases.parquet")
    rows = sqlite3_json(example, "SELECT customer_id AS user_id, sku AS item_id, paid_at AS purchased_at FROM orders "
                                 "WHERE paid_at >= '2026-03-01' ORDER BY id")
    assert [{**row, "purchased_at": str(row["purchased_at"])} for row in table.to_pylist()] == rows
    # The recommender's `output` is never read.
    assert left_in(example.cwd) == ["out/purchases.parquet", "out/purchases.parquet.lock"]


# RS-022
def test_a_column_that_the_recommender_needs_is_missed_by_name(example):
    text = (example.cwd / "recotem.yaml").read_text()
    (example.cwd / "recotem.yaml").write_text(text.replace("sku AS item_id", "sku"))
    result = example("fetch", "recotem.yaml", "-o", "out/purchases.parquet",
                     env={"RECOTEM_RECIPE_DB_DSN": "sqlite:///shop.db", "RECOTEM_RECIPE_SINCE": "2026-03-01"})
    assert result.code == 2
    assert result.error["error_type"] == "RecipeError"
    assert result.error["message"] == "column 'item_id' not found in query result"
    assert left_in(example.cwd) == ["out/purchases.parquet.lock"]


# RS-030
def test_the_database_is_the_same_on_every_machine(example):
    counted = sqlite3_json(example, "SELECT (SELECT count(*) FROM products) AS products, (SELECT count(*) FROM "
                                    "customers) AS customers, count(*) AS orders, "
                                    "sum(CAST(round(total * 100) AS INTEGER)) AS cents FROM orders")
    assert counted == [{"products": 60, "customers": 150, "orders": 800, "cents": 5_864_970}]
