"""What the documents show is what happens."""

import hashlib
import os
import re
import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

import console
from conftest import PROGRAM, ROOT

DEMO = re.compile(r"<!-- demo: begin -->\n```console\n(.*?)```\n<!-- demo: end -->", re.DOTALL)
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in
                   [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("docs/reference/*.md"),
                    *ROOT.glob("examples/sql-sqlite/*.md"), *ROOT.glob("examples/store/*.md")]
                   if console.BLOCK.search(DEMO.sub("", path.read_text())))


@pytest.fixture
def shell(tmp_path):
    """The example shop in a folder, and `penstock` and `python` on the PATH: the environment of a reader."""
    for path in [*(ROOT / "examples/sql-sqlite").iterdir(), *(ROOT / "examples/store").iterdir()]:
        if path.suffix in (".sql", ".yaml"):
            shutil.copy(path, tmp_path)
    with open(tmp_path / "shop.sql") as script:
        subprocess.run(["sqlite3", "-bail", "shop.db"], stdin=script, cwd=tmp_path, check=True)
    tools = tmp_path / ".tools"
    tools.mkdir()
    (tools / "penstock").symlink_to(PROGRAM)
    (tools / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tools / "python").chmod(0o755)
    env = {"PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1",
           "COLUMNS": "120", "HOME": str(tmp_path), "PENSTOCK_SHOP_DSN": "sqlite:///shop.db"}
    return tmp_path, env


def test_documents_with_commands_are_found():
    assert {"README.md", "docs/reference/cli.md", "docs/reference/recipe.md", "docs/reference/store.md",
            "examples/store/README.md"} <= set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_does_what_is_shown(name, shell, tmp_path):
    cwd, env = shell
    path = tmp_path / ".document.md"
    path.write_text(DEMO.sub(lambda demo: "\n" * demo.group().count("\n"), (ROOT / name).read_text()))
    assert console.check(path, cwd, env) == []


# RS-010
@pytest.mark.parametrize("dialect, dsn", [("postgresql", "postgresql://ada@db.example/shop"),
                                          ("mysql", "mysql://ada@db.example/shop"), ("sqlite", "sqlite:///shop.db")])
def test_every_option_of_a_dsn_is_explained_and_no_other(penstock, dialect, dsn):
    text = (ROOT / "docs/reference/recipe.md").read_text()
    _, _, table = text.partition(f"<!-- dsn options: {dialect} -->\n")
    rows = table.partition("<!-- /dsn options -->")[0].splitlines()[2:]
    explained = [option for row in rows for option in re.findall(r"`([^`]+)`", row.split("|")[1])]
    penstock.env["PENSTOCK_SHOP_DSN"] = f"{dsn}?no_such_option=1"
    hint = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT 1", "-o", "x.csv").error["hint"]
    assert sorted(explained) == sorted(hint.removeprefix("allowed: ").split(", "))


def test_a_wrong_output_and_a_wrong_exit_are_found(shell, tmp_path):
    cwd, env = shell
    path = tmp_path / "wrong.md"
    path.write_text("```console\n$ echo one\ntwo\n$ false\n$ true  # exit 3\n$ printf 'a\\nb\\nc\\n'\na\n...\nd\n```\n")
    assert console.check(path, cwd, env) == [
        "wrong.md:2: $ echo one\nprints:\none\n",
        "wrong.md:4: $ false\nexits 1:\n",
        "wrong.md:5: $ true\nexits 0:\n",
        "wrong.md:6: $ printf 'a\\nb\\nc\\n'\nprints:\na\nb\nc\n",
    ]


# RS-030
def test_the_demo_prints_what_the_readme_records(tmp_path):
    """`./dev demo` itself, in a copy whose toolchain is a stand-in, so that it runs the program under test."""
    for name in ("dev", "tools", "examples/sql-sqlite"):
        source = ROOT / name
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("*.db", "out", "__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    for name, script in {
        "build/penstock": f'exec {PROGRAM} "$@"',
        ".venv/bin/python": f'exec {sys.executable} "$@"',
        ".tools/cmake": ":", ".tools/ninja": ":", ".tools/dpkg-query": 'for p; do echo "installed $p"; done',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    requirements = (tmp_path / "tools/requirements.txt").read_bytes()
    (tmp_path / ".venv/.installed-requirements").write_text(hashlib.sha256(requirements).hexdigest() + "  -\n")

    recorded = DEMO.search((ROOT / "README.md").read_text())
    assert recorded, "README.md records no demo"
    command, *recorded_lines = recorded.group(1).splitlines()
    assert command == "$ ./dev demo"
    assert len(recorded_lines) > 10
    env = {"PATH": f"{tmp_path}/.tools:{os.environ['PATH']}", "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1",
           "HOME": str(tmp_path)}
    code, text = console.on_terminal("stty cols 120; ./dev demo", tmp_path, env)
    assert code == 0, text
    shown, printed = (console.normalised(lines).rstrip("\n").split("\n") for lines in ("\n".join(recorded_lines), text))
    assert console.agrees(shown, printed), text
    assert pq.read_metadata(tmp_path / "examples/sql-sqlite/out/orders.parquet").num_rows == 587


def codes_in_sources():
    """The stable codes of every error that the sources make."""
    enum = re.search(r"enum class Category.*?\{(.*?)\};", (ROOT / "include/penstock/error.h").read_text(), re.DOTALL)
    categories = "|".join(re.findall(r"^\s*(k\w+),", enum.group(1), re.MULTILINE))
    patterns = [
        rf"(?<!Level::)\b(?:{categories}|origin\.category\(\)),\s*\"([a-z_0-9]+)\"",
        r"\b(?:fail|refuse|refuse_dsn|refused|usage)\(\s*(?:(?:[^,;()\"]|\([^()]*\))*,\s*)?"
        r"\"([a-z]+(?:_[a-z0-9]+)+)\",",
        r"return \{\"(output_[a-z_]+)\"",
        r"is_flag \? \"(unknown_\w+)\"",
        r"is_flag \? \"unknown_\w+\"\s*:\s*\"(\w+)\"",
    ]
    text = "".join(re.sub(r"//[^\n]*", "", path.read_text()) for folder in ("src", "apps")
                   for path in (ROOT / folder).rglob("*.cc") if path.name != "recipe_schema.cc")
    return {code for pattern in patterns for code in re.findall(pattern, text)}


# RS-024
def test_every_code_of_the_sources_is_in_the_errors_reference():
    text = (ROOT / "docs/reference/errors.md").read_text()
    listed = re.findall(r"^\| `([a-z_0-9]+)` \|", text, re.MULTILINE)
    assert len(listed) == len(set(listed))
    in_sources = codes_in_sources()
    assert len(in_sources) > 100
    assert sorted(in_sources - set(listed)) == []
    every_source = "".join(path.read_text() for folder in ("src", "apps", "python")
                           for path in (ROOT / folder).rglob("*") if path.suffix in (".cc", ".py"))
    assert [code for code in listed if f'"{code}"' not in every_source] == []


def test_the_errors_reference_has_the_table_of_categories():
    source = (ROOT / "src/base/error.cc").read_text()
    rows = re.findall(r'\{k(\w+), "(\w+)", (\d+), (\d+), "(\w+)"\}', source)
    assert rows
    text = (ROOT / "docs/reference/errors.md").read_text()
    for category, error_type, exit_code, http, python_class in rows:
        word = re.sub(r"(?<!^)([A-Z])", r" \1", category).lower()
        assert f"| {word} | {error_type} | {exit_code} | {http} | {python_class} |" in text


def test_every_event_of_the_sources_is_in_the_cli_reference():
    found = set()
    for path in [*(ROOT / "src").rglob("*.cc"), *(ROOT / "apps").rglob("*.cc")]:
        found.update(re.findall(r"Level::k\w+,\s*\"(\w+)\"", path.read_text()))
    assert len(found) >= 7
    text = (ROOT / "docs/reference/cli.md").read_text()
    assert [name for name in sorted(found) if f"`{name}`" not in text] == []


def rows_of_table(name, marker):
    """The rows of the Markdown table under a comment, without its head."""
    text = (ROOT / name).read_text()
    rows = []
    for line in text[text.index(f"<!-- table: {marker}"):].splitlines()[3:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def arrow_and_csv(penstock, query):
    command = ["query", "--dsn-env", "PENSTOCK_SHOP_DSN", query]
    assert penstock(*command, "-o", "one.parquet", "--on-lossy", "null").code == 0
    result = penstock(*command, "-o", "-")
    return str(pq.read_schema(penstock.cwd / "one.parquet").field(0).type), result


@pytest.mark.parametrize("declared, value, arrow, shown", rows_of_table("docs/reference/types.md", "declared types"))
def test_a_declared_type_reads_as_the_table_says(penstock, declared, value, arrow, shown):
    penstock.env["PENSTOCK_SHOP_DSN"] = "sqlite:///one.db"
    script = f"CREATE TABLE t (v {declared.strip('`')}); INSERT INTO t VALUES ({value.strip('`')})"
    subprocess.run(["sqlite3", "-bail", "one.db", script], cwd=penstock.cwd, check=True)
    found, result = arrow_and_csv(penstock, "SELECT v FROM t")
    assert found == arrow
    if shown == "misfit":
        assert (result.code, result.error["code"]) == (3, "lossy_value")
        assert result.error["message"].startswith(f"row 1, column 'v' (declared {declared.strip('`')}): a")
    else:
        assert result.out == f'"v"\n{shown.strip("`")}\n'


@pytest.mark.parametrize("values, arrow, why", rows_of_table("docs/reference/types.md", "first rows"))
def test_the_first_rows_decide_as_the_table_says(penstock, shop, values, arrow, why):
    rows = ", ".join(f"({value.strip().strip('`')})" for value in values.split(", "))
    found, result = arrow_and_csv(penstock, f"WITH t(v) AS (VALUES {rows}) SELECT v FROM t")
    assert found == arrow
    assert result.code == (3 if why == "the BLOB is a misfit" else 0)


def keys_of(schema):
    for name, of in schema.get("properties", {}).items():
        yield name
        yield from keys_of(of)


def keys_shown(penstock, page):
    """Those of the page's example of every key, which the program takes without a word."""
    text = (ROOT / "docs/reference" / page).read_text()
    whole = re.search(r"<!-- every key -->\n```yaml\n(.*?)```", text, re.DOTALL).group(1)
    (penstock.cwd / "whole.yaml").write_text(whole)
    result = penstock("validate", "--offline", "whole.yaml")
    assert (result.code, result.err) == (0, "")
    return set(re.findall(r"(?:^|[ {])([a-z_0-9]+):", whole, re.MULTILINE))


# SQL-QUERY-001
def test_the_store_reference_shows_a_manifest_with_every_key(penstock):
    shown = keys_shown(penstock, "store.md")
    schema = penstock("schema", "manifest").json
    top = set(schema["properties"])
    one = schema["properties"]["queries"]["additionalProperties"]["anyOf"][1]["properties"]
    parameter = one["parameters"]["additionalProperties"]["anyOf"][1]["properties"]
    keys = top | set(one) | set(parameter) | set(schema["properties"]["cache"]["properties"])
    assert keys - shown == set()


# FT-001
def test_the_task_reference_shows_a_task_with_every_key(penstock):
    shown = keys_shown(penstock, "task.md")
    schema = penstock("schema", "task").json
    of_inputs = [each["properties"] for each in schema["properties"]["inputs"]["additionalProperties"]["anyOf"]
                 if "properties" in each]
    secret = schema["properties"]["connection"]["properties"]["secret_connect_args"]["additionalProperties"]["properties"]
    keys = set(keys_of(schema)) | set(secret) | {name for each in of_inputs for name in each}
    assert keys - shown == set()


# RS-001
def test_the_recipe_reference_shows_a_recipe_with_every_key(penstock):
    shown = keys_shown(penstock, "recipe.md")
    assert set(keys_of(penstock("schema", "recipe").json)) - shown == set()
