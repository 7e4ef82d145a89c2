"""What a private MySQL and a private MariaDB have in common: data made once, accounts, certificates.

A subclass says which program runs and how its data are made. `variables` for the tests' environment:
PENSTOCK_TEST_<NAME>_DSN (an account that may read), _LOCKER_DSN (that may also lock tables), _WRITER_DSN (that may
write), _FILE_DSN, _SUPER_DSN and _ROLE_DSN (that may do too much), _SOCKET (root, without a password), _FOLDER (ca.crt and what it signed).
"""

import fcntl
import os
import pathlib
import secrets
import shutil
import subprocess
import time

from certificates import make_authority, make_certificate
from postgres import account, await_port, give_away, reserve_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "servers"
DATABASE = "penstock"
SECONDS_TO_START = 120
# The name that the server's certificate is for; no resolver knows it.
NAME = "db.penstock.test"

ACCOUNTS = """
CREATE DATABASE {database};
CREATE USER reader@'%' IDENTIFIED BY '{reader}';
CREATE USER locker@'%' IDENTIFIED BY '{locker}';
CREATE USER writer@'%' IDENTIFIED BY '{writer}';
CREATE USER filer@'%' IDENTIFIED BY '{filer}';
CREATE USER super@'%' IDENTIFIED BY '{super}';
CREATE USER `odd ON user`@'%' IDENTIFIED BY '{odd}';
GRANT SELECT ON {database}.* TO reader@'%', `odd ON user`@'%';
GRANT SELECT ON mysql.* TO reader@'%';
GRANT SELECT, EXECUTE, LOCK TABLES ON {database}.* TO locker@'%';
GRANT ALL PRIVILEGES ON {database}.* TO writer@'%';
GRANT FILE, SELECT ON *.* TO filer@'%';
GRANT SUPER, SELECT ON *.* TO super@'%';
CREATE ROLE powerful;
GRANT FILE ON *.* TO powerful;
CREATE USER roled@'%' IDENTIFIED BY '{roled}';
GRANT SELECT ON {database}.* TO roled@'%';
GRANT powerful TO roled@'%';
SET DEFAULT ROLE powerful {default_role_for} roled@'%';
"""

# Nothing here outlives the tests. What a session of ours sets is set otherwise here, so that a test would see it shine
# through.
SETTINGS = {
    "bind-address": "127.0.0.1",
    "innodb-buffer-pool-size": "64M",
    "innodb-flush-log-at-trx-commit": 0,
    "innodb-doublewrite": 0,
    "skip-log-bin": None,
    "skip-name-resolve": None,
    "max-connections": 100,
    "default-time-zone": "+05:30",
    "sql-mode": "NO_ENGINE_SUBSTITUTION",
    "secure-file-priv": "",
    "local-infile": 1,
    "net-write-timeout": 5,
}


class Server:
    name = None
    client = "mariadb"
    default_role_for = "TO"
    settings = {}

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        if shutil.which(self.client) is None:
            raise RuntimeError(f"no program {self.client}: apt-get install mariadb-client-core")
        self.passwords = {user: secrets.token_hex(8)
                          for user in ("reader", "locker", "writer", "filer", "super", "roled", "odd")}
        self.socket = self.folder / "server.sock"
        self.log = self.folder / "server.log"
        self.process = None
        self._make_certificates()
        self._copy_data()
        try:
            self._start()
            self._make_accounts()
        except BaseException:
            self.stop()
            raise

    # ---- what a subclass says ----

    def make_data(self, folder):
        """Fresh data in `folder`, which the server's account owns."""
        raise NotImplementedError

    def command(self, data):
        """The program and the arguments that only it takes."""
        raise NotImplementedError

    # ---- the rest ----

    def dsn(self, user, options="?ssl_mode=DISABLED"):
        return f"mysql://{user}:{self.passwords[user]}@127.0.0.1:{self.port}/{DATABASE}{options}"

    @property
    def variables(self):
        prefix = f"PENSTOCK_TEST_{self.name.upper()}"
        return {
            f"{prefix}_DSN": self.dsn("reader"),
            f"{prefix}_LOCKER_DSN": self.dsn("locker"),
            f"{prefix}_WRITER_DSN": self.dsn("writer"),
            f"{prefix}_FILE_DSN": self.dsn("filer"),
            f"{prefix}_SUPER_DSN": self.dsn("super"),
            f"{prefix}_ROLE_DSN": self.dsn("roled"),
            f"{prefix}_SOCKET": str(self.socket),
            f"{prefix}_FOLDER": str(self.folder / "public"),
        }

    def _make_certificates(self):
        public = self.folder / "public"
        public.mkdir()
        make_authority(public, "ca")
        make_authority(public, "other-ca")
        make_certificate(public, "server", "ca", NAME, f"DNS:{NAME}")
        make_certificate(public, "client", "ca", "certified")
        for name in ("server.crt", "server.key", "ca.crt"):
            shutil.copy2(public / name, self.folder / name)

    def _copy_data(self):
        CACHE.mkdir(parents=True, exist_ok=True)
        template = CACHE / f"{self.name}-data"
        with open(CACHE / f"{self.name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (template / "made").exists():
                shutil.rmtree(template, ignore_errors=True)
                template.mkdir()
                give_away(template)
                self.make_data(template / "data")
                (template / "made").touch()
            # Sparse files stay sparse.
            subprocess.run(["cp", "-a", "--reflink=auto", template / "data", self.folder / "data"], check=True)
        (self.folder / "tmp").mkdir()
        for path in (self.folder, self.folder / "tmp", self.folder / "server.crt", self.folder / "server.key", self.folder / "ca.crt"):
            if os.geteuid() == 0:
                shutil.chown(path, "nobody", "nogroup")

    def _start(self):
        self.port = reserve_port()
        settings = SETTINGS | self.settings | {
            "datadir": self.folder / "data",
            # A MariaDB that starts removes what others have in a common one.
            "tmpdir": self.folder / "tmp",
            "socket": self.socket,
            "port": self.port,
            "pid-file": self.folder / "server.pid",
            "ssl-ca": self.folder / "ca.crt",
            "ssl-cert": self.folder / "server.crt",
            "ssl-key": self.folder / "server.key",
        }  # fmt: skip
        options = [f"--{name}" if value is None else f"--{name}={value}" for name, value in settings.items()]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.command(self.folder / "data"), *options], cwd="/",
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **account())
        await_port(self.port, self.process, self.log, SECONDS_TO_START)
        end = time.monotonic() + SECONDS_TO_START
        while self._client("root", "SELECT 1", check=False).returncode != 0:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"{self.name} does not get ready:\n{self.log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.05)

    def _client(self, user, sql, check=True):
        words = [self.client, "--no-defaults", "--skip-ssl", "-u", user, "-S", str(self.socket)]
        environment = {"PATH": os.environ["PATH"]}
        if user in self.passwords:
            environment["MYSQL_PWD"] = self.passwords[user]
        return subprocess.run(words, input=sql.encode(), env=environment, check=check, capture_output=not check)

    def _make_accounts(self):
        self._client("root", ACCOUNTS.format(database=DATABASE, default_role_for=self.default_role_for,
                                             **self.passwords))
        # MySQL wants to see a password once, over a secure channel, before it lets a hash of it in over another.
        for user in self.passwords:
            if user != "odd":
                self._client(user, "SELECT 1")

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
