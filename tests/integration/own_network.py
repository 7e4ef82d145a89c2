"""Runs a scenario of private_network.py in a network of its own, from which nothing leaves."""

import json
import pathlib
import subprocess
import sys

from private_network import PUBLIC  # noqa: F401

SCRIPT = pathlib.Path(__file__).with_name("private_network.py")


def unshare():
    """The command that gives a network of our own, as root or, where that is allowed, without."""
    for command in (["unshare", "-n", "-m"], ["unshare", "-r", "-n", "-m"]):
        if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    raise AssertionError("no network namespace can be made: run as root, or allow user namespaces")


def inside(scenario, **given):
    """What the scenario gives; `given`: program, cwd and env, and what else it wants."""
    done = subprocess.run([*unshare(), sys.executable, SCRIPT, scenario, json.dumps(given)], capture_output=True, text=True,
                          timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
