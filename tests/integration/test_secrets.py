"""The DSN does not leave the process, and what it holds of it is hidden."""

import pathlib

import pytest

from conftest import ENDLESS, wait_until


# RS-026
def test_the_environment_block_of_the_process_shows_no_dsn(penstock, shop, recipe):
    path = recipe(ENDLESS, dsn_env="RECOTEM_RECIPE_DB_DSN")
    env = {"RECOTEM_RECIPE_DB_DSN": penstock.env["PENSTOCK_SHOP_DSN"], "PENSTOCK_PARAM_X": "m4rk", "OTHER": "kept"}
    process = penstock.start("fetch", path, "-o", "x.csv", env=env)
    try:
        wait_until(lambda: (penstock.cwd / "x.csv.lock").exists())
        block = pathlib.Path(f"/proc/{process.pid}/environ").read_bytes()
    finally:
        process.kill()
        process.communicate()
    assert b"OTHER=kept" in block
    assert b"RECOTEM_RECIPE_DB_DSN=\0" in block
    assert b"sqlite:" not in block
    assert b"m4rk" not in block


# RS-026
def test_a_core_dump_is_not_possible(penstock, shop, recipe):
    process = penstock.start("fetch", recipe(ENDLESS), "-o", "x.csv")
    try:
        wait_until(lambda: (penstock.cwd / "x.csv.lock").exists())
        limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
    finally:
        process.kill()
        process.communicate()
    (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"]


# RS-026
@pytest.mark.parametrize("dsn", [
    # Hosts are this machine's, which the guard refuses: no test asks a name server.
    "postgresql://ada:s3cret@127.0.0.1/shop",
    "POSTGRESQL://ada:s3cret@127.0.0.1:notaport/shop",
    "mysql://ada:s3%40cret@127.0.0.1/shop?password=s3cret",
    "oracle://ada:s3cret@127.0.0.1/shop",
    "s3cret",
    "sqlite:///s3cret",
    "sqlite://ada:s3cret@127.0.0.1/shop.db",
    "sqlite:///shop.db?password=s3cret",
    "://ada:s3cret@127.0.0.1",
    "host=127.0.0.1 password=s3cret",
])
@pytest.mark.parametrize("command", ["fetch", "validate", "plan"])
def test_no_dsn_is_repeated_whatever_is_wrong_with_it(penstock, recipe, dsn, command):
    path = recipe("SELECT 1 AS a")
    result = penstock(command, path, env={"PENSTOCK_SHOP_DSN": dsn})
    assert result.code == 3
    if dsn != "sqlite:///s3cret":  # a file's name is no secret, and the user needs it
        assert "s3cret" not in result.out + result.err
        assert "ada" not in result.out + result.err


# RS-026
def test_parameter_values_are_in_no_message(penstock, shop, recipe):
    path = recipe("SELECT abs(:x) AS a, nope FROM orders", source='query_parameters: {x: "v4lue"}')
    for command in ("fetch", "plan", "validate"):
        result = penstock(command, path, "-v") if command != "fetch" else penstock(command, path, "-v", "-o", "x.csv")
        assert "v4lue" not in result.out + result.err
