"""tools/interpreters.py finds a Python that runs, wherever it is kept, and takes none that does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import interpreters

ROOT = Path(__file__).resolve().parents[2]

# The version of this very interpreter, so that a stand-in can be a whole one.
VERSION = "%d.%d" % sys.version_info[:2]
WHOLE = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
BROKEN = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"
WITHOUT_SSL = f'#!/bin/sh\nexec "{sys.executable}" -c "import no_such_ssl_module"\n'
KEPT = [("PYENV_ROOT", ".pyenv", "versions/{}"), ("UV_PYTHON_INSTALL_DIR", ".local/share/uv/python", "cpython-{}-linux-gnu"),
        ("ASDF_DATA_DIR", ".asdf", "installs/python/{}"), ("MISE_DATA_DIR", ".local/share/mise", "installs/python/{}")]


def put(folder, text, name=f"python{VERSION}"):
    folder.mkdir(parents=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return folder / name


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A machine on which no version manager has anything, with a broken shim first on the PATH."""
    put(tmp_path / "shims", BROKEN)
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable, _, _ in KEPT:
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize(("variable", "folder", "pattern"), KEPT)
def test_each_version_manager_is_asked(home, monkeypatch, variable, folder, pattern, moved):
    top = home / "elsewhere" if moved else home / folder
    if moved:
        monkeypatch.setenv(variable, str(top))
    put(top / pattern.format(VERSION + ".20") / "bin", BROKEN)
    put(top / pattern.format(VERSION + ".3") / "bin", WITHOUT_SSL)
    whole = put(top / pattern.format(VERSION + ".1") / "bin", WHOLE)
    put(top / pattern.format(VERSION + "9.1") / "bin", WHOLE)  # 3.119 is not 3.11
    assert interpreters.installed(VERSION) == whole


def test_the_newest_patch_is_taken(home):
    for patch in (2, 11, 9):
        put(home / ".pyenv/versions" / f"{VERSION}.{patch}" / "bin", WHOLE)
    assert interpreters.installed(VERSION) == home / ".pyenv/versions" / f"{VERSION}.11" / "bin" / f"python{VERSION}"


def test_what_says_another_version_is_not_taken(home):
    put(home / ".pyenv/versions/3.99.1/bin", WHOLE, "python3.99")
    assert interpreters.installed("3.99") is None


def test_a_newer_debian_has_what_no_manager_has(home, tmp_path):
    """3.12, which no Debian has, and 3.13 in its place: a whole one, whose environments have pip."""
    environment = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    found = subprocess.run([sys.executable, ROOT / "tools/interpreters.py", "3.12"], capture_output=True, text=True,
                           timeout=900, env=environment)
    assert found.returncode == 0, found.stderr
    assert found.stderr == "interpreters.py: there is no Python 3.12: 3.13 takes its place\n"
    python = Path(found.stdout.strip())
    assert python == ROOT / ".cache" / "python" / "3.13" / "root" / "usr" / "bin" / "python3.13"
    subprocess.run([python, "-m", "venv", tmp_path / "venv"], check=True, capture_output=True, timeout=300)
    said = subprocess.run([tmp_path / "venv/bin/python", "-c", """
import hashlib, pip, sqlite3, ssl, subprocess, sys, sysconfig
from pathlib import Path
assert sys.version_info[:2] == (3, 13)
assert Path(sysconfig.get_paths()["include"], "Python.h").is_file()
ssl.create_default_context()
sqlite3.connect(":memory:").execute("SELECT 1")
subprocess.run([sys.executable, "-c", "import multiprocessing.pool"], check=True)
subprocess.run(["/bin/true"], check=True)
print("whole")
"""], capture_output=True, text=True, timeout=300)
    assert said.stdout == "whole\n", said.stderr


def test_a_version_that_is_nowhere_is_named(home, monkeypatch):
    monkeypatch.setattr(interpreters, "unpacked", lambda version: None)
    with pytest.raises(RuntimeError, match="no Python 3.97 or newer was found, and Debian has none"):
        interpreters.find("3.97")
