"""`pip install .` in a clean clone, with build isolation: what the build needs comes by pyproject.toml alone."""

import os
import re
import shutil
import subprocess
import sys
import tomllib

from conftest import DSN, ROOT

import penstock


def clone(folder):
    """The files that a clone of this work tree would have."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=3000, **options)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout


def test_pip_installs_a_clean_clone(tmp_path, shop):
    here = clone(tmp_path / "penstock")
    environment = tmp_path / "venv"
    run(sys.executable, "-m", "venv", environment)
    # By the compiler's name and the paths below the clone ccache knows an object again.
    run(environment / "bin/python", "-m", "pip", "install", here,
        env={**os.environ, "CXX": "c++", "CCACHE_BASEDIR": str(here), "CCACHE_NOHASHDIR": "1"})
    listed = run(environment / "bin/python", "-m", "pip", "list", "--format=freeze")
    assert {line.partition("==")[0] for line in listed.split()} <= {"penstock", "pip", "setuptools"}
    shutil.rmtree(here)  # what is installed needs nothing of it
    clean = {"PATH": f"{environment}/bin:/usr/bin:/bin", DSN: os.environ[DSN]}
    assert run("penstock", "--version", env=clean, cwd=tmp_path) == f"penstock {penstock.__version__}\n"
    assert run("python", "-c", f"""
import penstock
print(sum(len(batch) for batch in penstock.read("SELECT * FROM orders", dsn_env="{DSN}").batches()))
""", env=clean, cwd=tmp_path) == "587\n"


def test_the_build_is_pinned_as_the_projects_own_is():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pinned = {}
    for name in ("requirements.txt", "requirements-wheel.txt"):
        for line in (ROOT / "tools" / name).read_text().splitlines():
            if line and not line.startswith("#"):
                package, version = line.split("==")
                pinned[package.lower().replace("_", "-")] = version
    required = dict(re.fullmatch(r"([\w-]+)==([\w.]+)", one).groups() for one in project["build-system"]["requires"])
    assert required.keys() >= {"pyarrow", "nanobind", "scikit-build-core"}
    assert {name: pinned.get(name) for name in required} == required
