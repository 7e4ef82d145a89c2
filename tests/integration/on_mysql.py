"""What the tests on a real MariaDB and a real MySQL share. The servers' DSNs are in PENSTOCK_TEST_<NAME>_*DSN."""

import os
import shutil
import subprocess
import urllib.parse

from conftest import wait_until
from on_postgres import variable

NAMES = ["mariadb", "mysql"]


class Server:
    """One of the two, and ways in that are not ours: the mariadb client, as root over the socket or as another."""

    def __init__(self, name):
        self.name = name
        self.dsn = variable(f"PENSTOCK_TEST_{name.upper()}_DSN")
        self.writer_dsn = variable(f"PENSTOCK_TEST_{name.upper()}_WRITER_DSN")
        self.socket = variable(f"PENSTOCK_TEST_{name.upper()}_SOCKET")
        self.folder = variable(f"PENSTOCK_TEST_{name.upper()}_FOLDER")
        self.port = urllib.parse.urlsplit(self.dsn).port
        self.is_mariadb = name == "mariadb"

    def client(self, *arguments, input=None, user="root", password="", database="penstock"):
        words = [shutil.which("mariadb") or "mysql", "--no-defaults", f"--socket={self.socket}", f"-u{user}",
                 "--skip-ssl", "--default-character-set=utf8mb4", *arguments, database]
        return subprocess.run(words, input=input, capture_output=True, timeout=120,
                              env={"PATH": os.environ["PATH"], "MYSQL_PWD": password})

    def run(self, sql):
        """As root. Rows of text, as --batch prints them."""
        done = self.client("-N", "--batch", input=sql.encode())
        assert done.returncode == 0, done.stderr.decode()
        return [line.split("\t") for line in done.stdout.decode().splitlines()]

    def as_reader(self, *arguments, input):
        parts = urllib.parse.urlsplit(self.dsn)
        done = self.client(*arguments, input=input.encode(), user=parts.username, password=parts.password)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def sessions(self):
        """What the server runs for accounts that are not root: (id, command, state)."""
        return self.run("SELECT id, command, state FROM information_schema.processlist WHERE user IN ('reader', 'writer')")

    def await_no_session(self, seconds=5):
        wait_until(lambda: not self.sessions(), seconds)
