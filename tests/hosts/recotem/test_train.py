"""A recipe is validated and trained by Recotem's own program, and what came of it is served and asked."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from conftest import BEYOND, ITEMS, PROGRAMS, USERS, purchases, run

# How each type of source is run: by the plug-in that Recotem finds, or in place of its own.
WAYS = {"penstock": ("recotem",), "sql": ("python", "-m", "penstock.recotem")}
SINCE = {"RECOTEM_RECIPE_SINCE": "2026-03-01"}


def ask(port, path, body=None, seconds=60):
    """The answer to a request, once the server is up."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", None if body is None else json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ConnectionError) as error:
            assert time.monotonic() < end, error
            time.sleep(0.2)


@pytest.fixture
def served(tmp_path):
    """Serves the recipes of tmp_path; gives the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {"PATH": f"{PROGRAMS}:/usr/bin:/bin", "RECOTEM_SIGNING_KEYS": "test:" + "ab" * 32, "RECOTEM_ENV": "test"}
    with open(tmp_path / "served.log", "w") as log:
        server = subprocess.Popen([PROGRAMS / "recotem", "serve", "--recipes", str(tmp_path), "--host", "127.0.0.1", "--port",
                                   str(port), "--insecure-no-auth"], env=env, stdout=log, stderr=log)
    yield port
    server.terminate()
    server.wait(30)


# RS-029 RS-023 RS-006 RS-028
@pytest.mark.parametrize("type", WAYS)
def test_a_recipe_is_validated_trained_and_served(type, recipe, opted_in, served):
    path = recipe(type)
    validated = run(*WAYS[type], "validate", path, env=opted_in | SINCE)
    assert validated.code == 0, validated
    assert f"DataSource: probe OK ({type}) [source]" in validated.out
    assert f"Schema columns: OK ({type}) [source]" in validated.out

    trained = run(*WAYS[type], "train", path, env=opted_in | SINCE)
    assert trained.code == 0, trained
    # Of March only, and without the purchases of nobody.
    bought = {(user, item) for user, item, day, _ in purchases() if user is not None and day >= "2026-03"}
    assert len(bought) > 150 and len({user for user, _ in bought}) == USERS - 1
    done = trained.event("sql_fetch_complete")
    assert done["recipe"] == "purchases" and done["rows"] == sum(day >= "2026-03" for _, _, day, _ in purchases())
    assert done["run_id"] == trained.event("data_cleansed")["run_id"]

    answer = ask(served, "/v1/recipes/purchases:recommend", {"user_id": str(BEYOND + 3), "limit": 4})
    items = [item["item_id"] for item in answer["items"]]
    # What this user has not bought: exact ids, beyond what floating point tells apart.
    left = {str(BEYOND + item) for item in range(ITEMS)} - {str(item) for user, item in bought if user == BEYOND + 3}
    assert items and set(items) <= left
    for user in {user for user, _ in bought}:
        assert ask(served, "/v1/recipes/purchases:recommend", {"user_id": str(user), "limit": 1})["items"], user
