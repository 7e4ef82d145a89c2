"""Inputs of every shape, in every place where one may stand, in a session that could write: not a row changes."""

import json
import re

import pytest

from task_shop import HOSTILE_VALUES, TABLE, Shop, stocked
from test_conformance import DIALECTS


@pytest.fixture(params=list(DIALECTS))
def shop(request, tmp_path):
    yield from stocked(request.param, tmp_path)


SHAPES = [
    *HOSTILE_VALUES, "", " ", "\t\r\n", "\x00", "a\x00'; DROP TABLE {t}; --", "\x1a", "\x7f", "\ufeff'", "\u202e'--", "\ufffd",
    "＇ OR 1=1", "\ud83d\ude00'", "%", "_", "%27 OR 1=1", "0x27", "1e309", "-1", "9223372036854775808", "NaN", "true", "null",
    "[]", "{}", "[1, 2]", "!!python/object:x", "&a *a", "2026-01-01'; DELETE FROM {t}; --", "P1D'", "hex:27",
    "\\x27", "\\'; DELETE FROM {t}; #", "';\nCOMMIT;\nDELETE FROM {t};\nBEGIN;\n--", "$x$; DELETE FROM {t}; $x$",
    "(SELECT sku FROM {t})", "sku", "{t}", "a' || (SELECT 'x') || 'b", "' INTO OUTFILE '/tmp/x", "'; ATTACH 'x.db' AS x; --",
    "'; COPY {t} TO '/tmp/x'; --", "'/**/UNION/**/SELECT/**/1--", "';;;", "x" * 70_000,
]

# What an author may write, by dialect: (condition, what its inputs are called).
PLACES = ["note = {{ s }}", "note = '{{ s }}'", "note LIKE '%{{ s }}%'", "note = '{{ s }}-{{ s }}'", "sku IN ({{ ls }})",
          "sku IN {{ ls }}", "note IS {{ s }} AND sku = 'none'", "coalesce(note, {{ s }}) = {{ s }}",
          "CASE WHEN {{ b }} THEN note END = {{ s }}", "sku BETWEEN {{ s }} AND {{ s }} AND 1 = 0",
          "/* {{ s }} */ note = {{ s }}"]
MORE = {"postgresql": ["note = {{ s }}::text", "note = lower('{{ s }}')", "note = $q$x$q$ || {{ s }}",
                       "note = ANY (ARRAY[{{ s }}, '{{ s }}'])"],
        "sqlite": ["note = lower('{{ s }}')", "note = json_quote({{ s }})"],
        "mariadb": ["note = concat('{{ s }}', {{ s }})"], "mysql": ["note = concat('{{ s }}', {{ s }})"]}


def run(shop, task, inputs):
    (shop.folder / "i.json").write_text(json.dumps(inputs))
    return shop.penstock("run", task, "--inputs", "i.json", "-o", "-", "--format", "csv")


# FT-003, FT-006
def test_a_text_of_any_shape_in_any_place_changes_no_row(shop):
    before = shop.hash()
    head = "inputs: {s: str, ls: 'list[str]', b: bool, n: {type: int, default: 100}}"
    places = PLACES + MORE[shop.dialect]
    task = shop.task(f"SELECT sku FROM {TABLE} WHERE ({') OR ('.join(places)}) LIMIT {{{{ n }}}} -- {{{{ s }}}}", head,
                     access="read_write")
    assert run(shop, task, {"s": "a'b", "ls": ["P-2"], "b": True}).out == '"sku"\n"P-1"\n"P-2"\n'
    for shape in SHAPES:
        value = shape.replace("{t}", TABLE)
        result = run(shop, task, {"s": value, "ls": [value, value + "x"], "b": True})
        if result.code != 0:  # a value that the database has no text for
            assert result.error["code"] in ("query_failed", "parameter_nul", "task_input_type"), (shape, result)
            assert result.bytes == b"", shape
    assert shop.hash() == before


# FT-002, FT-004
def test_what_is_not_of_its_type_is_refused_before_anybody_is_asked(shop):
    shop.penstock.env["PENSTOCK_SHOP_DSN"] = "postgresql://u@nobody.invalid/x"
    types = ["int", "float", "bool", "date", "datetime", "timedelta", "bytes", "none", "list[int]", "list[date]",
             "{choice: [a, b]}"]
    for kind in types:
        declared = kind if kind.startswith("{") else f"'{kind}'"
        place = "IN ({{ x }})" if kind.startswith("list") else "= {{ x }}"
        task = shop.task(f"SELECT 1 WHERE 1 {place}", f"inputs: {{x: {declared}}}", name=f"{len(kind)}.yaml",
                         access="read_write")
        for shape in ("'; DROP TABLE x; --", "1 OR 1=1", "1; DELETE FROM x", "0x1", "1e", "", "{{ x }}", "\x00", "\u0661"):
            given = [shape] if kind.startswith("list") else shape
            result = run(shop, task, {"x": given})
            assert (result.code, result.error["code"]) == (2, "task_input_type"), (kind, shape, result)


# FT-003
def test_a_name_of_any_shape_is_a_name_or_refused(shop):
    before = shop.hash()
    task = shop.task(f"SELECT {{{{ c }}}} AS x_{{{{ c }}}} FROM {TABLE} ORDER BY {{{{ c }}}}", "inputs: {c: identifier}",
                     access="read_write")
    assert run(shop, task, {"c": "sku"}).code == 0
    for shape in SHAPES:
        value = shape.replace("{t}", TABLE)
        result = run(shop, task, {"c": value})
        if re.fullmatch("[A-Za-z_][A-Za-z0-9_]{0,62}", value):  # a name like any other, of a column that is there or not
            whole_row = value == TABLE and shop.dialect == "postgresql"
            assert result.code == (0 if value == "sku" or whole_row else 3), (shape, result)
        else:
            assert (result.code, result.error["code"]) == (2, "task_input_name"), (shape, result)
    assert shop.hash() == before


# FT-003, FT-006
def test_a_file_of_sqlite_is_byte_for_byte_what_it_was(tmp_path):
    shop = Shop("sqlite", tmp_path)
    before = shop.database.path.read_bytes()
    task = shop.task(f"SELECT sku FROM {TABLE} WHERE note = {{{{ s }}}} OR note LIKE '{{{{ s }}}}%'", "inputs: {s: str}",
                     access="read_write")
    for shape in SHAPES:
        result = run(shop, task, {"s": shape.replace("{t}", TABLE)})
        # A pattern of LIKE has 50,000 bytes at most.
        assert (result.code, result.code and result.error["code"]) == ((3, "query_failed") if len(shape) > 50_000 else (0, 0)), (
            shape[:50], result)
        assert shop.database.path.read_bytes() == before, shape
    assert not list(tmp_path.glob("conformance.db-*"))


# FT-006, RS-013
def test_access_is_a_tasks_alone(shop):
    before = shop.hash()
    source = f"dsn_env: PENSTOCK_SHOP_DSN, query: DELETE FROM {TABLE}"
    files = {  # name: (text, where access is an error; elsewhere it is a warning, and the change is refused all the same)
        "top.yaml": (f"name: a\naccess: read_write\nsource: {{type: sql, {source}}}\nsink: {{path: a.csv}}\n", None),
        "in.yaml": (f"name: a\nsource: {{type: sql, {source}, access: read_write}}\nsink: {{path: a.csv}}\n", "source"),
        "top-m.yaml": (f"name: a\ndsn_env: PENSTOCK_SHOP_DSN\naccess: read_write\nqueries: {{a.csv: DELETE FROM {TABLE}}}\n", None),
        "in-m.yaml": ("name: a\ndsn_env: PENSTOCK_SHOP_DSN\n"
                      f"queries: {{a.csv: {{query: DELETE FROM {TABLE}, access: read_write}}}}\n", "queries.a.csv")}
    for name, (text, place) in files.items():
        (shop.folder / name).write_text(text)
        result = shop.penstock(*(["store", name, "cat", "a.csv"] if "-m" in name else ["fetch", name]))
        if place:
            assert (result.code, result.error["code"]) == (2, "recipe_unknown_key"), (name, result)
            assert f"unknown key 'access' in {place}" in result.error["message"]
        else:
            assert result.events[0]["message"] == f"{name}:{3 if '-m' in name else 2}:1: unknown top-level key 'access'", result
            assert (result.code, result.error["code"]) == (3, "not_a_read"), result
        assert shop.hash() == before, name
    assert not (shop.folder / "a.csv").exists()
