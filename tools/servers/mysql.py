"""A private MySQL on a free loopback port. Debian 12 has none, so the program comes from Debian's development release.

The system's own package sources, its dpkg database and its libraries are untouched: apt works in a folder of its own,
in .cache/servers, and the program runs with the libraries that it was built for.

start(folder) -> a Server: `variables` for the tests' environment (mysql_family.py), and stop().
"""

import fcntl
import os
import pathlib
import shutil
import subprocess

import mysql_family
from mysql_family import CACHE
from postgres import account

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# A mirror may lag behind the dates in its release file; the signature is checked all the same.
APT = """
Dir::Etc::sourcelist "{folder}/sources.list"; Dir::Etc::sourceparts "{folder}/none";
Dir::Etc::parts "{folder}/none"; Dir::Etc::preferencesparts "{folder}/none";
Dir::State "{folder}"; Dir::State::lists "{folder}/lists"; Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache"; APT::Sandbox::User "root"; Acquire::Languages "none";
Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
"""


def run(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, **options).stdout


def unpack(folder):
    """The program and its libraries under folder/root: some 60 MB to download, 350 MB on disk."""
    if not pathlib.Path(KEYRING).exists():
        raise RuntimeError("no archive keyring: apt-get install debian-archive-keyring")
    shutil.rmtree(folder, ignore_errors=True)
    apt = folder / "apt"
    for name in ("lists/partial", "cache/archives/partial", "none"):
        (apt / name).mkdir(parents=True)
    # The archive that this machine already uses, whatever mirror that is.
    archives = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split()
    archive = next((uri for uri in archives if "security" not in uri), None)
    if archive is None:
        raise RuntimeError("apt knows no archive: apt-get update")
    architecture = run("dpkg", "--print-architecture").strip()
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb [arch={architecture} signed-by={KEYRING}] {archive} sid main\n")
    (apt / "apt.conf").write_text(APT.format(folder=apt))
    environment = os.environ | {"APT_CONFIG": str(apt / "apt.conf")}
    run("apt-get", "-q", "update", env=environment)
    run("apt-get", "-q", "-y", "--no-install-recommends", "--download-only", "install", "mysql-server-core",
        env=environment)
    for package in sorted((apt / "cache" / "archives").glob("*.deb")):
        run("dpkg-deb", "-x", package, folder / "root")
    shutil.rmtree(apt)
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
        libraries = next((root / "usr" / "lib").glob("*-linux-gnu"))
        loader = next(libraries.glob("ld-linux-*.so.*"))
        share = root / "usr" / "share" / "mysql"
        return [str(word) for word in (
            loader, "--library-path", libraries, root / "usr" / "sbin" / "mysqld", "--no-defaults",
            f"--basedir={root}/usr", f"--lc-messages-dir={share}", f"--character-sets-dir={share}/charsets",
            f"--plugin-dir={root}/usr/lib/mysql/plugin")]  # fmt: skip


def start(folder):
    return Server(folder)
