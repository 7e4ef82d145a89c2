"""TPC-H lineitem at scale 0.1: 600,572 rows through three formats, and memory that does not grow with them."""

import csv
import subprocess
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from conftest import PROGRAM, ROOT, Penstock

sys.path.insert(0, str(ROOT / "tools" / "bench"))
import lineitem  # noqa: E402
from data import Sqlite  # noqa: E402

ROWS = 600_572  # of TPC-H's lineitem at scale 0.1
MEMORY_BYTES = 128 * 1024 * 1024
# 600,000 rows are about 100 MB of Arrow data, 60,000 a tenth of it. What may differ is how full Parquet's row group
# becomes (its encoded pages wait in memory for its end) and what the allocator keeps.
GROWTH_BYTES = 32 * 1024 * 1024

TYPES = {"BIGINT": pa.int64(), "INTEGER": pa.int64(), "DECIMAL(15,2)": pa.decimal128(15, 2), "DATE": pa.date32()}
SCHEMA = pa.schema([(name, TYPES.get(kind, pa.string())) for name, kind, _ in lineitem.COLUMNS])


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """lineitem in SQLite, declared as TPC-H declares it, and a recipe for all of it."""
    folder = tmp_path_factory.mktemp("lineitem")
    venv = ROOT / ".venv"
    database = Sqlite(0.1, folder, venv, lambda text: None)
    (folder / "lineitem.yaml").write_text(
        "name: lineitem\nsource:\n  type: sql\n  dsn_env: PENSTOCK_TPCH_DSN\n  query: |\n"
        "    SELECT * FROM lineitem WHERE rowid <= :rows ORDER BY rowid\n"
        "  query_parameters: {rows: 1000000}\n")
    penstock = Penstock(folder)
    penstock.env["PENSTOCK_TPCH_DSN"] = database.dsn()
    penstock.database = database
    return penstock


def fetch(penstock, name, *arguments):
    result = penstock("fetch", "lineitem.yaml", "-o", name, *arguments)
    assert result.code == 0, result
    return penstock.cwd / name


def sums(table):
    """As tools/bench/data.py has SQLite count them: whole numbers, so that agreement is exact."""
    counted = {
        lineitem.KEY: lambda column: pc.sum(column).as_py(),
        lineitem.HUNDREDTHS: lambda column: int(pc.sum(column).as_py() * 100),
        lineitem.DAYS: lambda column: pc.sum(column.cast(pa.int32()).cast(pa.int64())).as_py(),
        lineitem.BYTES: lambda column: pc.sum(pc.binary_length(column)).as_py(),
    }
    return {"rows": table.num_rows,
            "sums": {name: counted[kind](table.column(name)) for name, _, kind in lineitem.COLUMNS}}


def expected_sums(penstock):
    found = penstock.database.expected("SELECT * FROM lineitem")
    assert found["rows"] == ROWS
    return found


# RS-021
def test_parquet_has_the_sums_that_sqlite_counts(large):
    path = fetch(large, "lineitem.parquet")
    table = pq.read_table(path)
    assert table.schema.remove_metadata() == SCHEMA
    assert sums(table) == expected_sums(large)
    file = pq.ParquetFile(path)
    assert file.metadata.num_row_groups == 2  # cut by bytes, before a million rows
    assert {file.metadata.row_group(0).column(i).compression for i in range(16)} == {"ZSTD"}


def test_arrow_has_the_sums_that_sqlite_counts(large):
    with pa.memory_map(str(fetch(large, "lineitem.arrow"))) as source:
        table = pa.ipc.open_file(source).read_all()
        assert table.schema.remove_metadata() == SCHEMA
        assert sums(table) == expected_sums(large)


def test_csv_has_the_text_that_sqlite_prints(large):
    path = fetch(large, "lineitem.csv")
    table = pa.csv.read_csv(path, convert_options=pa.csv.ConvertOptions(column_types=SCHEMA))
    assert sums(table) == expected_sums(large)

    # Every row's text against the tool's own. SQLite keeps DECIMAL(15,2) as a number and prints its shortest form.
    columns = ", ".join(f"printf('%.2f', {name})" if kind.startswith("DECIMAL") else name
                        for name, kind, _ in lineitem.COLUMNS)
    database = large.database.dsn().removeprefix("sqlite:///")
    command = ["sqlite3", "-readonly", "-csv", database, f"SELECT {columns} FROM lineitem ORDER BY rowid"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as printed, \
            open(path, newline="", encoding="utf-8") as file:
        ours = csv.reader(file, strict=True)
        assert next(ours) == SCHEMA.names
        for row, wanted in zip(ours, csv.reader(printed.stdout, strict=True), strict=True):
            assert row == wanted
    assert printed.returncode == 0


# A child of a large process shows that process's memory as its own until it runs the program, so a small one stands
# between.
MEASURE = """
import os, sys
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_bytes(penstock, *arguments):
    """The program's peak resident memory."""
    measured = subprocess.run([sys.executable, "-I", "-S", "-c", MEASURE, PROGRAM, *map(str, arguments)],
                              cwd=penstock.cwd, env=penstock.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert measured.returncode == 0, measured.stderr
    return int(measured.stdout) * 1024


# RS-021
@pytest.mark.measures
@pytest.mark.parametrize("name", ["memory.parquet", "memory.csv", "memory.jsonl", "memory.arrow"])
def test_memory_is_bounded_and_does_not_grow_with_the_rows(large, name):
    few, many = (peak_bytes(large, "fetch", "lineitem.yaml", "-o", name, "-p", f"rows={rows}")
                 for rows in (ROWS // 10, ROWS))
    assert many < MEMORY_BYTES
    assert many - few < GROWTH_BYTES


# RS-020
def test_the_row_cap_is_exact_on_a_large_result(large):
    assert large("fetch", "lineitem.yaml", "-o", "all.csv", "--max-rows", ROWS).code == 0
    result = large("fetch", "lineitem.yaml", "-o", "some.csv", "--max-rows", ROWS - 1)
    assert (result.code, result.error["code"]) == (3, "row_limit")
    assert not (large.cwd / "some.csv").exists()
