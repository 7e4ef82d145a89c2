"""A private PostgreSQL on free loopback ports, with the roles and the certificates that tests need.

start(folder) -> a Server: `variables` for the tests' environment, and stop().
"""

import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import time

from certificates import make_authority, make_certificate

# Debian's own place first: its wrappers on the PATH look for a system cluster.
BINARIES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
DATABASE = "penstock"
SECONDS_TO_START = 60

ROLES = """
CREATE ROLE reader LOGIN PASSWORD '{reader}';
CREATE ROLE writer LOGIN PASSWORD '{writer}';
CREATE ROLE replicator LOGIN REPLICATION PASSWORD '{replicator}';
CREATE ROLE certified LOGIN;
"""
# A schema of its own for what tests make; everybody may read what is in it.
SCHEMA = """
CREATE EXTENSION IF NOT EXISTS hstore;
CREATE EXTENSION IF NOT EXISTS citext;
GRANT pg_read_all_data TO reader;
GRANT CREATE ON SCHEMA public TO writer;
GRANT pg_read_all_data, pg_write_all_data TO writer;
"""

# TLS is there for who asks. `certified` has no password: only a certificate lets it in.
ACCESS = """
local all all scram-sha-256
hostssl all certified 127.0.0.1/32 cert
hostssl all certified ::1/128 cert
host replication all 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""


def account():
    """Arguments for subprocess that leave root, which no server wants to run as."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


_reserved = []


def reserve_port():
    """A port of 127.0.0.1 that stays bound for as long as this process lives, so that no client's end and no other server
    gets it; not listening, so that a server that sets SO_REUSEADDR, as they all do, may listen there."""
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    _reserved.append(probe)
    return probe.getsockname()[1]


def give_away(folder):
    """The folder and all in it to the account that the server runs as."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "nobody", "nogroup")


def await_port(port, process, log, seconds=SECONDS_TO_START):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"no server at port {port}:\n{log.read_text(errors='replace')[-4000:]}")


# ---- the server ----


class Server:
    def __init__(self, folder):
        if not BINARIES:
            raise RuntimeError("no PostgreSQL server: apt-get install postgresql-15")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.port = reserve_port()
        self.passwords = {role: secrets.token_hex(8) for role in ("postgres", "reader", "writer", "replicator")}
        self.log = self.folder / "server.log"
        self._make_certificates()
        self._make_cluster()
        self._start()

    def dsn(self, role, options="?sslmode=disable"):
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{DATABASE}{options}"

    @property
    def variables(self):
        return {
            "PENSTOCK_TEST_POSTGRES_DSN": self.dsn("reader"),
            "PENSTOCK_TEST_POSTGRES_WRITER_DSN": self.dsn("writer"),
            "PENSTOCK_TEST_POSTGRES_ADMIN_DSN": self.dsn("postgres"),
            "PENSTOCK_TEST_POSTGRES_REPLICATION_DSN": self.dsn("replicator"),
            # ca.crt, other-ca.crt and server.crt with their keys, client.crt for the role `certified`, the socket
            "PENSTOCK_TEST_POSTGRES_FOLDER": str(self.folder / "public"),
        }

    def _make_certificates(self):
        public = self.folder / "public"
        public.mkdir()
        make_authority(public, "ca")
        make_authority(public, "other-ca")
        make_certificate(public, "server", "ca", "localhost", "DNS:localhost")
        make_certificate(public, "client", "ca", "certified")
        for name in ("server.crt", "server.key", "ca.crt"):
            shutil.copy2(public / name, self.folder / name)

    def _make_cluster(self):
        password = self.folder / "password"
        password.write_text(self.passwords["postgres"])
        give_away(self.folder)
        # What tests read of the keys they read as themselves.
        if os.geteuid() == 0:
            for path in (self.folder / "public").iterdir():
                shutil.chown(path, "root", "root")
        data = self.folder / "data"
        subprocess.run(
            [BINARIES[0] / "initdb", "-D", data, "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}",
             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], check=True, capture_output=True, cwd="/", **account())
        (data / "pg_hba.conf").write_text(ACCESS)
        settings = {
            "listen_addresses": "127.0.0.1, ::1" if ipv6() else "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder / "public",
            "ssl": "on",
            "ssl_cert_file": self.folder / "server.crt",
            "ssl_key_file": self.folder / "server.key",
            "ssl_ca_file": self.folder / "ca.crt",
            # Nothing here outlives the tests.
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "shared_buffers": "64MB",
            "max_connections": 60,
            # Unlike what a session of ours sets, so that a test would see it shine through.
            "timezone": "Asia/Kolkata",
            "datestyle": "SQL, DMY",
            "intervalstyle": "iso_8601",
            "extra_float_digits": 0,
            "bytea_output": "escape",
        }
        with open(data / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def _start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([BINARIES[0] / "postgres", "-D", self.folder / "data"], cwd="/",
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **account())
        try:
            await_port(self.port, self.process, self.log)
            self._await_ready()
            self.sql(ROLES.format(**self.passwords), "postgres")
            self.sql(f"CREATE DATABASE {DATABASE}", "postgres")
            self.sql(SCHEMA)
        except BaseException:
            self.stop()
            raise

    def _await_ready(self):
        end = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < end and self.process.poll() is None:
            ready = subprocess.run([BINARIES[0] / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)])
            if ready.returncode == 0:
                return
            time.sleep(0.02)
        raise RuntimeError(f"PostgreSQL does not get ready:\n{self.log.read_text(errors='replace')[-4000:]}")

    def sql(self, text, database=DATABASE):
        subprocess.run([BINARIES[0] / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                        str(self.port), "-U", "postgres", "-d", database, "-f", "-"], input=text.encode(), check=True,
                       env={"PATH": os.environ["PATH"], "PGPASSWORD": self.passwords["postgres"],
                            "PGSSLMODE": "disable"})

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(3)  # SIGQUIT: at once; there is nothing to keep
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def start(folder):
    return Server(folder)
