"""What the guide shows is what happens, in an environment as new as its reader's."""

import pathlib
import re
import shutil
import subprocess
import sys

from conftest import server_url, variable

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/integration"))

import console  # noqa: E402

FILE = re.compile(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SERVER = "postgresql://reader@127.0.0.1/shop"


# SQL-QUERY-001 RS-018
def test_every_command_of_the_guide_does_what_is_shown(tmp_path):
    text = (ROOT / "docs/guides/remote-store.md").read_text()
    assert SERVER in text
    wheels, shop = tmp_path / "wheels", tmp_path / "shop"
    wheels.mkdir()
    shop.mkdir()
    for wheel in [variable("PENSTOCK_TEST_WHEEL"), *pathlib.Path(variable("PENSTOCK_TEST_REMOTE_STORE")).glob("*.whl")]:
        shutil.copy(wheel, wheels)
    for name, content in FILE.findall(text):
        (shop / name).write_text(content)
    # The guide's server is the one that the tests have.
    guide = tmp_path / "guide.md"
    guide.write_text(text.replace(SERVER, server_url("postgres")))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    env = {"PATH": f"{tmp_path}/venv/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(tmp_path), "NO_COLOR": "1",
           "COLUMNS": "200", "TERM": "xterm", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels),
           "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    assert console.check(guide, shop, env) == []
