"""What a user binds is in no message, whatever a server says of it."""

import pytest

from test_tasks import TABLE, shop  # noqa: F401

MARK = "m4rk"
VALUES = [MARK, "m4", f'{MARK}"x', f"{MARK}'x", f"x {MARK} " * 60, f"{MARK}\t\\é"]

# Reads that the server refuses once it has the value, and what it then says.
READS = {
    "postgresql": [("SELECT since = :p AS c FROM {table}", 'invalid input syntax for type date: "***'),
                   ("SELECT (:p || '')::integer AS c", 'invalid input syntax for type integer: "***'),
                   ("SELECT to_timestamp(:p, 'YYYY') AS c", 'invalid value "')],
    "mariadb": [("SELECT 'a' REGEXP CONCAT('(', :p) AS c", "Regex error"),
                ("SELECT EXTRACTVALUE('<a/>', CONCAT('/', :p, '(')) AS c", "XPATH")],
    "mysql": [("SELECT UUID_TO_BIN(:p) AS c", "Incorrect string value: '***"),
              ("SELECT JSON_EXTRACT('{{}}', CONCAT('$', :p)) AS c", "Invalid JSON path expression.")],
    "sqlite": [("SELECT json_extract('{{}}', :p) AS c", "the query failed: JSON path error near"),
               ("SELECT json(:p) AS c", "the query failed: malformed JSON")],
}
# Changes: a value that is no number, and one that is there already.
NO_NUMBER = {"postgresql": "invalid input syntax for type integer", "mariadb": "Incorrect integer value: '***",
             "mysql": "Incorrect integer value: '***"}
TWICE = {"postgresql": "duplicate key value violates unique constraint", "mariadb": "Duplicate entry '***",
         "mysql": "Duplicate entry '***", "sqlite": "UNIQUE constraint failed"}


def check(result, message):
    assert result.code in (2, 3), result
    assert "m4" not in result.err.replace(result.error["timestamp"], ""), result
    assert message in result.error["message"], result


# RS-008 RS-026
@pytest.mark.parametrize("value", VALUES)
def test_no_error_of_a_read_has_a_value_that_was_bound(shop, value):  # noqa: F811
    for sql, message in READS[shop.dialect]:
        sql = sql.format(table=TABLE)
        if "to_timestamp" in sql and value.startswith("x"):
            continue  # it names what it was to read, which is "x"
        result = shop.penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-p", f"p:str={value}", "-o", "x.csv")
        check(result, message)


# FT-011
@pytest.mark.parametrize("value", VALUES)
def test_no_error_of_a_change_has_a_value_that_was_bound(shop, value):  # noqa: F811
    insert = f"INSERT INTO {TABLE} (sku, pieces) VALUES ({{{{ .inputs.sku }}}}, {{{{ .inputs.pieces }}}})"
    value = value[:40]
    if shop.dialect in NO_NUMBER:
        check(shop.run(insert, "-i", "sku=P-9", "-i", f"pieces={value}", head="inputs: {sku: str, pieces: str}",
                       access="read_write"), NO_NUMBER[shop.dialect])
    for message in ("", TWICE[shop.dialect]):
        result = shop.run(insert, "-i", f"sku={value}", "-i", "pieces=1", head="inputs: {sku: str, pieces: int}",
                          access="read_write")
        assert message or result.code == 0, result
        if message:
            check(result, message)
