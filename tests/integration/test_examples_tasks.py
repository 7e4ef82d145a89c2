"""examples/tasks: what its README shows is what happens."""

import shutil

import pytest

import console
from conftest import PROGRAM, ROOT

EXAMPLE = ROOT / "examples" / "tasks"


@pytest.fixture
def reader(tmp_path):
    """The example's folder, `penstock` on the PATH: the environment of a reader."""
    for path in EXAMPLE.iterdir():
        if path.suffix in (".sql", ".yaml"):
            shutil.copy(path, tmp_path)
    tools = tmp_path / ".tools"
    tools.mkdir()
    (tools / "penstock").symlink_to(PROGRAM)
    return tmp_path, {"PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm",
                      "NO_COLOR": "1", "COLUMNS": "120", "HOME": str(tmp_path)}


# FT-001, FT-003, FT-005, FT-006
def test_every_command_does_what_is_shown(reader):
    assert console.check(EXAMPLE / "README.md", *reader) == []
