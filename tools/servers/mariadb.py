"""A private MariaDB on a free loopback port, from Debian's mariadb-server-core.

start(folder) -> a Server: `variables` for the tests' environment (mysql_family.py), and stop().
"""

import shutil
import subprocess

import mysql_family
from postgres import account

PATH = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"


def program(name):
    found = shutil.which(name, path=PATH)
    if found is None:
        raise RuntimeError(f"no program {name}: apt-get install mariadb-server-core")
    return found


class Server(mysql_family.Server):
    name = "mariadb"
    default_role_for = "FOR"
    settings = {"innodb-log-file-size": "16M", "lc-messages-dir": "/usr/share/mysql"}

    def make_data(self, folder):
        subprocess.run(
            [program("mariadb-install-db"), "--no-defaults", f"--datadir={folder}", "--skip-test-db",
             "--auth-root-authentication-method=normal", "--skip-name-resolve", "--innodb-log-file-size=16M"],
            check=True, capture_output=True, cwd="/", **account())  # fmt: skip

    def command(self, data):
        return [program("mariadbd"), "--no-defaults"]


def start(folder):
    return Server(folder)
