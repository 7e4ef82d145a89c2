"""./dev itself: what it says where it can do nothing."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

VERBS = ["demo", "build", "test", "check", "ci", "bench", "fuzz", "faults", "shell"]


def dev(*arguments, path=None, **options):
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    return subprocess.run([ROOT / "dev", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=60, env=environment, **options)


def test_without_a_verb_it_lists_the_verbs(tmp_path):
    result = dev(cwd=tmp_path)
    assert result.returncode == 0
    assert re.findall(r"^  (\w+)  ", result.stdout, re.MULTILINE) == VERBS


def test_an_unknown_verb_is_refused_with_the_list():
    result = dev("deploy")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("dev: no verb deploy\n\nusage: ./dev VERB\n")


def test_contributing_quotes_every_verb():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert re.findall(r"^\| `\./dev (\w+)", text, re.MULTILINE) == VERBS


def test_without_root_it_names_what_is_missing_and_installs_nothing(tmp_path):
    # A package database that lacks one package, and an apt-get that must not be called.
    stand_ins = {
        "dpkg-query": 'for p; do case $p in -*|cmake) ;; *) echo "installed $p" ;; esac; done',
        "id": "echo 1000",
        "apt-get": f"touch {tmp_path}/called",
    }
    for name, script in stand_ins.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    result = dev("build", path=f"{tmp_path}:{os.environ['PATH']}")
    assert result.stderr == (
        "dev: these Debian packages are missing: cmake\n"
        "     install them, then run this again:\n"
        "       sudo apt-get install --no-install-recommends cmake\n"
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert not (tmp_path / "called").exists()
