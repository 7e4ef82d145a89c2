"""TPC-H lineitem at scale 0.005 in PostgreSQL, MariaDB and MySQL: what we write is what each server's own client prints,
and the three say the same of the same numbers."""

import decimal
import subprocess
import sys

import pytest

from conftest import ROOT, Penstock
from csv_rows import rows_of
from on_mysql import Server
from on_postgres import Database, connected, variable

sys.path.insert(0, str(ROOT / "tools" / "bench"))
import lineitem  # noqa: E402

SELECT = "SELECT * FROM lineitem ORDER BY l_orderkey, l_linenumber"
NAMES = [name for name, _, _ in lineitem.COLUMNS]
TABLE = ", ".join(f"{name} {kind} NOT NULL" for name, kind, _ in lineitem.COLUMNS)


class Postgres:
    def __init__(self):
        self.admin = Database(variable("PENSTOCK_TEST_POSTGRES_ADMIN_DSN"))
        self.dsn = variable("PENSTOCK_TEST_POSTGRES_DSN")

    def load(self, path):
        self.admin.run(f"DROP TABLE IF EXISTS lineitem; CREATE TABLE lineitem ({TABLE})")
        self.admin.psql("-c", f"\\copy lineitem FROM '{path}' (FORMAT csv, HEADER)")

    def drop(self):
        self.admin.run("DROP TABLE lineitem")

    def printed(self):
        out = self.admin.psql("-c", f"\\copy ({SELECT}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)").decode()
        return rows_of(out, len(NAMES))


class Mysql:
    def __init__(self, name):
        self.server = Server(name)
        self.dsn = self.server.dsn

    def load(self, path):
        self.server.run(f"DROP TABLE IF EXISTS lineitem; CREATE TABLE lineitem ({TABLE})")
        done = self.server.client("--local-infile=1", input=(
            f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE lineitem FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' "
            "IGNORE 1 LINES").encode())
        assert done.returncode == 0, done.stderr

    def drop(self):
        self.server.run("DROP TABLE lineitem")

    def printed(self):
        return self.server.run(SELECT)


SERVERS = {"postgresql": Postgres, "mariadb": lambda: Mysql("mariadb"), "mysql": lambda: Mysql("mysql")}


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    path = tmp_path_factory.mktemp("lineitem") / "lineitem.csv"
    with path.open("wb") as file:
        subprocess.run([ROOT / ".venv" / "bin" / "tpchgen-cli", "csv", "-s", "0.005", "-q", "-T", "lineitem", "--stdout"],
                       stdout=file, check=True)
    return path


@pytest.fixture
def loaded(generated):
    made = []

    def load(name):
        server = SERVERS[name]()
        made.append(server)
        server.load(generated)
        return server

    yield load
    for server in made:
        server.drop()


def test_every_value_is_what_the_servers_own_client_prints(loaded, generated, tmp_path):
    seen = {}
    # It is made in the order of its keys, its numbers in their shortest form.
    made = [[f"{decimal.Decimal(value):.2f}" if kind.startswith("DECIMAL") else value
             for value, (_, kind, _) in zip(row, lineitem.COLUMNS)]
            for row in rows_of(generated.read_text().partition("\n")[2], len(NAMES))]
    assert len(made) > 30_000
    for name in SERVERS:
        server = loaded(name)
        penstock = connected(Penstock(tmp_path), server.dsn)
        result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", SELECT, "-o", "-", "--format", "csv")
        assert result.code == 0, result
        ours = rows_of(result.out.partition("\n")[2], len(NAMES))
        theirs = server.printed()
        assert len(ours) == len(theirs) == len(made)
        differing = [(name, mine, other) for mine, other in zip(ours, theirs) if mine != other]
        assert differing[:3] == []
        # CHAR(n) is padded by PostgreSQL alone.
        seen[name] = [[value.rstrip(" ") if kind.startswith("CHAR") else value
                       for value, (_, kind, _) in zip(row, lineitem.COLUMNS)] for row in ours]
    assert made == seen["postgresql"] == seen["mariadb"] == seen["mysql"]
