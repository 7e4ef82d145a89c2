"""A table of stock on each database, and a program that may write to it: what the tests of tasks share."""

import datetime
import hashlib

import pyarrow.parquet as pq

from conftest import Penstock
from test_conformance import DIALECTS

STOCK = [("P-1", 5, "a'b", datetime.date(2026, 1, 1)), ("P-2", 7, None, datetime.date(2026, 2, 1)),
         ("P-3", 0, "50%", datetime.date(2026, 3, 1))]
TABLE = "penstock_task_stock"


class Shop:
    """A table of stock on one database, and a program that may write to it."""

    def __init__(self, dialect, folder):
        self.dialect = dialect
        self.database = DIALECTS[dialect](folder)
        self.folder = folder
        self.penstock = Penstock(folder)
        self.penstock.env.update({"PENSTOCK_SHOP_DSN": self.database.dsn, "PENSTOCK_SQL_ALLOW_PRIVATE": "1"})
        word = "varchar(40) CHARACTER SET utf8mb4" if dialect in ("mariadb", "mysql") else "varchar(40)"
        rows = ", ".join(f"('{sku}', {pieces}, {self.literal(note)}, '{day}')" for sku, pieces, note, day in STOCK)
        self.database.run(f"DROP TABLE IF EXISTS {TABLE}; DROP TABLE IF EXISTS {TABLE}_new;"
                          f"CREATE TABLE {TABLE} (sku {word} PRIMARY KEY, pieces integer NOT NULL, "
                          f"note {word}, since date);"
                          f"INSERT INTO {TABLE} VALUES {rows};")
        if dialect == "postgresql":
            self.database.run(f"GRANT ALL ON {TABLE} TO writer;")

    @staticmethod
    def literal(text):
        return "NULL" if text is None else "'" + text.replace("'", "''") + "'"

    def task(self, query, head="", name="t.yaml", access="read_only"):
        indented = "\n".join("  " + line for line in query.splitlines())
        (self.folder / name).write_text(
            f"name: t\nconnection: {{dsn_env: PENSTOCK_SHOP_DSN}}\naccess: {access}\nquery: |\n{indented}\n{head}")
        return name

    def run(self, query, *arguments, head="", access="read_only"):
        return self.penstock("run", self.task(query, head, access=access), *arguments)

    def rows(self, query, *arguments, head=""):
        result = self.run(query, "-o", "out.parquet", *arguments, head=head)
        assert result.code == 0, result
        return pq.read_table(self.folder / "out.parquet").to_pylist()

    def hash(self):
        """Of every row of the table, in order, read by a plain query."""
        self.penstock.env["PENSTOCK_SHOP_DSN"] = self.database.dsn
        result = self.penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "--format", "csv", "-o", "-",
                               f"SELECT * FROM {TABLE} ORDER BY sku")
        assert result.code == 0, result
        assert result.bytes.count(b"\n") > 1
        return hashlib.sha256(result.bytes).hexdigest()

    def pieces(self):
        return {row["sku"]: row["pieces"] for row in self.rows(f"SELECT sku, pieces FROM {TABLE}")}


def stocked(dialect, folder):
    """A fixture's body."""
    shop = Shop(dialect, folder)
    yield shop
    shop.database.run(f"DROP TABLE IF EXISTS {TABLE}; DROP TABLE IF EXISTS {TABLE}_new;")


HOSTILE_VALUES = [
    "'", "''", '"', "`", "\\", "\\'", "'; DROP TABLE {t}; --", "' OR 1=1 --", "' UNION SELECT * FROM {t} --",
    "1; DELETE FROM {t}", "{{ .inputs.x }}", "{% x %}", "$1", "$$", "?", ":x", "%s", "/*", "*/", "--", "#",
    "/*!50000 DELETE FROM {t} */", "\u2019", "\u02bc", "ʼ OR 1=1", "\xa0", "' AND SLEEP(0) --", "NULL", "P-1' --",
    "x'; UPDATE {t} SET pieces = 0 WHERE 'a'='a", "\n;\nDELETE FROM {t}\n", "a" * 5000 + "'",
]
