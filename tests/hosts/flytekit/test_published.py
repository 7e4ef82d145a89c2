"""The plugin's own tests, as it is published, with this module in its place."""

import pathlib
import re
import sys
import tarfile

from conftest import run, variable

IN_ITS_PLACE = """\
import penstock.flytekit

penstock.flytekit.install()
import flytekitplugins.sqlalchemy.task

assert flytekitplugins.sqlalchemy.task is flytekitplugins.sqlalchemy is penstock.flytekit
"""


def published_tests(folder):
    """The tests of the source distribution; the file that makes them a package is not in it."""
    with tarfile.open(variable("PENSTOCK_TEST_FLYTE_PLUGIN")) as archive:
        for member in archive.getmembers():
            name = pathlib.PurePosixPath(member.name)
            if name.parts[1:2] == ("tests",) and name.suffix == ".py":
                (folder / name.name).write_bytes(archive.extractfile(member).read())
    (folder / "__init__.py").touch()


# FT-012
def test_all_of_the_plugins_own_tests_pass_in_its_place(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    published_tests(folder)
    (folder / "conftest.py").write_text(IN_ITS_PLACE)
    written = sum(len(re.findall(r"^def test_", path.read_text(), re.MULTILINE)) for path in folder.glob("test_*.py"))
    assert written >= 8
    # On a Python that flytekit has no image for, its program `pyflyte` has to be told of one.
    env = {"FLYTE_INTERNAL_IMAGE": "shop/tasks:1"} if sys.version_info >= (3, 13) else {}
    ran = run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", folder, cwd=tmp_path, env=env)
    assert ran.code == 0, ran
    # One of them has four queries.
    assert re.search(rf"^{written + 3} passed", ran.out, re.MULTILINE), ran
    assert not re.search("skipped|deselected|xfailed", ran.out), ran
