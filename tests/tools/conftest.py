"""The checks are tried on copies of the project in which something was planted."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Copy:
    """A copy of the project's files that a test may spoil."""

    def __init__(self, root):
        self.root = root

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def replace(self, name, old, new):
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def append(self, name, line):
        """Appends a line and gives its number."""
        path = self.root / name
        text = path.read_text()
        path.write_text(text + line + "\n")
        return text.count("\n") + 1

    def check(self, tool, *arguments):
        """Runs tools/check/`tool` on the copy; its exit code and its lines."""
        result = subprocess.run(
            [sys.executable, ROOT / "tools/check" / tool, *arguments, self.root],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
        )
        assert result.stderr == ""
        return result.returncode, result.stdout.splitlines()


@pytest.fixture
def copy(tmp_path):
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    subprocess.run(["git", "init", "-q", tmp_path], check=True, capture_output=True)
    return Copy(tmp_path)


@pytest.fixture
def empty(tmp_path):
    """A project with nothing in it."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True, capture_output=True)
    return Copy(tmp_path)
