"""A table of stock on each database, and a program that may write to it: what the tests of tasks share."""

import datetime
import hashlib
import sqlite3

import pyarrow.parquet as pq

from conftest import Penstock
from test_conformance import DIALECTS

STOCK = [("P-1", 5, "a'b", datetime.date(2026, 1, 1)), ("P-2", 7, None, datetime.date(2026, 2, 1)),
         ("P-3", 0, "50%", datetime.date(2026, 3, 1))]
TABLE = "penstock_task_stock"
OTHER = "penstock_task_other"
DROP = f"DROP TABLE IF EXISTS {TABLE}; DROP TABLE IF EXISTS {TABLE}_new; DROP TABLE IF EXISTS {OTHER};"
TABLES_BY = {"sqlite": "SELECT name FROM sqlite_master ORDER BY 1",
             "postgresql": "SELECT schemaname, tablename FROM pg_catalog.pg_tables ORDER BY 1, 2"}


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
        self.database.run(f"{DROP}CREATE TABLE {TABLE} (sku {word} PRIMARY KEY, pieces integer NOT NULL, "
                          f"note {word}, since date);"
                          f"INSERT INTO {TABLE} VALUES {rows};"
                          f"CREATE TABLE {OTHER} (sku {word} PRIMARY KEY, note {word});"
                          f"INSERT INTO {OTHER} VALUES ('P-1', 'kept'), ('O-1', NULL);")
        if dialect == "postgresql":
            self.database.run(f"GRANT ALL ON {TABLE}, {OTHER} TO writer;")

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
        """Of every row of both tables, and of the list of all tables, by a way in that is not ours."""
        tables = self.asked(TABLES_BY.get(self.dialect, "SELECT table_schema, table_name FROM information_schema.tables "
                                                        "ORDER BY 1, 2"))
        found = [self.asked(f"SELECT * FROM {table} ORDER BY sku") for table in (TABLE, OTHER)]
        assert TABLE in repr(tables) and all(found)
        return hashlib.sha256(repr((tables, found)).encode()).hexdigest()

    def asked(self, sql):
        """What the database's own client says."""
        if self.dialect == "postgresql":
            return self.database.database.rows(sql)
        if self.dialect != "sqlite":
            return self.database.run(sql + ";")
        with sqlite3.connect(self.database.path) as connection:
            found = connection.execute(sql).fetchall()
        connection.close()
        return found

    def pieces(self):
        return {row["sku"]: row["pieces"] for row in self.rows(f"SELECT sku, pieces FROM {TABLE}")}


def stocked(dialect, folder):
    """A fixture's body."""
    shop = Shop(dialect, folder)
    yield shop
    shop.database.run(DROP)


HOSTILE_VALUES = [
    "'", "''", '"', "`", "\\", "\\'", "'; DROP TABLE {t}; --", "' OR 1=1 --", "' UNION SELECT * FROM {t} --",
    "1; DELETE FROM {t}", "{{ .inputs.x }}", "{% x %}", "$1", "$$", "?", ":x", "%s", "/*", "*/", "--", "#",
    "/*!50000 DELETE FROM {t} */", "\u2019", "\u02bc", "ʼ OR 1=1", "\xa0", "' AND SLEEP(0) --", "NULL", "P-1' --",
    "x'; UPDATE {t} SET pieces = 0 WHERE 'a'='a", "\n;\nDELETE FROM {t}\n", "a" * 5000 + "'",
]
