"""Holds requirements and tests together: every rule is cited by a test, every citation is a rule.

usage: ids.py [ROOT]

A rule is a list item of docs/spec/requirements.md that starts with its id. A citation is an id in a comment of a test
(// RS-008 or # RS-008); tests/tools test the tools and cite nothing.
"""

import re
import sys
from pathlib import Path

from common import ROOT, finish, project_files

ID = r"(?:RS|FT|SQL-QUERY)-\d{3}"
COMMENT = re.compile(r"(?://|#)(.*)")


def required(root):
    text = (root / "docs/spec/requirements.md").read_text()
    return re.findall(rf"^- ({ID})\b", text, re.MULTILINE)


def citations(root):
    """id -> the first place that cites it, for every id in a comment of a test."""
    cited = {}
    for path in project_files(root, "tests/*.cc", "tests/*.h", "tests/*.py"):
        name = path.relative_to(root).as_posix()
        if name.startswith("tests/tools/"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            match = COMMENT.search(line)
            for found in re.findall(ID, match.group(1)) if match else ():
                cited.setdefault(found, f"{name}:{number}")
    return cited


def check(root):
    findings = []
    rules, cited = required(root), citations(root)
    for rule in sorted({rule for rule in rules if rules.count(rule) > 1}):
        findings.append(f"docs/spec/requirements.md: {rule} stands there twice")
    for found, place in sorted(cited.items()):
        if found not in rules:
            findings.append(f"{place}: cites {found}, which docs/spec/requirements.md does not have")
    for rule in rules:
        if rule not in cited:
            findings.append(f"docs/spec/requirements.md: no test cites {rule}")
    return findings, f"each of {len(rules)} rules is cited by a test"


def main():
    findings, summary = check(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)
    finish("ids", findings, summary)


if __name__ == "__main__":
    main()
