"""What goes to standard error: text for a person, JSON lines for a machine."""

import json
import re

import pytest

from conftest import ENDLESS_ROWS


def is_json(text):
    return all(line.startswith('{"timestamp":') for line in text.splitlines())


# RS-025
@pytest.mark.parametrize("env, args, json_expected", [
    ({}, [], True),
    ({}, ["--log-format", "text"], False),
    ({"PENSTOCK_LOG_FORMAT": "text"}, [], False),
    ({"RECOTEM_LOG_FORMAT": "text"}, [], False),
    ({"PENSTOCK_LOG_FORMAT": "json", "RECOTEM_LOG_FORMAT": "text"}, [], True),
    ({"PENSTOCK_LOG_FORMAT": "text"}, ["--log-format", "json"], True),
])
def test_the_flag_wins_over_the_environment(penstock, shop, recipe, env, args, json_expected):
    recipe()
    good = penstock("fetch", "orders.yaml", "-o", "x.csv", *args, env=env)
    bad = penstock("fetch", "missing.yaml", *args, env=env)
    usage = penstock("fetch", "--nope", *args, env=env)
    for result in (good, bad, usage):
        assert is_json(result.err) == json_expected, result
    if not json_expected:
        assert re.fullmatch(r"orders: 3 rows, \d+ B -> x\.csv in \d+\.\d\d s\n", good.err)
        assert bad.err == "error: cannot read 'missing.yaml': No such file or directory\n"


def test_json_is_possible_on_a_terminal(penstock, shop, recipe):
    recipe()
    screen = penstock.on_terminal("fetch", "orders.yaml", "-o", "x.csv", "--log-format", "json")
    assert json.loads(screen.raw)["event"] == "sql_fetch_complete"


# RS-024
@pytest.mark.parametrize("name", ["PENSTOCK_LOG_FORMAT", "RECOTEM_LOG_FORMAT"])
def test_a_bad_log_format_exits_8_and_names_the_variable(penstock, shop, recipe, name):
    result = penstock("fetch", recipe(), env={name: "xml"})
    assert result.code == 8
    assert result.error["error_type"] == "ConfigurationError"
    assert result.error["message"] == f"{name} is 'xml'; it is one of auto, text, json"
    assert penstock("--help", env={name: "xml"}).code == 0


def test_a_terminal_ends_with_one_line_of_summary(penstock, numbers, recipe):
    recipe("SELECT n FROM numbers")
    screen = penstock.on_terminal("fetch", "orders.yaml", "-o", "out/n.parquet")
    assert screen.code == 0
    assert re.fullmatch(r"orders: 100,000 rows, \d+(\.\d+)? KB -> out/n\.parquet in \d+\.\d\d s\n", screen.text)


def test_quiet_says_nothing_of_a_success_and_all_of_a_failure(penstock, shop, recipe):
    recipe()
    assert penstock("fetch", "orders.yaml", "-o", "x.csv", "-q").err == ""
    assert penstock.on_terminal("fetch", "orders.yaml", "-o", "x.csv", "-q").raw == ""
    assert penstock("fetch", "missing.yaml", "-q").error["exit_code"] == 2
    recipe(more="scema: {}\n")
    assert penstock("fetch", "orders.yaml", "-o", "x.csv", "-q").names() == ["recipe_unknown_key"]


def test_verbose_shows_a_person_the_events_too(penstock, shop, recipe):
    recipe()
    screen = penstock.on_terminal("fetch", "orders.yaml", "-o", "x.csv", "-v")
    assert re.match(r"note: sql_fetch_complete recipe=orders run_id=[0-9a-f]{32} dialect=sqlite rows=3\n", screen.text)


# RS-007
def test_an_empty_variable_warns_a_person_in_a_sentence(penstock, shop, recipe):
    recipe("SELECT :a AS a", source="query_parameters:\n  a: ${PENSTOCK_PARAM_A}")
    screen = penstock.on_terminal("fetch", "orders.yaml", "-o", "-", env={"PENSTOCK_PARAM_A": "", "NO_COLOR": "1"})
    assert screen.text.startswith("warning: env var PENSTOCK_PARAM_A is set but empty (source.query_parameters.a)\n")


def test_progress_is_drawn_on_a_terminal_and_erased(penstock, shop, recipe):
    recipe(ENDLESS_ROWS + " LIMIT 1500000")
    screen = penstock.on_terminal("fetch", "orders.yaml", "-o", "x.parquet")
    assert re.search(r"orders  [\d,]+ rows  [\d.]+ MB  [\d,]+ rows/s  \d\.\d\d s", screen.raw)
    assert screen.text.count("\n") == 1
    assert screen.text.startswith("orders: 1,500,000 rows, ")
    never = penstock.on_terminal("fetch", "orders.yaml", "-o", "x.parquet", "--progress", "never")
    assert "\r" not in never.raw.replace("\r\n", "\n")


def test_progress_never_wraps_a_narrow_terminal(penstock, shop, recipe):
    recipe(ENDLESS_ROWS + " LIMIT 700000")
    screen = penstock.on_terminal("fetch", "orders.yaml", "-o", "x.parquet", columns=20)
    for drawn in re.findall(r"\r([^\x1b\r\n]+)\x1b\[K", screen.raw):
        assert len(drawn) < 20


def test_a_log_gets_progress_only_when_asked(penstock, shop, recipe):
    recipe(ENDLESS_ROWS, source="statement_timeout_seconds: 6")
    result = penstock("fetch", "orders.yaml", "-o", "x.arrows", "--progress", "always")
    assert result.code == 3
    (progress,) = [event for event in result.events if event["event"] == "fetch_progress"]
    assert list(progress) == ["timestamp", "level", "event", "recipe", "rows", "bytes", "seconds"]
    assert progress["rows"] > 0
    assert 4.5 < progress["seconds"] < 6


def test_a_message_cannot_drive_the_terminal(penstock, shop, recipe):
    recipe('SELECT 1 AS "a" FROM "no\x7f\u009bsuch"')
    screen = penstock.on_terminal("fetch", "orders.yaml", "-o", "x.csv", env={"NO_COLOR": "1"})
    assert screen.code in (2, 3)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]", screen.raw)
