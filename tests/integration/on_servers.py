"""A test on each of the four databases: the fixture `on` gives the program and the database's name."""

import sqlite3

import pytest

from conftest import Penstock
from on_postgres import connected, variable

DATABASES = ("sqlite", "postgresql", "mariadb", "mysql")
OLD = b"the old file"


@pytest.fixture(params=DATABASES)
def on(request, tmp_path):
    """The program, with an account that may only read in PENSTOCK_SHOP_DSN; x.csv is there already."""
    penstock = Penstock(tmp_path)
    if request.param == "sqlite":
        sqlite3.connect(tmp_path / "x.db").execute("CREATE TABLE t (n)").connection.close()
        penstock.env["PENSTOCK_SHOP_DSN"] = f"sqlite:///{tmp_path}/x.db"
    else:
        name = "POSTGRES" if request.param == "postgresql" else request.param.upper()
        connected(penstock, variable(f"PENSTOCK_TEST_{name}_DSN"))
    (tmp_path / "x.csv").write_bytes(OLD)
    return penstock, request.param
