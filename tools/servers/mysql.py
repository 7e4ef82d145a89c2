"""A private MySQL on a free loopback port. Debian 12 has none, so the program comes from Debian's development release,
unpacked in .cache/servers (tools/debian.py).

start(folder) -> a Server: `variables` for the tests' environment (mysql_family.py), and stop().
"""

import fcntl
import pathlib
import subprocess
import sys

import mysql_family
from mysql_family import CACHE
from postgres import account

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

import debian


def unpack(folder):
    """The program and its libraries under folder/root: some 60 MB to download, 350 MB on disk."""
    debian.Archive(folder, "sid").unpack("mysql-server-core")
    (folder / "unpacked").touch()


class Server(mysql_family.Server):
    name = "mysql"
    default_role_for = "TO"
    settings = {
        "mysqlx": "OFF",
        "performance-schema": "OFF",
        "innodb-redo-log-capacity": "16M",
        # What a session of ours must not be cut short by.
        "max-execution-time": 1000,
    }

    def __init__(self, folder):
        self.program = CACHE / "mysql"
        CACHE.mkdir(parents=True, exist_ok=True)
        with open(CACHE / "mysql-program.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self.program / "unpacked").exists():
                unpack(self.program)
        super().__init__(folder)

    def make_data(self, folder):
        subprocess.run([*self.command(folder), f"--datadir={folder}", "--initialize-insecure",
                        "--innodb-redo-log-capacity=16M"], check=True, capture_output=True, cwd="/", **account())

    def command(self, data):
        root = self.program / "root"
        share = root / "usr" / "share" / "mysql"
        return [*debian.command(root, "sbin/mysqld"), "--no-defaults", f"--basedir={root}/usr",
                f"--lc-messages-dir={share}", f"--character-sets-dir={share}/charsets",
                f"--plugin-dir={root}/usr/lib/mysql/plugin"]


def start(folder):
    return Server(folder)
