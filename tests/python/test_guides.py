"""The blocks of the pages that Python's users read do what they show."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import guide
import pytest
from conftest import ROOT

PAGES = ["README.md", "docs/reference/python.md"]


@pytest.fixture
def reader(tmp_path):
    """A reader's folder: the example shop with its recipe and manifest, its rows fetched; and their environment."""
    for path in [*(ROOT / "examples/sql-sqlite").iterdir(), *(ROOT / "examples/store").iterdir()]:
        if path.suffix in (".sql", ".yaml"):
            shutil.copy(path, tmp_path)
    with open(tmp_path / "shop.sql") as script:
        subprocess.run(["sqlite3", "-bail", "shop.db"], stdin=script, cwd=tmp_path, check=True)
    tools = Path(sys.executable).parent
    env = {"PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1",
           "COLUMNS": "120", "HOME": str(tmp_path), "PENSTOCK_SHOP_DSN": "sqlite:///shop.db"}
    subprocess.run([tools / "penstock", "fetch", "orders.yaml"], cwd=tmp_path, env=env, check=True, capture_output=True)
    return tmp_path, env


@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_a_page_runs(name, reader, tmp_path):
    cwd, env = reader
    page = tmp_path / "page.md"
    # What the README records of a terminal, and its commands, have a test of their own (tests/integration/test_docs.py).
    page.write_text((ROOT / name).read_text().replace("```console\n", "```text\n"))
    assert any(kind == "python" for _, kind, _, _ in guide.blocks_of(page.read_text()))
    assert guide.check(page, cwd, env) == []


def test_a_block_that_fails_is_found(tmp_path):
    page = tmp_path / "wrong.md"
    page.write_text("""# A page
<!-- file: deep/one.yaml -->
```yaml
a: 1
```
```python
number = int(open("deep/one.yaml").read()[3:])
```
```console
$ export WORD=two
```
```python
assert number == 1
raise ValueError(number)
```
```console
$ echo $WORD; cat deep/one.yaml
two
a: 1
$ echo one
three
```
<!-- not run -->
```python
raise SystemExit
```
```python
import sys
sys.exit(number)
```
""")
    found = guide.check(page, tmp_path, {"PATH": os.environ["PATH"]})
    assert len(found) == 3, found
    assert found[0].startswith("wrong.md:12: Traceback") and 'File "wrong.md", line 14, in <module>' in found[0]
    assert found[1] == ".wrong.md:20: $ echo one\nprints:\none\n" and "SystemExit: 1" in found[2]
