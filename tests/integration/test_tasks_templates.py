"""What authors write in a template means on each database what they meant."""

import json

import pytest

from task_shop import TABLE, stocked
from test_conformance import DIALECTS

ALL = list(DIALECTS)
SERVERS = ["postgresql", "mariadb", "mysql"]
# An input that may be none, and a condition that is then left out: (databases, type, before the input, a value, its rows).
OPTIONAL = [
    (ALL, "int", "pieces =", 5, ["P-1"]), (ALL, "float", "pieces >", 4.5, ["P-1"]), (ALL, "str", "note =", "50%", ["P-3"]),
    (ALL, "date", "since =", "2026-03-01", ["P-3"]), (ALL, "datetime", "since <", "2026-02-20T00:00:00", ["P-1"]),
    (["postgresql"], "datetime", "since <", "2026-02-20T00:00:00Z", ["P-1"]),
    (["postgresql"], "timedelta", "since < timestamp '2026-02-20' -", "P1D", ["P-1"]),
    (ALL, "bool", "(pieces > 4) =", True, ["P-1"]), (["postgresql"], "bytes", "convert_to(note, 'UTF8') =", "hex:353025", ["P-3"]),
]
# (databases, query, inputs as declared, their values, the rows)
WRITTEN = [
    (ALL, "SELECT sku FROM {t} WHERE pieces = {{ n }}", {"n": "int"}, {"n": 7}, ["P-2"]),
    (ALL, "SELECT sku FROM {t} WHERE pieces = '{{ n }}'", {"n": "int"}, {"n": 7}, ["P-2"]),
    (ALL, "SELECT sku FROM {t} WHERE pieces + {{ n }} = 7 + {{ n }}", {"n": "int"}, {"n": 3}, ["P-2"]),
    (ALL, "SELECT sku FROM {t} WHERE sku = {{ a }} OR note = {{ a }}", {"a": "str"}, {"a": "P-1"}, ["P-1"]),
    (ALL, "SELECT sku FROM {t} WHERE sku = '{{ a }}-{{ b }}'", {"a": "str", "b": "int"}, {"a": "P", "b": 3}, ["P-3"]),
    (ALL, "SELECT sku FROM {t} WHERE note LIKE '%{{ a }}%'", {"a": "str"}, {"a": "'"}, ["P-1"]),
    (ALL, "SELECT sku FROM {t} WHERE pieces IN ({{ n }}) ORDER BY sku", {"n": "list[int]"}, {"n": [5, 0]}, ["P-1", "P-3"]),
    (ALL, "SELECT sku FROM {t} WHERE pieces IN {{ n }}", {"n": "list[int]"}, {"n": []}, []),
    (ALL, "SELECT sku FROM {t} WHERE pieces NOT IN {{ n }} ORDER BY sku", {"n": "list[int]"}, {"n": []},
     ["P-1", "P-2", "P-3"]),
    (ALL, "SELECT sku FROM {t} WHERE note IS {{ a }}", {"a": {"type": "str", "nullable": True}}, {"a": None}, ["P-2"]),
    (ALL, "SELECT sku FROM {t} WHERE note IS NOT {{ a }} ORDER BY sku", {"a": {"type": "str", "nullable": True}},
     {"a": None}, ["P-1", "P-3"]),
    (ALL, "SELECT sku FROM {t} WHERE note IS {{ a }}", {"a": {"type": "str", "nullable": True}}, {"a": "50%"}, ["P-3"]),
    (ALL, "SELECT sku FROM {t} ORDER BY sku LIMIT {{ n }}", {"n": "int"}, {"n": 1}, ["P-1"]),
    (ALL, "SELECT sku FROM {t} ORDER BY sku LIMIT {{ n }} OFFSET {{ k }}", {"n": "int", "k": "int"}, {"n": 1, "k": 1},
     ["P-2"]),
    (ALL, "SELECT sku FROM {t} WHERE {{ b }} ORDER BY sku LIMIT 1", {"b": "bool"}, {"b": True}, ["P-1"]),
    (ALL, "SELECT sku FROM {t} -- only {{ a }}\nWHERE pieces = 7 /* {{ a }} */", {"a": "str"}, {"a": "x*/ OR 1=1"}, ["P-2"]),
    (ALL, "SELECT sku AS s FROM {{ t }} ORDER BY {{ c }} {{ d }}", {"t": "identifier", "c": "identifier",
                                                                   "d": {"choice": ["ASC", "DESC"]}},
     {"t": TABLE, "c": "pieces", "d": "DESC"}, ["P-2", "P-1", "P-3"]),
    (ALL, "SELECT sku FROM penstock_task_{{ x }} WHERE pieces = 7", {"x": "identifier"}, {"x": "stock"}, ["P-2"]),
    (ALL, "SELECT sku FROM {t} WHERE since = {{ d }}", {"d": "date"}, {"d": "2026-02-01"}, ["P-2"]),
    (SERVERS, "SELECT sku FROM {t} WHERE since >= date '{{ d }}' ORDER BY sku", {"d": "date"}, {"d": "2026-02-01"},
     ["P-2", "P-3"]),
    (SERVERS, "SELECT sku FROM {t} WHERE since = date '2026-{{ m }}-01'", {"m": "str"}, {"m": "03"}, ["P-3"]),
    (["postgresql"], "SELECT sku FROM {t} WHERE since = {{ d }}::date", {"d": "str"}, {"d": "2026-02-01"}, ["P-2"]),
    (["postgresql"], "SELECT sku FROM {t} WHERE since = '{{ d }}'::date", {"d": "date"}, {"d": "2026-02-01"}, ["P-2"]),
    (["postgresql"], "SELECT sku FROM {t} WHERE since > date '2026-02-20' - interval '{{ n }} days' ORDER BY sku",
     {"n": "int"}, {"n": 20}, ["P-2", "P-3"]),
    (["postgresql"], "SELECT sku FROM {t} WHERE since + {{ l }} = timestamp '2026-02-02 02:00:00'", {"l": "timedelta"},
     {"l": "P1DT2H"}, ["P-2"]),
    (["mariadb", "mysql"], "SELECT sku FROM {t} WHERE since = DATE_ADD('2026-01-22', INTERVAL {{ n }} DAY)", {"n": "int"},
     {"n": 10}, ["P-2"]),
    (["mariadb", "mysql"], "SELECT sku FROM {t} WHERE since = '2026-01-22' + INTERVAL '{{ n }}' DAY", {"n": "int"}, {"n": 10},
     ["P-2"]),
    (["mariadb", "mysql"], "SELECT sku FROM {t} WHERE since = '2026-01-22' + INTERVAL '{{ n }}' + 1 DAY", {"n": "int"}, {"n": 9},
     ["P-2"]),
    (["sqlite"], "SELECT sku FROM {t} WHERE since = date({{ d }}, '{{ n }} days')", {"d": "date", "n": "int"},
     {"d": "2026-01-22", "n": 10}, ["P-2"]),
    (["sqlite"], "SELECT sku FROM {t} WHERE datetime(since, {{ l }}) = '2026-02-02 02:00:00'", {"l": "timedelta"},
     {"l": "P1DT2H"}, ["P-2"]),
    # A list that is none is NULL, and neither in it nor not in it is true.
    (ALL, "SELECT sku FROM {t} WHERE pieces IN ({{ n }})", {"n": {"type": "list[int]", "nullable": True}}, {"n": None}, []),
    (ALL, "SELECT sku FROM {t} WHERE sku IN {{ n }}", {"n": {"type": "list[str]", "nullable": True}}, {"n": None}, []),
    (ALL, "SELECT sku FROM {t} WHERE pieces NOT IN ({{ n }})", {"n": {"type": "list[int]", "nullable": True}}, {"n": None}, []),
    (ALL, "SELECT sku FROM {t} WHERE pieces NOT IN {{ n }} OR pieces = 7", {"n": {"type": "list[int]", "nullable": True}},
     {"n": None}, ["P-2"]),
    (ALL, "SELECT sku FROM {t} WHERE pieces IN ({{ n }})", {"n": {"type": "list[int]", "nullable": True}}, {"n": [7]}, ["P-2"]),
    *[(dialects, f"SELECT sku FROM {{t}} WHERE ({{{{ v }}}} IS NULL OR {left} {{{{ v }}}}) AND pieces < 7 ORDER BY sku",
       {"v": {"type": kind, "nullable": True}}, {"v": value}, rows)
      for dialects, kind, left, given, found in OPTIONAL for value, rows in ((None, ["P-1", "P-3"]), (given, found))],
    (ALL, "SELECT sku FROM {t} WHERE pieces = coalesce({{ n }}, 7)", {"n": {"type": "int", "nullable": True}}, {"n": None},
     ["P-2"]),
    (ALL, "SELECT sku FROM {t} WHERE '{{ a }}' IS NOT NULL AND pieces = 7", {"a": "str"}, {"a": "x"}, ["P-2"]),
    (ALL, "SELECT sku FROM {t} WHERE '{{ a }}' IS NULL AND pieces = 7", {"a": {"type": "str", "nullable": True}}, {"a": None},
     ["P-2"]),
    (SERVERS, "SELECT concat('{{ a }}', '-', sku) FROM {t} WHERE since = '2026-02-01'", {"a": "str"}, {"a": "x"}, ["x-P-2"]),
    (SERVERS, "SELECT concat({{ a }}, {{ b }}, concat(sku, '{{ a }}{{ b }}')) FROM {t} WHERE since = {{ d }} AND {{ d }} IS NOT NULL",
     {"a": "str", "b": "str", "d": "str"}, {"a": "x", "b": "y", "d": "2026-02-01"}, ["xyP-2xy"]),
    (["postgresql", "sqlite"], "SELECT format('%s', '{{ a }}')", {"a": "str"}, {"a": "x"}, ["x"]),
    (["postgresql"], "SELECT json_build_object('k', '{{ a }}', 'n', {{ n }})::text",
     {"a": "str", "n": {"type": "int", "nullable": True}}, {"a": "x", "n": None}, ['{"k" : "x", "n" : null}']),
    (ALL, "SELECT sku FROM {t} WHERE note = 'a''b' AND pieces = {{ n }} /* '{' */ -- :x $1 ?", {"n": "int"}, {"n": 5}, ["P-1"]),
]


@pytest.fixture(params=ALL)
def shop(request, tmp_path):
    yield from stocked(request.param, tmp_path)


# FT-002, FT-003
def test_what_is_written_means_what_it_says(shop):
    ran = 0
    for dialects, query, inputs, values, rows in WRITTEN:
        if shop.dialect not in dialects:
            continue
        task = shop.task(query.replace("{t}", TABLE), f"inputs: {json.dumps(inputs)}")
        (shop.folder / "i.json").write_text(json.dumps(values))
        result = shop.penstock("run", task, "--inputs", "i.json", "-o", "-", "--format", "jsonl")
        assert result.code == 0, (query, result)
        assert [next(iter(json.loads(line).values())) for line in result.out.splitlines()] == rows, query
        ran += 1
    assert ran > 20


# FT-006
def test_a_text_whose_place_does_not_say_its_type_is_a_text_in_a_change_too(shop):
    noted, second = (("note || '{{ s }}'", "{{ s }} || '-2'") if shop.dialect == "sqlite" else
                     ("concat(note, '{{ s }}')", "concat({{ s }}, '-2')"))
    task = shop.task(f"UPDATE {TABLE} SET pieces = 6 WHERE sku = 'P-1';\n"
                     f"UPDATE {TABLE} SET note = {noted} WHERE sku = 'P-3';\n"
                     f"UPDATE {TABLE} SET since = {{{{ day }}}} WHERE sku = {second}",
                     "inputs: {s: str, day: str}", access="read_write")
    given = ["-i", "s=P", "-i", "day=2026-05-06"]
    plan = shop.penstock("plan", task, *given)
    assert plan.code == 0, plan
    result = shop.penstock("run", task, *given)
    assert result.code == 0, result
    rows = [(row["sku"], row["pieces"], row["note"], str(row["since"]))
            for row in shop.rows(f"SELECT * FROM {TABLE} ORDER BY sku")]
    assert rows == [("P-1", 6, "a'b", "2026-01-01"), ("P-2", 7, None, "2026-05-06"), ("P-3", 0, "50%P", "2026-03-01")]


# FT-003
def test_a_choice_that_is_none_is_no_keyword(shop):
    task = shop.task(f"SELECT sku FROM {TABLE} ORDER BY sku {{{{ d }}}}",
                     "inputs: {d: {choice: [ASC, DESC], nullable: true}}")
    assert shop.penstock("run", task, "-i", "d=DESC", "-o", "-", "--format", "csv").out == '"sku"\n"P-3"\n"P-2"\n"P-1"\n'
    result = shop.penstock("run", task, "-i", "d=null")
    assert (result.code, result.error["code"]) == (2, "task_input_name"), result
    assert "input 'd' is none, where a keyword stands" in result.error["message"]


REFUSED = [
    ("SELECT * FROM {{ x }}", "str", "template_position"), ("SELECT 1 ORDER BY {{ x }}", "str", "template_position"),
    ("SELECT 1 FROM tbl_{{ x }}", "str", "template_position"), ("SELECT 1 FROM a ORDER BY b {{ x }}", "str", "template_position"),
    ("SELECT 1 WHERE {{ x }}", "str", "template_predicate"), ("SELECT 1 WHERE a = 1 AND {{ x }}", "str", "template_predicate"),
    ("SELECT x'{{ x }}'", "str", "template_literal"), ("SELECT 1 WHERE a = {{ x }}", "list[int]", "template_position"),
    ("SELECT 1 WHERE a IN {{ x }}", "int", "template_position"), ("SELECT {{ x | upper }}", "str", "template_filter"),
    ("SELECT {% if x %} 1", "str", "template_syntax"), ("SELECT {{ x }} {{ y }}", "str", "template_undeclared_input"),
    ("SELECT 1", "str", "template_unused_input"), ("{{ x }}", "identifier", "template_position"),
]
REFUSED_BY = {"postgresql": [("SELECT E'{{ x }}'", "str", "template_literal"), ("SELECT U&'{{ x }}'", "str", "template_literal"),
                             ("SELECT $$ {{ x }} $$", "str", "template_literal")],
              "mariadb": [("SELECT now() - interval '{{ x }} days'", "int", "template_literal")],
              "mysql": [("SELECT now() - interval '{{ x }} days'", "int", "template_literal")],
              "sqlite": [("SELECT 1 - interval '{{ x }} days'", "int", "template_literal"), ("SELECT date '{{ x }}'", "date", "template_literal")]}


# FT-002, FT-003
def test_what_cannot_be_meant_is_refused_by_name_with_its_place(shop):
    shop.penstock.env["PENSTOCK_SHOP_DSN"] = {
        "sqlite": "sqlite:///no.db", "postgresql": "postgresql://u@nobody.invalid/d"}.get(
            shop.dialect, "mysql://u@nobody.invalid/d")
    for query, kind, code in REFUSED + REFUSED_BY.get(shop.dialect, []):
        task = shop.task(query, f"inputs: {{x: '{kind}'}}")
        for command in (["validate", "--offline", task], ["run", task, "--inputs", "i.json"]):
            (shop.folder / "i.json").write_text(json.dumps(
                {"x": {"int": 1, "list[int]": [1], "date": "2026-01-01"}.get(kind, "a")}))
            result = shop.penstock(*command)
            assert (result.code, result.error["code"]) == (2, code), (query, result)
            assert "t.yaml:5:" in result.error["message"] and result.error["hint"], result
