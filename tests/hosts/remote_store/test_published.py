"""The host's own tests of its SQL query backend, and of all backends, on QueryBackend in its place."""

import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

import pytest
import remote_store
from conftest import variable

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
# Of the host's tests those that its own backend is in.
SELECTED = ["tests/backends/sqlquery", "tests/backends/conformance", "tests/test_capabilities.py"]
# What fails, and why: the guide has this table.
TABLE = re.compile(r"^\| `(test_\w+)` \| (engine|url) \|", re.MULTILINE)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The source that the host publishes, unpacked."""
    [archive] = pathlib.Path(variable("PENSTOCK_TEST_REMOTE_STORE")).glob("remote_store-*.tar.gz")
    assert archive.name == f"remote_store-{remote_store.__version__}.tar.gz"
    folder = tmp_path_factory.mktemp("published")
    subprocess.run(["tar", "-xzf", archive, "-C", folder, "--no-same-owner"], check=True)
    return next(folder.iterdir())


def run(published, how, report):
    """Runs the selected tests; gives what came of each by its name."""
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "in_place", "-p", "no:cacheprovider", f"--junitxml={report}",
         "-o", "asyncio_default_fixture_loop_scope=function", "--stage=1", "-k", "sqlquery or SQLQuery", *SELECTED],
        cwd=published, stdin=subprocess.DEVNULL, timeout=1200,
        env={**os.environ, "PENSTOCK_IN_PLACE": how, "PYTHONPATH": str(HERE)})
    outcomes = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
        outcomes[f"{case.get('classname')}::{case.get('name')}"] = kinds.pop() if kinds else "passed"
    return outcomes


def passed(outcomes):
    return {name for name, outcome in outcomes.items() if outcome == "passed"}


@pytest.fixture(scope="module")
def by_the_host(published, tmp_path_factory):
    """What comes of the tests on the backend that they are written for."""
    outcomes = run(published, "host", tmp_path_factory.mktemp("host") / "report.xml")
    assert set(outcomes.values()) == {"passed", "skipped"} and len(passed(outcomes)) > 150
    return outcomes


# SQL-QUERY-001 SQL-QUERY-005 SQL-QUERY-010 SQL-QUERY-062 SQL-QUERY-080
@pytest.mark.parametrize("how", ["engine", "url"])
def test_what_the_host_passes_is_passed_in_its_place(published, by_the_host, tmp_path, how):
    outcomes = run(published, how, tmp_path / "report.xml")
    guide = (ROOT / "docs/guides/remote-store.md").read_text()
    different = {name for name in by_the_host.keys() | outcomes.keys() if by_the_host.get(name) != outcomes.get(name)}
    exceptions = {name for name, where in TABLE.findall(guide) if where == how}
    assert {name.rpartition("::")[2] for name in different} == exceptions, different
    told = f"{len(passed(by_the_host))} tests pass, {len(passed(outcomes))} here by `{how}`"
    assert told in " ".join(guide.split()), told
