"""Checks that headers state their contract: a public header's stage line and share of comment, guards, no using.

usage: headers.py [ROOT]

That each header compiles alone is the build target header_checks (cmake/PenstockHeaders.cmake).
"""

import re
import sys
from pathlib import Path

from common import ROOT, finish, project_files

# A public header is about 40 % comment; below this share (of its lines that are not blank) it explains too little.
# Below so many lines of code there is nothing to explain but in line 1.
COMMENT_FLOOR = 0.15
SMALL_LINES = 25

STAGE_LINE = re.compile(r"// Stage: [a-z/]+\. \S")


def comment_share(lines):
    """Lines that are comment, or end in one, over lines that are not blank."""
    written = [line for line in lines if line.strip()]
    commented = [line for line in written if "//" in line.replace("://", "")]
    return len(commented) / len(written), len(written) - len(commented)


def check(root):
    findings, headers = [], project_files(root, "include/*.h", "src/*.h", "apps/*.h", "python/*.h")
    for path in headers:
        name = path.relative_to(root).as_posix()
        lines = path.read_text().splitlines()
        if not lines or not lines[0].startswith("// "):
            findings.append(f"{name}:1: a header's first line says in a comment what it is")
        if "#pragma once" not in lines:
            findings.append(f"{name}:1: no #pragma once")
        for number, line in enumerate(lines, 1):
            if re.match(r"using namespace\b", line):
                findings.append(f"{name}:{number}: 'using namespace' in a header binds everyone who includes it")
        if name.startswith("include/"):
            if lines and not STAGE_LINE.match(lines[0]):
                findings.append(f'{name}:1: the first line of a public header is "// Stage: NAME. What it is."')
            share, code = comment_share(lines)
            if code > SMALL_LINES and share < COMMENT_FLOOR:
                findings.append(f"{name}:1: {share:.0%} of its lines are comment; a public header states its contract "
                                f"(at least {COMMENT_FLOOR:.0%})")
    return findings, len(headers)


def main():
    findings, count = check(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)
    finish("headers", findings, f"{count} headers state their contract")


if __name__ == "__main__":
    main()
