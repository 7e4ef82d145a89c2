"""The wheel: complete in an empty environment, beside any Arrow, typed."""

import ast
import inspect
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import DSN, ROOT, variable

import penstock
from penstock import _native


@pytest.fixture(scope="module")
def wheel():
    return Path(variable("PENSTOCK_TEST_WHEEL"))


@pytest.fixture(scope="module")
def installed():
    return Path(penstock.__file__).parent


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_one_wheel_serves_every_python_from_3_12_on(wheel, installed):
    stable = sys.version_info >= (3, 12)
    own = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    assert ("-cp312-abi3-" if stable else f"-{own}-{own}-") in wheel.name
    assert len(list(installed.glob("_native.abi3.so"))) == stable


def test_the_wheel_has_what_it_promises(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        facts = file.read(next(name for name in names if name.endswith("METADATA"))).decode()
    version = re.search(r"project\(penstock VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    assert f"\nVersion: {version}\n" in facts and penstock.__version__ == version
    needs = re.findall(r"^Requires-Dist: (.*)$", facts, re.MULTILINE)
    assert needs and all("extra ==" in need for need in needs), needs
    assert {"penstock/py.typed", "penstock/_native.pyi"} <= set(names)
    assert any(name.endswith("/scripts/penstock") for name in names)
    assert not [name for name in names if name.endswith((".cc", ".h", "bundle.py"))]


def test_its_libraries_have_names_of_their_own(installed):
    libraries = sorted((installed / "lib").iterdir())
    assert {"libarrow", "libparquet", "libpq"} <= {path.name.partition("-penstock")[0] for path in libraries}
    for path in [*libraries, *installed.glob("_native*.so")]:
        dynamic = run("readelf", "-d", path)
        if path.parent.name == "lib":
            assert f"soname: [{path.name}]" in dynamic
        for need in re.findall(r"NEEDED.*\[(.*)\]", dynamic):
            own = (installed / "lib" / need).exists()
            assert own or re.match(r"(lib(c|m|pthread|dl|rt|resolv|gcc_s|stdc\+\+|z|ssl|crypto|sqlite3)\.so|ld-linux)", need), (
                path.name, need)
        for place in re.findall(r"(?:RUNPATH|RPATH).*\[(.*)\]", dynamic):
            assert all(part.startswith("$ORIGIN") for part in place.split(":")), place


def test_the_module_offers_nothing_to_others(installed):
    [module] = installed.glob("_native*.so")
    symbols = [line.split()[-1] for line in run("nm", "-D", "--defined-only", module).splitlines()]
    assert "PyInit__native" in symbols
    assert not [symbol for symbol in symbols if "penstock" in symbol or "arrow" in symbol or "SSL_" in symbol]


def test_it_works_in_an_empty_environment(wheel, shop, tmp_path):
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "empty")
    python = tmp_path / "empty/bin/python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", wheel)
    env = {"PATH": "/usr/bin:/bin", DSN: os.environ[DSN]}
    assert run(tmp_path / "empty/bin/penstock", "--version", env=env) == f"penstock {penstock.__version__}\n"
    program = run(tmp_path / "empty/bin/penstock", "query", "--dsn-env", DSN, "SELECT count(*) AS c FROM orders", env=env)
    assert program == '"c"\n587\n'
    out = run(python, "-c", f"""
import penstock
rows = penstock.read("SELECT * FROM orders", dsn_env="{DSN}")
print(sum(len(batch) for batch in rows.batches()))
penstock.fetch("SELECT * FROM orders", dsn_env="{DSN}", out="{tmp_path}/x.parquet")
try:
    penstock.read("SELECT 1 AS a", dsn_env="{DSN}").to_pandas()
except ImportError as error:
    print(error, isinstance(error, penstock.Error), isinstance(error, penstock.CapabilityNotSupported))
""", env=env)
    assert out == "587\nthis needs pandas: pip install 'penstock[pandas]' True True\n"


BESIDE = f"""
import sys, threading
if sys.argv[1] == "pyarrow first":
    import pyarrow, pyarrow.parquet, pyarrow.compute
    import penstock
else:
    import penstock
    import pyarrow, pyarrow.parquet, pyarrow.compute
assert pyarrow.__version__.split(".")[0] == sys.argv[2], pyarrow.__version__
failures = []
def work(name):
    try:
        for _ in range(5):
            table = pyarrow.table(penstock.read("SELECT * FROM orders", dsn_env="{DSN}", batch_rows=50))
            assert table.num_rows == 587 and pyarrow.compute.max(table["id"]).as_py() == 2**53 + 586
            path = sys.argv[3] + "/" + name + ".parquet"
            penstock.fetch("SELECT * FROM orders", dsn_env="{DSN}", out=path)
            read = pyarrow.parquet.read_table(path)
            assert read.equals(table.cast(read.schema))
            pyarrow.parquet.write_table(table, path + "2", compression="zstd")
    except BaseException as error:
        failures.append(error)
        raise
threads = [threading.Thread(target=work, args=(str(i),)) for i in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not failures
try:
    pyarrow.table(penstock.read("SELECT * FROM orders", dsn_env="{DSN}", max_rows=10))
except Exception as error:
    assert "query result exceeds limits.rows=10 rows" in str(error)
print("lived together")
"""


@pytest.mark.parametrize("order", ["pyarrow first", "penstock first"])
@pytest.mark.parametrize("version", ["25", "26"])
def test_it_lives_in_one_process_with_any_arrow(shop, tmp_path, script, version, order):
    python = variable("PENSTOCK_TEST_ARROW25") if version == "25" else sys.executable
    assert script(BESIDE, order, version, tmp_path, python=python) == "lived together\n"


def test_it_is_typed_throughout():
    run(sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "-p", "penstock", cwd="/")


USER = """
import datetime
import io
from collections.abc import Iterator

import pandas
import polars
import pyarrow

import penstock

rows = penstock.read("orders.yaml", {"since": "2026-03-01", "most": 10, "none": None}, max_rows=10, on_lossy="null")
table: pyarrow.Table = rows.to_pyarrow()
frame: pandas.DataFrame = rows.to_pandas()
other: polars.DataFrame = rows.to_polars()
batches: Iterator[penstock.Batch] = rows.batches()
receipt: penstock.Receipt = penstock.fetch("orders.yaml", out="x.csv", progress=lambda so_far: print(so_far.rows))
names: list[str] = [column.name for column in penstock.plan("orders.yaml").columns]
task = penstock.Task.of({"name": "t"})
result = penstock.run_task(task, {"day": datetime.date(2026, 1, 1), "ids": [1, 2], "y": b"x"}, secrets=lambda g, k, v: None)
count: int | None = result.rows_affected
with penstock.Store("shop.yaml") as store:
    file: io.BufferedReader = store.open("a.csv")
    paths: list[str] = [info.path for info in store.glob("**")]
lazy: polars.LazyFrame = penstock.scan_polars("a.parquet", store=store)
try:
    penstock.validate("SELECT 1", dsn_env="PENSTOCK_X_DSN", offline=True)
except penstock.TimeoutError as error:
    hint: str = error.hint
"""
MISTAKES = """
import penstock

penstock.read("orders.yaml", on_lossy="round")
penstock.read("orders.yaml", max_row=1)
penstock.read("orders.yaml", {"x": object()})
penstock.fetch("orders.yaml", format="xlsx")
penstock.run_task("t.yaml", {"x": object()})
penstock.plan("orders.yaml").column
"""


def test_a_users_types_are_checked(tmp_path):
    (tmp_path / "user.py").write_text(USER)
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    found = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "user.py", "mistakes.py"],
                           cwd=tmp_path, capture_output=True, text=True, timeout=600)
    places = {tuple(line.split(":")[:2]) for line in found.stdout.splitlines() if ": error:" in line}
    assert places == {("mistakes.py", str(number)) for number in range(4, 10)}, found.stdout


def test_the_stub_says_what_the_module_has(installed):
    stub = ast.parse((installed / "_native.pyi").read_text())
    assert public(_native) == {node.name for node in stub.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for node in stub.body:
        if isinstance(node, ast.ClassDef):
            written = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            assert public(getattr(_native, node.name)) == {name for name in written if not name.startswith("__")}


def public(thing):
    return {name for name in dir(thing) if not name.startswith("__")}


def test_every_public_name_is_documented():
    reference = (ROOT / "docs/reference/python.md").read_text()
    for name in penstock.__all__:
        if name == "__version__":
            continue
        thing = getattr(penstock, name)
        assert thing.__doc__ and not thing.__doc__.startswith(f"{name}("), name
        assert f"`{name}" in reference or f"penstock.{name}" in reference, name


def functions():
    """Public functions of the package and public methods of its own classes, errors excepted, that take arguments."""
    for name in sorted(set(penstock.__all__) - {"__version__"}):
        thing = getattr(penstock, name)
        if inspect.isfunction(thing):
            yield name, thing
        elif inspect.isclass(thing) and not issubclass(thing, penstock.Error):
            for member, value in vars(thing).items():
                value = getattr(value, "__func__", value)
                if not member.startswith("_") and inspect.isfunction(value):
                    yield f"{name}.{member}", value


def test_every_function_with_arguments_says_what_they_are_and_what_it_raises():
    seen = dict(functions())
    assert {"read", "Store.glob", "Store.of_queries", "Task.of", "StoreReader.seek"} <= seen.keys()
    for name, function in seen.items():
        text = inspect.getdoc(function)
        arguments = set(inspect.signature(function).parameters) - {"self", "cls"}
        assert text, name
        assert all(re.search(rf"\b{argument}\b", text) for argument in arguments), name
        assert not arguments or ("Args:" in text and "Raises:" in text), name
