"""examples/debian-packages: real rows of this machine through every format, and back, value by value.

What the sqlite3 tool prints is the truth; a value is compared as that text, and NULL stands apart from ''.
"""

import csv
import json
import os
import re
import shutil
import subprocess

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from conftest import ROOT, Penstock

EXAMPLE = ROOT / "examples" / "debian-packages"
NULL = "\x02"  # as the sqlite3 tool is told to print it
ENOUGH_ROWS = 10_000

PACKAGES = {
    "package": pa.string(), "version": pa.string(), "architecture": pa.string(), "section": pa.string(),
    "priority": pa.string(), "essential": pa.bool_(), "maintainer": pa.string(), "homepage": pa.string(),
    "depends": pa.string(), "tags": pa.string(), "description": pa.string(), "installed_kib": pa.int64(),
    "size_bytes": pa.int64(), "sha256": pa.binary(),
}


def fetch_package_lists():
    """apt's lists are the example's input. A container image often comes without them."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Packages"],
                            capture_output=True, text=True)
    if listed.stdout.split():
        return
    if os.geteuid() != 0:
        pytest.fail("apt has no package lists on this machine; run `sudo apt-get update` once", pytrace=False)
    updated = subprocess.run(["apt-get", "update", "-q"], capture_output=True, text=True, timeout=300)
    if updated.returncode != 0:
        pytest.fail(f"apt has no package lists, and `apt-get update` failed:\n{updated.stderr}", pytrace=False)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example in a folder of its own, with packages.db made as its README says."""
    folder = tmp_path_factory.mktemp("debian-packages")
    for name in ("make_db.py", "packages.yaml", "sections.yaml", "large.yaml"):
        shutil.copy(EXAMPLE / name, folder)
    fetch_package_lists()
    made = subprocess.run(["./make_db.py"], cwd=folder, capture_output=True, text=True, timeout=120)
    assert (made.returncode, made.stderr) == (0, "")
    assert re.fullmatch(r"packages\.db: [\d,]+ packages\n", made.stdout)
    penstock = Penstock(folder)
    penstock.env["PENSTOCK_PACKAGES_DSN"] = "sqlite:///packages.db"
    return penstock


def sqlite3_rows(penstock, query):
    """What the sqlite3 tool prints: fields end in 0x1F, rows in 0x1E."""
    command = ["sqlite3", "-readonly", "-ascii", "-nullvalue", NULL, "packages.db", query]
    printed = subprocess.run(command, cwd=penstock.cwd, capture_output=True, check=True).stdout.decode()
    return [tuple(None if value == NULL else value for value in row.split("\x1f"))
            for row in printed.split("\x1e")[:-1]]


@pytest.fixture(scope="module")
def expected(example):
    columns = ", ".join(f"CASE WHEN {name} IS NOT NULL THEN hex({name}) END" if kind == pa.binary() else name
                        for name, kind in PACKAGES.items())
    return sqlite3_rows(example, f"SELECT {columns} FROM packages ORDER BY package, version, architecture")


def as_sqlite_prints(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex().upper()
    return str(int(value)) if isinstance(value, (bool, int)) else repr(value)


def table_rows(table):
    return list(zip(*([as_sqlite_prints(value) for value in column.to_pylist()] for column in table.columns)))


def fetched(penstock, name, *arguments):
    result = penstock("fetch", *arguments, "-o", name)
    assert result.code == 0, result
    assert result.events[-1]["event"] == "sql_fetch_complete"
    return penstock.cwd / name


def test_the_input_is_large_and_odd_enough(expected):
    names = list(PACKAGES)

    def column(name):
        return [row[names.index(name)] for row in expected]

    assert len(expected) > ENOUGH_ROWS
    assert None in column("homepage") and "" not in column("homepage")
    assert "" in column("depends") and None not in column("depends")
    assert None in column("installed_kib")
    assert any("\n" in text for text in column("tags"))
    assert max(len(text) for text in column("depends")) > 2000
    assert any(not text.isascii() for text in column("maintainer"))


# RS-021, RS-031
def test_parquet_holds_every_value(example, expected):
    result = example("fetch", "packages.yaml")
    assert result.code == 0, result
    assert result.events[-1]["rows"] == len(expected)
    table = pq.read_table(example.cwd / "out/packages.parquet")
    assert table.schema.remove_metadata() == pa.schema(PACKAGES.items())
    assert table_rows(table) == expected


@pytest.mark.parametrize("name, reader", [
    ("out/packages.arrow", pa.ipc.open_file), ("out/packages.ipc", pa.ipc.open_file),
    ("out/packages.arrows", pa.ipc.open_stream),
])
def test_arrow_holds_every_value(example, expected, name, reader):
    with pa.memory_map(str(fetched(example, name, "packages.yaml"))) as source:
        table = reader(source).read_all()
        assert table.schema.remove_metadata() == pa.schema(PACKAGES.items())
        assert table_rows(table) == expected


def test_csv_holds_every_value_and_tells_null_from_empty(example, expected):
    path = fetched(example, "out/packages.csv", "packages.yaml")
    typed = pa.csv.read_csv(
        path, parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types={name: pa.string() if kind == pa.binary() else kind for name, kind in PACKAGES.items()},
            null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False))
    rows = [row[:-1] + (row[-1] and row[-1].removeprefix("\\x").upper(),) for row in table_rows(typed)]
    assert rows == expected

    # Python's own reader sees no NULL, but the same texts.
    words = {"true": "1", "false": "0"}
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file, strict=True)
        assert next(reader) == list(PACKAGES)
        for row, wanted in zip(reader, expected, strict=True):
            row[5] = words[row[5]]
            row[-1] = row[-1].removeprefix("\\x").upper()
            assert row == [text or "" for text in wanted]


def test_json_lines_hold_every_value(example, expected):
    rows = []
    with open(fetched(example, "out/packages.jsonl", "packages.yaml"), newline="\n", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            assert list(row) == list(PACKAGES)
            if row["sha256"] is not None:
                row["sha256"] = bytes.fromhex(row["sha256"].removeprefix("\\x"))
            rows.append(tuple(as_sqlite_prints(value) for value in row.values()))
    assert rows == expected


def test_columns_without_a_declared_type_are_decided_by_their_rows(example):
    rows = sqlite3_rows(example, "SELECT section, count(*), sum(size_bytes), round(avg(installed_kib), 1), "
                                 "max(description) FROM packages GROUP BY section ORDER BY section")
    assert example("fetch", "sections.yaml").code == 0
    table = pa.csv.read_csv(example.cwd / "out/sections.csv",
                            parse_options=pa.csv.ParseOptions(newlines_in_values=True),
                            convert_options=pa.csv.ConvertOptions(strings_can_be_null=True,
                                                                  quoted_strings_can_be_null=False))
    assert table.schema == pa.schema({"section": pa.string(), "packages": pa.int64(), "bytes": pa.int64(),
                                      "mean_installed_kib": pa.float64(), "last_description": pa.string()})
    assert table_rows(table) == rows


# RS-008
def test_a_parameter_selects_the_large_packages(example):
    for at_least in (50_000_000, 200_000_000):
        rows = sqlite3_rows(
            example, "SELECT package, version, architecture, maintainer, homepage, size_bytes FROM packages "
                     f"WHERE size_bytes >= {at_least} ORDER BY size_bytes DESC, package, version")
        result = example("fetch", "large.yaml", *(["-p", f"at_least={at_least}"] if at_least != 50_000_000 else []))
        assert result.code == 0, result
        with pa.memory_map(str(example.cwd / "out/large.arrow")) as source:
            assert table_rows(pa.ipc.open_file(source).read_all()) == rows
        assert rows


def test_apt_without_lists_is_told_what_to_do(example, tmp_path):
    (tmp_path / "apt-get").write_text("#!/bin/sh\n")
    (tmp_path / "apt-get").chmod(0o755)
    result = subprocess.run([EXAMPLE / "make_db.py", tmp_path / "x.db"], capture_output=True, text=True,
                            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "make_db.py: apt has no package lists; fetch them with: apt-get update\n"
    assert not (tmp_path / "x.db").exists()
