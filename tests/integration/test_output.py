"""Where the rows go, and in which format."""

import stat

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from conftest import left_in

CSV = '"id"\n1\n2\n3\n'


@pytest.fixture
def ids(shop, recipe):
    return recipe("SELECT id FROM orders ORDER BY id")


def test_without_a_path_csv_goes_to_standard_output(penstock, ids):
    assert penstock("fetch", ids).out == CSV
    assert penstock("fetch", ids, "-o", "-").out == CSV
    assert left_in(penstock.cwd) == []


def test_the_flag_wins_over_the_sink(penstock, shop, recipe):
    path = recipe("SELECT id FROM orders", more="sink: {path: sink.parquet, format: parquet, compression: gzip}\n")
    assert penstock("fetch", path, "-o", "flag.csv").code == 0
    assert penstock("fetch", path, "-o", "-").out == CSV
    assert penstock("fetch", path).code == 0
    assert left_in(penstock.cwd) == ["flag.csv", "flag.csv.lock", "sink.parquet", "sink.parquet.lock"]
    assert (penstock.cwd / "flag.csv").read_text() == CSV
    assert pq.ParquetFile(penstock.cwd / "sink.parquet").metadata.row_group(0).column(0).compression == "GZIP"


def test_a_format_makes_standard_output_binary(penstock, ids):
    stream = penstock("fetch", ids, "--format", "arrows").bytes
    assert pa.ipc.open_stream(stream).read_all()["id"].to_pylist() == [1, 2, 3]
    assert pq.read_table(pa.BufferReader(penstock("fetch", ids, "--format", "parquet").bytes)).num_rows == 3


def test_a_format_decides_where_the_name_does_not(penstock, ids):
    assert penstock("fetch", ids, "-o", "data", "--format", "csv").code == 0
    assert (penstock.cwd / "data").read_text() == CSV


def test_extensions_are_read_in_any_case(penstock, ids):
    assert penstock("fetch", ids, "-o", "DATA.CSV").code == 0
    assert (penstock.cwd / "DATA.CSV").read_text() == CSV


@pytest.mark.parametrize("args, message, hint", [
    (["-o", "x.csv", "--format", "parquet"], "the extension of 'x.csv' says csv, --format says parquet",
     "leave out one of the two"),
    (["-o", "x.arrow", "--format", "arrows"], "the extension of 'x.arrow' says arrow, --format says arrows",
     "leave out one of the two"),
    (["-o", "x.data"], "the name 'x.data' does not say a format",
     "end it in .parquet, .csv, .jsonl, .arrow or .arrows, or give --format"),
    (["-o", "x.csv", "--compression", "zstd"], "csv output takes no --compression",
     "name the file .csv.gz to have it gzipped"),
    (["-o", "x.xml", "--format", "xml"], "unknown format 'xml'", "known: parquet, csv, jsonl, arrow, arrows, ipc"),
    (["-o", "s3://bucket/x.csv"], "-o takes a path on this machine, not a URL", ""),
    (["-o", ""], "-o takes a path, or - for standard output, not ''", ""),
])
def test_an_output_that_cannot_be_meant_is_a_usage_error(penstock, ids, args, message, hint):
    result = penstock("fetch", ids, *args)
    assert result.code == 2
    assert result.error["error_type"] == "UsageError"
    assert (result.error["message"], result.error["hint"]) == (message, hint)
    assert left_in(penstock.cwd) == []


def test_a_recipe_that_contradicts_itself_is_a_recipe_error(penstock, shop, recipe):
    path = recipe("SELECT 1 AS a", more="sink: {path: x.csv, format: parquet}\n")
    for command in ("fetch", "validate"):
        result = penstock(command, path)
        assert result.code == 2
        assert result.error["error_type"] == "RecipeError"
        assert result.error["message"].endswith("the extension of 'x.csv' says csv, sink.format says parquet")


def test_parent_folders_are_made(penstock, ids):
    assert penstock("fetch", ids, "-o", "a/b/c/x.csv").code == 0
    assert (penstock.cwd / "a/b/c/x.csv").read_text() == CSV


# RS-024
@pytest.mark.parametrize("make, output, message", [
    (lambda folder: (folder / "x.csv").mkdir(), "x.csv", "x.csv"),
    (lambda folder: (folder / "file").write_text("kept"), "file/x.csv", "file"),
])
def test_an_output_that_cannot_be_written_exits_5(penstock, ids, make, output, message):
    make(penstock.cwd)
    result = penstock("fetch", ids, "-o", output)
    assert result.code == 5
    assert result.error["error_type"] == "OutputError"
    assert message in result.error["message"]
    assert [name for name in left_in(penstock.cwd) if name != "file"] == []


# RS-024
def test_a_full_disk_exits_5(penstock, ids):
    with open("/dev/full", "wb") as full:
        process = penstock.start("fetch", ids, stdout=full)
        err = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 5
    assert "No space left on device" in err


def test_the_file_has_the_permissions_of_the_one_it_replaces(penstock, ids):
    old = penstock.cwd / "x.csv"
    old.write_text("old")
    old.chmod(0o640)
    assert penstock("fetch", ids, "-o", "x.csv").code == 0
    assert (stat.S_IMODE(old.stat().st_mode), old.read_text()) == (0o640, CSV)


def test_a_terminal_without_a_choice_is_refused_with_the_hint(penstock, ids):
    screen = penstock.on_terminal("fetch", ids)
    assert screen.code == 2
    assert screen.text == ("error: no output: the recipe has no sink.path\n"
                           "hint: give -o PATH, or -o - for this terminal\n")


def test_a_dash_or_a_format_writes_csv_to_a_terminal(penstock, ids):
    for args in (["-o", "-"], ["--format", "csv"]):
        screen = penstock.on_terminal("fetch", ids, "-q", *args)
        assert (screen.code, screen.text) == (0, CSV)


@pytest.mark.parametrize("args, what", [(["--format", "parquet"], "parquet"), (["--format", "arrow"], "arrow"),
                                        (["--format", "arrows"], "arrows")])
def test_binary_never_reaches_a_terminal(penstock, ids, args, what):
    for output in ("-", "/dev/stdout", "/dev/tty"):
        screen = penstock.on_terminal("fetch", ids, "-o", output, *args)
        assert screen.code == 2
        assert screen.text == (f"error: {what} is not written to a terminal\n"
                               "hint: give -o PATH, or send standard output to a file or a pipe\n")
