"""docs/guides/recotem.md is what happens: its files are written, its commands run."""

import re
import socket
import subprocess
import sys
import threading

import pytest
from conftest import PROGRAMS, ROOT

sys.path.append(str(ROOT / "tests" / "integration"))
import console  # noqa: E402

GUIDE = ROOT / "docs" / "guides" / "recotem.md"
FILE = re.compile(r"^```(?:python|yaml)\n# ([\w.-]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SERVE = re.compile(r"^```sh\n(\S+ recotem serve .*?)\n```$", re.MULTILINE)


@pytest.fixture
def other_terminal(tmp_path):
    """Runs a command that stays, once `file` is there; ended with the test."""
    over, started = threading.Event(), []

    def wait_and_start(command, env, file):
        while not over.wait(0.2):
            if file.exists():
                with open(tmp_path / "other.log", "w") as log:
                    started.append(subprocess.Popen(["bash", "-c", f"export $(cat signing-key); exec env {command}"],
                                                    cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
                return

    threads = []

    def run_once_there(*arguments):
        threads.append(threading.Thread(target=wait_and_start, args=arguments))
        threads[-1].start()

    yield run_once_there
    over.set()
    for thread in threads:
        thread.join()
    for process in started:
        process.terminate()
        process.wait(30)


# RS-029 RS-016 RS-018
def test_every_command_does_what_is_shown(tmp_path, other_terminal):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = GUIDE.read_text().replace("8080", str(port))
    files = dict(FILE.findall(text))
    assert set(files) == {"make_shop.py", "purchases.yaml", "train.py"}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    (tmp_path / ".guide.md").write_text(text)
    # pip finds what the guide installs, and asks nobody.
    env = {"PATH": f"{PROGRAMS}:/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "120",
           "HOME": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    [serve] = SERVE.findall(text)
    other_terminal(serve, env, tmp_path / "purchases.recotem")
    assert console.check(tmp_path / ".guide.md", tmp_path, env, seconds=300) == []
