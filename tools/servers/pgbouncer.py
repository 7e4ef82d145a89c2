"""A private PgBouncer in transaction mode in front of the private PostgreSQL.

start(folder, postgres) -> a Server: `variables` for the tests' environment, and stop().
"""

import pathlib
import shutil
import subprocess

from postgres import DATABASE, account, await_port, give_away, reserve_port

# With few connections to the server, sessions do share one; no startup parameter is ignored, so one that a client
# sends and PgBouncer does not know would be refused.
SETTINGS = """
[databases]
{database} = host=127.0.0.1 port={server} dbname={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = 2
max_client_conn = 50
logfile = {folder}/pgbouncer.log
"""


class Server:
    def __init__(self, folder, postgres):
        program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if program is None:
            raise RuntimeError("no PgBouncer: apt-get install pgbouncer")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.port = reserve_port()
        self.variables = {
            "PENSTOCK_TEST_PGBOUNCER_DSN": f"postgresql://reader:{postgres.passwords['reader']}@127.0.0.1:"
                                           f"{self.port}/{DATABASE}?sslmode=disable"}
        (self.folder / "users.txt").write_text(
            "".join(f'"{role}" "{password}"\n' for role, password in postgres.passwords.items()))
        settings = self.folder / "pgbouncer.ini"
        settings.write_text(
            SETTINGS.format(database=DATABASE, server=postgres.port, port=self.port, folder=self.folder))
        give_away(self.folder)
        self.process = subprocess.Popen([program, "-q", settings], cwd="/", stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **account())
        try:
            await_port(self.port, self.process, self.folder / "pgbouncer.log")
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def start(folder, postgres):
    return Server(folder, postgres)
