"""PostGIS, whose types are no part of the server: text as the server prints them, whatever the mix (types.md)."""

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from on_postgres import Database, admin, arrow, connected, query, variable  # noqa: F401

POINT = "ST_SetSRID(ST_MakePoint(1, 2), {srid})"
ROWS = [POINT.format(srid=4326), POINT.format(srid=3857), "ST_MakePoint(1, 2, 3)", "NULL", "'POLYGON EMPTY'"]


@pytest.fixture(scope="module")
def gis(admin):  # noqa: F811
    admin.run("CREATE DATABASE gis")
    database = Database(variable("PENSTOCK_TEST_POSTGRES_ADMIN_DSN"))
    database.name = "gis"
    values = ", ".join(f"({number}, {value}::geometry)" for number, value in enumerate(ROWS))
    database.run(f"""
        CREATE EXTENSION postgis;
        CREATE TABLE places (id int, shape geometry, spot geography(Point, 4326), box box2d);
        INSERT INTO places SELECT id, shape, 'POINT(1 2)', 'BOX(1 2,3 4)' FROM (VALUES {values}) AS v(id, shape);
        GRANT SELECT ON places TO PUBLIC;""")
    yield database
    admin.run("DROP DATABASE gis")


@pytest.fixture
def reader(gis, penstock):
    dsn = re.sub(r"/[^/]*$", "/gis", variable("PENSTOCK_TEST_POSTGRES_DSN"))
    return connected(penstock, dsn)


def test_shapes_of_mixed_reference_systems_are_the_servers_text(gis, reader):
    table = arrow(reader, "SELECT * FROM places ORDER BY id")
    for name, pg_type in [("shape", b"geometry"), ("spot", b"geography"), ("box", b"box2d")]:
        field = table.schema.field(name)
        assert field.type == pa.string()
        assert field.metadata[b"pg_type"].split(b"(")[0] == pg_type
    expected = [value or None for _, value in gis.rows("SELECT id, shape::text FROM places ORDER BY id")]
    assert table["shape"].to_pylist() == expected
    assert len(set(expected)) == len(ROWS)
    assert table["spot"].to_pylist() == [gis.value("SELECT spot::text FROM places LIMIT 1")] * len(ROWS)
    assert table["box"].to_pylist() == ["BOX(1 2,3 4)"] * len(ROWS)


def test_shapes_are_written_in_every_format(reader):
    for name in ("x.parquet", "x.csv", "x.jsonl", "x.arrow"):
        assert query(reader, "SELECT * FROM places", "-o", name).code == 0
    assert pq.read_table(reader.cwd / "x.parquet").schema.field("shape").type == pa.string()
