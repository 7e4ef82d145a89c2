"""Builds the Python package's wheel for one Python, only when something that goes into it has changed.

usage: wheel.py [PYTHON]

PYTHON is any interpreter from 3.11 on; default this one. Prints the wheel's path. Arrow is that of .venv, so that the
objects are those of the program's own build (ccache).
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("CMakeLists.txt", "README.md", "pyproject.toml", "cmake", "include", "src", "apps", "python",
           "tools/requirements.txt", "tools/requirements-wheel.txt")


def sources_hash():
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard", "--", *SOURCES], cwd=ROOT, check=True,
                            capture_output=True).stdout.decode().split("\0")
    digest = hashlib.sha256()
    for name in sorted(filter(None, listed)):
        path = ROOT / name
        if path.is_file():
            digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def run(*command, **options):
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        sys.exit(f"wheel.py: {' '.join(map(str, command[:6]))} ... failed")
    return done.stdout


def build_environment(python, tag):
    """A virtual environment of `python` with what the build asks for."""
    folder = ROOT / ".cache" / "wheel" / f"env-{tag}"
    wanted = (ROOT / "tools/requirements-wheel.txt").read_text()
    stamp = folder / ".installed"
    if not (stamp.is_file() and stamp.read_text() == wanted):
        run(python, "-m", "venv", "--clear", folder)
        run(folder / "bin/python", "-m", "pip", "install", "-q", "-r", "tools/requirements-wheel.txt")
        stamp.write_text(wanted)
    return folder


def main():
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    version = run(python, "-c", "import sys; print(*sys.version_info[:2])").split()
    # From 3.12 on one wheel serves all (the stable ABI).
    tag = "abi3" if (int(version[0]), int(version[1])) >= (3, 12) else "cp" + "".join(version)
    out = ROOT / ".cache" / "wheel" / tag
    stamp, wanted = out / "sources", sources_hash()
    wheels = sorted(out.glob("*.whl"))
    if not (len(wheels) == 1 and stamp.is_file() and stamp.read_text() == wanted):
        environment = build_environment(python, tag)
        for old in wheels:
            old.unlink()
        run(environment / "bin/python", "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "-w", out,
            "-C", f"build-dir=build-wheel-{tag}",
            "-C", f"cmake.define.PENSTOCK_PYTHON={ROOT}/.venv/bin/python", ".",
            env={**os.environ, "PATH": f"{environment}/bin{os.pathsep}{os.environ['PATH']}",
                 "CXX": os.environ.get("CXX", "c++"), "CCACHE_BASEDIR": str(ROOT),
                 "CCACHE_NOHASHDIR": "1"})
        wheels = sorted(out.glob("*.whl"))
        stamp.write_text(wanted)
    print(wheels[0])


if __name__ == "__main__":
    main()
