"""Holds requirements and tests together: every rule is cited by a test, or stands in docs/spec/pending.

usage: ids.py [ROOT]

A rule is a list item of docs/spec/requirements.md that starts with its id. A citation is an id in a comment of a test
(// RS-008 or # RS-008); tests/tools test the tools and cite nothing. docs/spec/pending lists, an id or a range
(RS-016..RS-019) a line, what needs code that is not there yet; it only ever shrinks.
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


def pending(root, findings):
    listed = {}
    name = "docs/spec/pending"
    for number, line in enumerate((root / name).read_text().splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        match = re.fullmatch(rf"({ID})(?:\.\.({ID}))?", line)
        if not match:
            findings.append(f"{name}:{number}: '{line}' is neither an id nor a range of ids")
            continue
        first, last = match.group(1), match.group(2) or match.group(1)
        if first[:-3] != last[:-3] or first > last:
            findings.append(f"{name}:{number}: '{line}' is no range")
            continue
        for value in range(int(first[-3:]), int(last[-3:]) + 1):
            listed[f"{first[:-3]}{value:03}"] = number
    return listed


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
    rules, waiting, cited = required(root), pending(root, findings), citations(root)
    for rule in sorted({rule for rule in rules if rules.count(rule) > 1}):
        findings.append(f"docs/spec/requirements.md: {rule} stands there twice")
    for found, place in sorted(cited.items()):
        if found not in rules:
            findings.append(f"{place}: cites {found}, which docs/spec/requirements.md does not have")
        elif found in waiting:
            findings.append(f"docs/spec/pending:{waiting[found]}: {found} is cited by {place}; it is no longer pending")
    for rule in rules:
        if rule not in cited and rule not in waiting:
            findings.append(f"docs/spec/requirements.md: no test cites {rule}")
    count = sum(rule in cited for rule in rules)
    return findings, f"{count} of {len(rules)} rules are cited by tests, {len(rules) - count} are pending"


def main():
    findings, summary = check(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)
    finish("ids", findings, summary)


if __name__ == "__main__":
    main()
