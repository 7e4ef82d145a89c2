"""Python interpreters of the versions that the tests need, wherever they are.

usage: interpreters.py VERSION

VERSION is "3.12" for one. Prints the path of an interpreter that runs and can make virtual environments: from the PATH or
from where version managers keep theirs; else from a newer Debian, unpacked into .cache/python (tools/debian.py). Where no
Debian has that version any more it is the next one up, which is said on standard error.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import debian

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "python"
# Where each manager keeps its installations, by the variable that moves it.
MANAGERS = (
    ("PYENV_ROOT", ".pyenv", "versions/{version}*/bin"),
    ("UV_PYTHON_INSTALL_DIR", ".local/share/uv/python", "cpython-{version}*/bin"),
    ("ASDF_DATA_DIR", ".asdf", "installs/python/{version}*/bin"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/python/{version}*/bin"),
)
# In this order: the release that is kept up, then the development's.
RELEASES = ("trixie", "sid")
# In the folder of a version that Debian was asked for in vain: versions go, and do not come back.
NONE = "debian-has-none"
PROBE = "import ctypes, ensurepip, sqlite3, ssl, venv, sys; print('%d.%d' % sys.version_info[:2])"


def runs(python, version):
    """Whether `python` is a whole interpreter of that version: a shim of a version manager may be none at all."""
    try:
        done = subprocess.run([python, "-c", PROBE], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == version


def patch_number(folder, version):
    numbers = re.search(re.escape(version) + r"\.(\d+)", str(folder))
    return int(numbers.group(1)) if numbers else -1


def candidates(version):
    """All that might be one, the newest of each manager first."""
    name = f"python{version}"
    for folder in os.get_exec_path():
        yield Path(folder) / name
    for variable, home, pattern in MANAGERS:
        top = Path(os.environ.get(variable) or Path.home() / home)
        folders = [found for found in top.glob(pattern.format(version=version))
                   if re.search(re.escape(version) + r"(?!\d)", str(found.relative_to(top)))]
        for folder in sorted(folders, key=lambda found: patch_number(found, version), reverse=True):
            yield folder / name
    yield Path("/usr/local/bin") / name
    yield Path("/usr/bin") / name


def installed(version):
    """An interpreter that this machine has, or None."""
    return next((path for path in candidates(version) if path.is_file() and runs(path, version)), None)


def minor(version):
    return int(version.partition(".")[2])


def unpack(folder, release, version):
    """The interpreter `version` of a release of Debian; None if that has none. Some 35 MB to download, 125 MB on disk."""
    archive = debian.Archive(folder, release)
    if f"python{version}-venv" not in archive.names():
        return None
    archive.unpack(f"python{version}-venv", f"python{version}-dev", "patchelf")
    root = archive.root
    python = root / "usr" / "bin" / f"python{version}"
    # Started by its own path, as a virtual environment does, it must find the C library that it was built for. In two
    # steps: patchelf 0.18 makes a broken file of both at once.
    for change in (("--force-rpath", "--set-rpath", debian.libraries(root)), ("--set-interpreter", debian.loader(root))):
        debian.run(*debian.command(root, "bin/patchelf"), *change, python)
    # What Debian looks for in /usr: pip, for new environments, and the header of this machine's kind.
    share = f"{root}/usr/share/python-wheels"
    for file in (root / "usr" / "lib" / f"python{version}").glob("_sysconfigdata_*.py"):
        if not file.is_symlink():
            file.write_text(file.read_text().replace("/usr/share/python-wheels", share))
    include = root / "usr" / "include"
    shutil.copy(next(include.glob(f"*-linux-gnu/python{version}/pyconfig.h")), include / f"python{version}")
    return python


def unpacked(version):
    """The interpreter `version` of a newer Debian, or None."""
    folder = CACHE / version
    python = folder / "root" / "usr" / "bin" / f"python{version}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{version}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if runs(python, version):
            return python
        if (folder / NONE).exists():
            return None
        for release in RELEASES:
            if unpack(folder, release, version) and runs(python, version):
                return python
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / NONE).touch()
    return None


def find(version, *, newest=3):
    """The path of an interpreter of that version, or of one up to `newest` minor versions up. Raises RuntimeError."""
    for number in range(minor(version), minor(version) + newest + 1):
        wanted = f"3.{number}"
        python = installed(wanted) or unpacked(wanted)
        if python:
            if wanted != version:
                print(f"interpreters.py: there is no Python {version}: {wanted} takes its place", file=sys.stderr)
            return python
    raise RuntimeError(f"no Python {version} or newer was found, and Debian has none")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not re.fullmatch(r"3\.\d+", sys.argv[1]):
        sys.exit("usage: interpreters.py VERSION, for instance 3.12")
    print(find(sys.argv[1]))
