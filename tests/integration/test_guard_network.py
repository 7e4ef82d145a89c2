"""Where the program connects, seen by whoever listens: in a network namespace in which public addresses are this machine's."""

import pytest

from on_postgres import variable
from own_network import PUBLIC, inside as run_inside


def inside(penstock, program, scenario, **given):
    return run_inside(scenario, program=program, cwd=str(penstock.cwd), env=penstock.env, **given)


def login(name):
    """user:password of a DSN that the servers' launcher gives."""
    return variable(name).partition("://")[2].partition("@")[0]


# ---- a public address is dialled ----


# RS-016
def test_a_postgres_at_a_public_address_is_read_without_opting_in(penstock, program):
    port = int(variable("PENSTOCK_TEST_POSTGRES_DSN").rpartition(":")[2].partition("/")[0])
    reader = login("PENSTOCK_TEST_POSTGRES_DSN")
    sql = "SELECT count(*) AS n FROM generate_series(1, 1000)"
    found = inside(penstock, program, "reads_a_server_at_a_public_address", port=port, sql=sql,
                   socket=f"{variable('PENSTOCK_TEST_POSTGRES_FOLDER')}/.s.PGSQL.{port}",
                   dsns=[(f"postgresql://{reader}@{PUBLIC}:{port}/penstock?sslmode=disable", "a.csv"),
                         (f"postgresql://{reader}@[2606:4700:4700::1111]:{port}/penstock?sslmode=disable", "b.csv"),
                         (f"postgresql://{reader}@name.invalid:{port}/penstock?hostaddr={PUBLIC}&host={PUBLIC}"
                          "&sslmode=disable", "c.csv")])
    # The name that does not resolve is a route, too: it is refused though it would not be dialled.
    assert [one["code"] for one in found["results"]] == [0, 0, 3], found
    assert found["dialled"] == {PUBLIC: 1, "2606:4700:4700::1111": 1}
    for name in ("a.csv", "b.csv"):
        assert (penstock.cwd / name).read_text() == '"n"\n1000\n'


# RS-016
@pytest.mark.parametrize("server", ["MARIADB", "MYSQL"])
def test_a_mysql_at_a_public_address_is_read_without_opting_in(penstock, program, server):
    reader = login(f"PENSTOCK_TEST_{server}_DSN")
    found = inside(penstock, program, "reads_a_server_at_a_public_address", port=3306,
                   socket=variable(f"PENSTOCK_TEST_{server}_SOCKET"),
                   dsns=[(f"mysql://{reader}@{PUBLIC}/penstock?ssl_mode=DISABLED", "a.csv")])
    assert [one["code"] for one in found["results"]] == [0], found
    assert found["dialled"] == {PUBLIC: 1}
    assert (penstock.cwd / "a.csv").read_text() == '"one"\n1\n'


# ---- a private one is not ----

# Each is this machine's in the namespace, and something listens there.
PRIVATE = ["127.0.0.1", "10.1.2.3", "192.168.7.7", "169.254.169.254", "100.64.0.9", "168.63.129.16", "0.0.0.0", "0x7f.1",
           "0177.0.0.1", "2130706433", "127.1", "１２７.０.０.１", "127.0.0.1.", "[::1]", "[::]", "[::ffff:127.0.0.1]",
           "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "localhost"]
FORMS = [
    "postgresql://u:p@{public}/d?host={private}", "postgresql://u:p@{public}/d?hostaddr={private}",
    "postgresql://u:p@{private}/d?host={public}", "postgresql://u:p@{private}/d?hostaddr={public}",
    "postgresql:///d?host={private}&user=u", "postgresql:///d?hostaddr={private}&user=u",
    "postgresql://u:p@{public},{private}/d", "postgresql://u:p@{public}/d?host={public},{private}",
    "postgresql://u:p@{public}/d?hostaddr={public},{private}", "postgresql://u:p@{public}:5432,{private}:5432/d",
    "postgresql://u:p@{public}/d?host={public}&host={private}",
    "postgresql://u:p@{public}/d?conninfo=hostaddr%3D{private}", "postgresql://u:p@{public}/d?dsn=host%3D{private}",
    "postgresql://u:p@{public}/hostaddr%3D{private}%20dbname%3Dd?sslmode=prefer&host={private}",
    "postgresql://u:p@{public}@{private}/d", "postgresql://u:p@{private}%2f@{public}@{private}/d",
    "postgresql://u:p@{public}#@{private}/d", "postgresql://u:p@{public}\\@{private}/d",
    "postgresql:///d?user=u", "postgresql://u:p@/d", "postgresql://u:p@{public}/d?service=shop",
    "postgresql://u:p@{public}/d?host=/tmp", "postgresql://u:p@%2Ftmp/d", "postgresql://u:p@@abstract/d",
    "mysql://u:p@{public}/d?host={private}", "mysql://u:p@{private}/d?host={public}", "mysql://u:p@{public},{private}/d",
    "mysql:///d?user=u", "mysql://u:p@{public}/d?unix_socket=/tmp/mysql.sock",
    "mysql://u:p@{public}/d?read_default_file=/tmp/my.cnf", "mysql://u:p@{public}/d?host={public}&host={private}",
]


# RS-016 RS-017
def test_no_form_of_a_private_address_is_dialled_without_opting_in(penstock, program):
    (penstock.cwd / ".pg_service.conf").write_text("[shop]\nhost=10.1.2.3\n")
    dsns = [f"{dialect}://u:p@{host}/d" for host in PRIVATE for dialect in ("postgresql", "mysql")]
    dsns += [form.format(public=PUBLIC, private="10.1.2.3") for form in FORMS]
    found = inside(penstock, program, "refuses", dsns=dsns)
    assert found["dialled"] == [{}, {}]
    for dsn, result in zip(dsns, found["results"], strict=True):
        assert result["code"] == 3, (dsn, result)
        assert result["last"]["error_type"] == "DataSourceError", (dsn, result)


# RS-016
def test_a_name_that_resolves_to_a_private_address_is_not_dialled(penstock, program):
    dsns = ["postgresql://u:p@db.example/d", "mysql://u:p@sql.example/d"]
    found = inside(penstock, program, "resolves_to_private", dsns=dsns, address="10.1.2.3")
    assert found["dialled"] == [{}, {}]
    assert found["asked"] == {"db.example": 1, "sql.example": 1}
    assert found["results"][0]["last"]["message"].startswith("refusing to connect to private/loopback host 'db.example'")
