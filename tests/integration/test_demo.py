"""The README's first command, and what the README says that it prints."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def steady(text):
    """Without what differs from run to run: the seconds, and the steps that install and build."""
    text = re.sub(r"^.{44} *\d+\.\d s\n", "", text, flags=re.MULTILINE)
    return re.sub(r"\b\d+\.\d+ s\b", "N s", text).strip()


# RS-030
def test_the_demo_needs_no_network_and_prints_what_the_readme_shows():
    # A network namespace with nothing in it, not even loopback.
    alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    result = subprocess.run([*alone, ROOT / "dev", "demo"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=300)
    assert result.returncode == 0, result.stdout
    recorded = re.search(r"<!-- demo -->\n```\w*\n(.*?)```\n<!-- /demo -->", (ROOT / "README.md").read_text(), re.DOTALL)
    assert recorded, "README.md has no <!-- demo --> block"
    assert steady(recorded.group(1)) == steady(result.stdout)
