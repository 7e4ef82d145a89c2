"""The README's first command where there is no network. What it prints is test_docs.py's business."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


# RS-030
def test_the_demo_needs_no_network():
    # A network namespace with nothing in it, not even a loopback that is up.
    alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    result = subprocess.run([*alone, ROOT / "dev", "demo"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout
    assert "out/orders.parquet: 587 rows, 12 columns" in result.stdout
