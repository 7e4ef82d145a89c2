"""A task's connection: a URI, arguments, and secrets that are kept elsewhere."""

import json
import urllib.parse

import pytest

from conftest import Penstock
from test_conformance import DIALECTS

SERVERS = [name for name in DIALECTS if name != "sqlite"]


class Place:
    """A server's account, apart: the URI without its password, and the password."""

    def __init__(self, dialect, folder):
        parts = urllib.parse.urlsplit(DIALECTS[dialect](folder).dsn)
        self.password = urllib.parse.unquote(parts.password)
        self.uri = parts._replace(netloc=f"{parts.username}@{parts.hostname}:{parts.port}").geturl()
        self.whole = parts.geturl()
        self.folder = folder
        self.penstock = Penstock(folder)
        self.penstock.env["PENSTOCK_SQL_ALLOW_PRIVATE"] = "1"

    def run(self, connection, env=None, *arguments):
        (self.folder / "t.yaml").write_text(
            f"name: t\nconnection: {json.dumps(connection)}\nquery: SELECT 1 AS a\n")
        result = self.penstock("run", "t.yaml", "-o", "-", "--format", "csv", *arguments, env=env)
        assert self.password not in result.err + result.out
        assert urllib.parse.quote(self.password, safe="") not in result.err
        return result


@pytest.fixture(params=SERVERS)
def place(request, tmp_path):
    return Place(request.param, tmp_path)


SECRET = {"group": "shop", "key": "db-password"}


# FT-008, FT-009
def test_a_password_comes_from_a_variable_a_file_or_a_command(place):
    connection = {"uri": place.uri, "secret_connect_args": {"password": SECRET}}
    missing = place.run(connection)
    assert missing.code == 2 and missing.error["code"] == "task_secret_missing"
    for name in ("PENSTOCK_SECRET_SHOP_DB_PASSWORD", "_FSEC_SHOP_DB-PASSWORD"):
        result = place.run(connection, {name: place.password})
        assert result.code == 0 and result.out.replace('"', "") == "a\n1\n", result
    (place.folder / "shop").mkdir()
    (place.folder / "shop" / "db-password").write_text(place.password + "\n")
    assert place.run(connection, {"FLYTE_SECRETS_DEFAULT_DIR": str(place.folder)}).code == 0
    command = {"uri": place.uri, "secret_connect_args": {
        "password": {"command": ["cat", str(place.folder / "shop" / "db-password")]}}}
    assert place.run(command).code == 0


# FT-009
def test_a_command_runs_at_each_connection_and_at_no_other_time(place):
    (place.folder / "word").write_text(place.password + "\n")
    calls = place.folder / "calls"
    calls.write_text("")
    connection = {"uri": place.uri, "secret_connect_args": {
        "password": {"command": ["sh", "-c", f"echo called >> '{calls}'; cat '{place.folder / 'word'}'"]}}}
    for count in (1, 2):
        assert place.run(connection).code == 0
        assert calls.read_text().count("called") == count
    for command in (["validate", "--offline", "t.yaml"], ["run", "t.yaml", "--describe"]):
        assert place.penstock(*command).code == 0
        assert calls.read_text().count("called") == 2
    (place.folder / "word").write_text("not-the-pass-word\n")
    assert place.run(connection).code == 3
    assert calls.read_text().count("called") == 3


# FT-009, FT-011
def test_a_wrong_password_is_an_error_that_does_not_have_it(place):
    connection = {"uri": place.uri, "secret_connect_args": {"password": SECRET}}
    result = place.run(connection, {"PENSTOCK_SECRET_SHOP_DB_PASSWORD": "not-the-pass-word"})
    # MySQL asks for the password itself where it does not know the hash, and without TLS it is not given.
    assert result.code == 3 and result.error["code"] in ("authentication_failed", "password_not_sent"), result
    assert "not-the-pass-word" not in result.err


# FT-008
def test_secrets_win_and_an_unknown_argument_names_the_known_ones(place):
    connection = {"uri": place.uri, "connect_args": {"password": "wrong", "connect_timeout": 5, "isolation_level": None},
                  "secret_connect_args": {"password": SECRET}}
    assert place.run(connection, {"PENSTOCK_SECRET_SHOP_DB_PASSWORD": place.password}).code == 0
    unknown = place.run({"uri": place.uri, "connect_args": {"pasword": "x"}})
    assert unknown.code == 2
    assert "pasword" in unknown.error["message"] and "password" in unknown.error["message"] + unknown.error["hint"]


# FT-008
def test_the_guard_checks_a_host_that_is_an_argument(place):
    del place.penstock.env["PENSTOCK_SQL_ALLOW_PRIVATE"]
    refused = place.run({"uri": place.uri.replace("127.0.0.1", "93.184.216.34"), "connect_args": {"host": "127.0.0.1"},
                         "secret_connect_args": {"password": SECRET}},
                        {"PENSTOCK_SECRET_SHOP_DB_PASSWORD": place.password})
    assert refused.code == 3 and refused.error["code"] == "private_host"


@pytest.mark.parametrize("dialect", list(DIALECTS))
# FT-009, FT-010
def test_a_task_written_as_json_has_no_secret_and_runs_the_same(dialect, tmp_path):
    """A task that reads, and one that writes: every kind of input, secrets kept elsewhere, a query in a file."""
    database = DIALECTS[dialect](tmp_path)
    word = "varchar(40) CHARACTER SET utf8mb4" if dialect in ("mariadb", "mysql") else "varchar(40)"
    table = "penstock_task_json"
    database.run(f"DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (id integer PRIMARY KEY, word {word}, since date, "
                 f"price decimal(9,2)); INSERT INTO {table} VALUES (1, 'a''b', '2026-01-01', 1.50), "
                 f"(2, 'zwölf', '2026-02-01', 2.25), (3, NULL, NULL, NULL);")
    if dialect == "postgresql":
        database.run(f"GRANT ALL ON {table} TO writer;")
    penstock = Penstock(tmp_path)
    penstock.env["PENSTOCK_SQL_ALLOW_PRIVATE"] = "1"
    if dialect == "sqlite":
        connection, password = {"uri": database.dsn}, None
    else:
        place = Place(dialect, tmp_path)
        connection, password = {"uri": place.uri, "connect_args": {"connect_timeout": 9},
                                "secret_connect_args": {"password": SECRET}}, place.password
        penstock.env["PENSTOCK_SECRET_SHOP_DB_PASSWORD"] = password
    (tmp_path / "q.sql").write_text(
        f"SELECT id, word, price FROM {table} WHERE (word LIKE '%{{{{ part }}}}%' OR word IS {{{{ nothing }}}})\n"
        f"  AND id IN ({{{{ ids }}}}) AND (since < {{{{ before }}}} OR since IS NULL)\n"
        f"ORDER BY {{{{ by }}}} {{{{ direction }}}} LIMIT {{{{ most }}}} -- \"quoted\", \\\\ and \ttab, {{{{ note }}}}\n")
    reads = {"name": "reads", "description": "a \"read\"", "connection": connection, "query_file": "q.sql",
             "inputs": {"part": {"type": "str", "default": ""}, "nothing": {"type": "none", "default": None},
                        "ids": {"type": "list[int]", "default": [1, 2, 3]},
                        "before": {"type": "date", "default": "2027-01-01"},
                        "by": {"type": "identifier", "default": "id"},
                        "direction": {"choice": ["ASC", "DESC"], "default": "DESC"},
                        "most": {"type": "int", "default": 5, "description": "rows"},
                        "note": {"type": "bytes", "default": "hex:00ff"}},
             "output": {"id": {"type": "int16", "nullable": False}, "word": "str"}, "extra_columns": "drop",
             "limits": {"rows": 1000, "seconds": 60}, "types": {"on_lossy": "text"}, "statement_timeout_seconds": 20}
    writes = {"name": "writes", "connection": connection, "access": "read_write",
              "inputs": {"by": "float", "when": {"type": "datetime", "default": "2026-06-01T00:00:00"}},
              "query": f"UPDATE {table} SET price = price + {{{{ by }}}} WHERE since < {{{{ when }}}};\n"
                       f"SELECT id, price FROM {table} ORDER BY id"}
    for task, given in ((reads, []), (reads, ["-i", "ids=[2, 3]", "-i", "part=ö", "-i", "by=word"]),
                        (writes, ["-i", "by=0.5"])):
        (tmp_path / "t.yaml").write_text(json.dumps(task))
        described = penstock("run", "t.yaml", "--describe", "--json")
        assert described.code == 0, described
        assert password is None or password not in described.out
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        (tmp_path / "elsewhere" / "t.json").write_text(described.out)
        assert penstock("run", "elsewhere/t.json", "--describe", "--json").out == described.out
        results = []
        for file in ("t.yaml", "elsewhere/t.json"):
            result = penstock("run", file, "--format", "jsonl", "--report", "r.json", *given)
            assert result.code == 0, result
            report = json.loads((tmp_path / "r.json").read_text())
            facts = {key: report[key] for key in ("task", "query_hash", "rows", "access", "statements", "dialect")}
            results.append(([json.loads(line) for line in result.out.splitlines()], facts))
        if task is writes:  # which has added twice
            for row in results[0][0][:2]:
                row["price"] = str(round(float(row["price"]) + 0.5, 2))
            for row in results[1][0][:2]:
                row["price"] = str(round(float(row["price"]), 2))
        assert results[0] == results[1]
        assert results[0][1]["rows"] == (2 if given and task is reads else 3)
    database.run(f"DROP TABLE {table};")
    if dialect != "sqlite":
        spoken = {**reads, "connection": {"uri": place.whole}}
        (tmp_path / "t.yaml").write_text(json.dumps(spoken))
        refused = penstock("run", "t.yaml", "--describe", "--json")
        assert (refused.code, refused.error["code"], refused.out) == (2, "task_password", "")
        assert "secret_connect_args" in refused.error["hint"] and password not in refused.err


# FT-010
def test_a_password_in_the_uri_runs_with_a_warning(place):
    result = place.run({"uri": place.whole})
    assert result.code == 0, result
    assert [event["event"] for event in result.events if event["level"] == "warning"][0] == "task_warning"
    assert "secret_connect_args" in result.err
