"""What the checks share: where the project is, which files it has, how a finding is printed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def project_files(root, *patterns):
    """The project's files (tracked, or new and not ignored) that match the git path patterns, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard", "--", *patterns], cwd=root, capture_output=True, check=True
    ).stdout
    names = sorted({name for name in listed.decode().split("\0") if name})
    return [root / name for name in names if (root / name).is_file()]


def finish(name, findings, summary):
    """Prints the findings, or what was looked at, and exits."""
    for finding in findings:
        print(finding)
    if findings:
        print(f"{name}: {len(findings)} finding{'s' if len(findings) != 1 else ''}")
        sys.exit(1)
    print(f"{name}: {summary}")
    sys.exit(0)
