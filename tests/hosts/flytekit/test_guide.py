"""docs/guides/flyte.md is what happens: its files are written, its commands run."""

import importlib.metadata
import sys

from conftest import PROGRAMS, ROOT, run
from test_pod import STAND_IN

sys.path.append(str(ROOT / "tests" / "python"))
import guide  # noqa: E402

PAGE = ROOT / "docs" / "guides" / "flyte.md"


# FT-012
def test_every_command_does_what_is_shown(tmp_path):
    # pip finds what the guide installs, and asks nobody.
    env = {"PATH": f"{PROGRAMS}:/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "200",
           "HOME": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "FLYTE_SDK_LOGGING_LEVEL": "40"}
    assert guide.check(PAGE, tmp_path, env) == []


# FT-014
def test_the_dockerfile_is_of_what_is_tested():
    files = {mark.removeprefix("file: "): text for _, _, mark, text in guide.blocks_of(PAGE.read_text()) if mark}
    assert files["flytekitplugins/sqlalchemy/__init__.py"].endswith(STAND_IN)
    lines = files["Dockerfile"].splitlines()
    wheel = f"penstock-{importlib.metadata.version('penstock')}-cp312-abi3-linux_x86_64.whl"
    assert f"COPY {wheel} /tmp/" in lines and lines[1] == "FROM python:3.12-slim-bookworm"
    # What it installs, of these versions, is what is installed here.
    [install] = [line.removeprefix("RUN ") for line in lines if line.startswith("RUN ")]
    assert f"flytekit=={importlib.metadata.version('flytekit')} " in install
    ran = run("bash", "-c", install.replace(f"/tmp/{wheel}", "penstock"), env={"PIP_NO_INDEX": "1"})
    assert ran.code == 0, ran
