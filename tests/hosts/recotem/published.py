"""Runs the tests that Recotem publishes for its SQL source, in its repository alone, with penstock.recotem in its place.

usage: published.py CLONE

CLONE is a clone of Recotem's repository. Run it by an environment that has Recotem, the package and pytest. It fails unless
just the tests that docs/guides/recotem.md names fail.
"""

import fnmatch
import re
import sys
import tempfile
from pathlib import Path

import pytest

import penstock.recotem

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "recotem.md"
FILES = ("tests/unit/test_datasource_sql.py", "tests/integration/test_sql_train_serve.py")


class Verdicts:
    def __init__(self):
        self.failed, self.passed = set(), set()

    def pytest_runtest_logreport(self, report):
        if report.failed or report.when == "call":
            (self.failed if report.failed else self.passed).add(report.nodeid.partition("::")[2])


def named_in_the_guide():
    rows = re.findall(r"^\| (`test_.*?) \|", GUIDE.read_text(), re.MULTILINE)
    return [pattern for row in rows for pattern in re.findall(r"`([^`]+)`", row)]


def main():
    clone = Path(sys.argv[1]).resolve()
    penstock.recotem.install()
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory() as folder:
        # Of a configuration of their own, so that the clone's plug-ins are not needed.
        settings = Path(folder) / "pytest.ini"
        settings.write_text("[pytest]\nmarkers =\n    slow\n")
        pytest.main(["-q", "-p", "no:cacheprovider", "-c", settings, "--rootdir", clone, *(clone / file for file in FILES)],
                    plugins=[verdicts])
    passed = verdicts.passed - verdicts.failed
    patterns = named_in_the_guide()
    named = {name for name in verdicts.failed for pattern in patterns if fnmatch.fnmatch(name.partition("[")[0], pattern)}
    stale = [pattern for pattern in patterns
             if not any(fnmatch.fnmatch(name.partition("[")[0], pattern) for name in verdicts.failed)]
    print(f"{len(passed)} pass, {len(named)} fail that the guide names")
    for name in sorted(verdicts.failed - named):
        print(f"fails, and the guide does not name it: {name}")
    for pattern in stale:
        print(f"the guide names what does not fail: {pattern}")
    return 1 if verdicts.failed - named or stale or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
