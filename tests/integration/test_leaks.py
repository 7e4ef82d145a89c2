"""A password leaves the process in no form, whatever goes wrong: twenty-two and more forms of DSN, every failure that can be
provoked, and every place where it could turn up."""

import base64
import contextlib
import os
import pathlib
import signal
import struct
import subprocess

import pytest

from conftest import left_in, wait_until
from listener import Listener
from on_postgres import connected, variable
from own_network import unshare

MARK = "Zq7M4RKer"
QUERY = "SELECT 1 AS one"


def needles(secret):
    """The secret as it is, percent-encoded, in hex, and the part of its base64 that nothing around it changes."""
    raw = secret.encode()
    found = {raw, "".join(f"%{byte:02x}" for byte in raw).encode(), "".join(f"%{byte:02X}" for byte in raw).encode(),
             raw.hex().encode(), raw.hex().upper().encode()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            text = encode(b"\0" * before + raw)
            found.add(text[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6])
    return found


def check(secret, **places):
    for name, content in places.items():
        content = content.encode() if isinstance(content, str) else content
        for needle in needles(secret):
            assert needle not in content, f"{name} holds {needle}: {content[:2000]}"


def check_files(secret, folder):
    for path in pathlib.Path(folder).rglob("*"):
        check(secret, **{str(path): str(path)})
        if path.is_file():
            check(secret, **{str(path): path.read_bytes()})


def check_process(secret, pid):
    """What /proc shows of a process to whoever may not read its memory, of each of its threads, and its open files."""
    process = pathlib.Path(f"/proc/{pid}")
    for thread in (process / "task").iterdir():
        for name in ("environ", "cmdline", "status", "maps", "comm", "stat", "mountinfo"):
            check(secret, **{f"{thread.name}/{name}": (thread / name).read_bytes()})
    for file in (process / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            check(secret, **{f"fd {file.name}": os.readlink(file)})


# {at} is host:port/database, {more} begins with & and may be empty.
FORMS = [
    f"postgresql://ada:{MARK}@{{at}}?sslmode=disable{{more}}",
    f"POSTGRESQL://ada:{MARK}@{{at}}?sslmode=disable{{more}}",
    f"PostgreSQL+psycopg2://ada:{MARK}@{{at}}?sslmode=prefer{{more}}",
    f"postgres://ada:x%40{MARK}@{{at}}?sslmode=disable{{more}}",
    f"postgresql://ada:x@{MARK}@{{at}}?sslmode=disable{{more}}",
    f"postgresql://ada:x/{MARK}@{{at}}?sslmode=disable{{more}}",
    f"postgresql://ada:x:{MARK}@{{at}}?sslmode=disable{{more}}",
    f"postgresql://ada:x {MARK} y@{{at}}?sslmode=disable{{more}}",
    f"postgresql://ada:x%{MARK}@{{at}}?sslmode=disable{{more}}",
    f"postgresql://ada:x%2540{MARK}@{{at}}?sslmode=disable{{more}}",
    f"postgresql://ada:x@@{MARK}@@{{at}}?sslmode=disable{{more}}",
    f"postgresql://ada:x?{MARK}#y@{{at}}?sslmode=disable{{more}}",
    f"postgresql://ada:x\\@{MARK}\\'\"@{{at}}?sslmode=disable{{more}}",
    f"postgresql://ada@{{at}}?sslmode=disable&password={MARK}{{more}}",
    f"postgresql://ada@{{at}}?sslmode=disable&password={MARK}&password={MARK}{{more}}",
    f"postgresql://ada@{{at}}?sslmode=prefer&sslpassword={MARK}{{more}}",
    f"postgresql://{{at}}?user=ada&passwd={MARK}{{more}}",
    f"postgresql://ada:{MARK}@{{at}}:{MARK}?sslmode=disable{{more}}",
    f"postgresql://ada:{MARK}@[::1:5432/{{at}}",
    f"postgresql://ada:[{MARK}]@[::g]{MARK}/{{at}}",
    f"host=127.0.0.1 user=ada password={MARK} dbname={{at}}",
    f"host=127.0.0.1 user=ada password = '{MARK} \\' y' dbname={{at}}",
    f" \n postgresql://ada:{MARK}@{{at}}?sslmode=disable{{more}} \n ",
    f"ada:{MARK}@{{at}}",
    f"oracle://ada:{MARK}@{{at}}",
    f"sqlite://ada:{MARK}@{{at}}",
    f"mysql://ada:{MARK}@{{at}}?ssl_mode=DISABLED{{more}}",
    f"MySQL+PyMySQL://ada:x%40{MARK}@{{at}}?ssl_mode=DISABLED{{more}}",
    f"mariadb://ada@{{at}}?passwd={MARK}{{more}}",
    f"mysql://ada@{{at}}?password={MARK}&ssl=true{{more}}",
    f"mysql://ada:{MARK}@{{at}}?init_command={MARK}{{more}}",
]


def port_of(name):
    return variable(name).partition("@")[2].partition("/")[0].rpartition(":")[2]


def failures():
    """(name, host:port/database, more options, variables, command before the program)."""
    servers = {name: f"127.0.0.1:{port_of(f'PENSTOCK_TEST_{name}_DSN')}/penstock" for name in ("POSTGRES", "MARIADB", "MYSQL")}
    yield "refused by the guard", "127.0.0.1:5432/d", "", {"PENSTOCK_SQL_ALLOW_PRIVATE": "0"}, []
    yield "refused port", "127.0.0.1:1/d", "", {}, []
    yield "wrong host", "nowhere.invalid:5432/d", "", {}, unshare()
    yield "bad option", "127.0.0.1:1/d", f"&nope{MARK}=1", {}, []
    yield "bad port", f"127.0.0.1:{MARK}/d", "", {}, []
    yield "list of hosts", "127.0.0.1,127.0.0.2:1/d", "", {}, []
    for name, at in servers.items():
        yield f"login at {name}", at, "", {}, []
    yield "TLS that is not there", servers["POSTGRES"], "&sslrootcert=/none&channel_binding=require", {}, []


def commands(folder, recipe, sql=QUERY):
    """(name, arguments): one of each face and each command."""
    path = recipe(sql, source="connect_timeout_seconds: 5")
    (folder / "t.yaml").write_text(f"name: t\nconnection: {{dsn_env: PENSTOCK_SHOP_DSN}}\nquery: {sql}\n")
    (folder / "m.yaml").write_text(f"name: m\ndsn_env: PENSTOCK_SHOP_DSN\nqueries:\n  one.csv: {sql}\n")
    return [("fetch", [path, "-o", "x.csv", "--report", "r.json", "-v"]), ("validate", [path]), ("plan", [path, "--json"]),
            ("query", ["--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", "x.parquet"]),
            ("run", ["t.yaml", "-o", "t.csv", "--report", "t.json", "-v"]), ("plan", ["t.yaml"]), ("validate", ["t.yaml"]),
            ("store", ["m.yaml", "health", "--json"]), ("store", ["m.yaml", "cat", "one.csv"]),
            ("store", ["m.yaml", "get", "one.csv", "-o", "g.csv", "-v"]), ("validate", ["m.yaml", "--json"]),
            ("doctor", ["-v"])]


# RS-026
@pytest.mark.parametrize("form", FORMS)
def test_no_failure_of_a_connection_tells_the_password(penstock, program, recipe, form):
    every = commands(penstock.cwd, recipe)
    # Each form and each failure has another command, so that all forms together have each failure with each command.
    for number, (name, at, more, variables, before) in enumerate(failures(), FORMS.index(form)):
        connected(penstock, form.format(at=at, more=more))
        command, arguments = every[number % len(every)]
        logs = "text" if number % 2 else "json"
        done = subprocess.run([*before, program, command, *map(str, arguments)], cwd=penstock.cwd, capture_output=True,
                              timeout=120, env={**penstock.env, "PENSTOCK_LOG_FORMAT": logs, **variables})
        assert done.returncode == (0 if command == "doctor" else 3), (name, command, done)
        check(MARK, **{f"stdout, {name}": done.stdout, f"stderr, {name}": done.stderr})
    check_files(MARK, penstock.cwd)


# RS-026
@pytest.mark.parametrize("form", FORMS)
def test_no_running_process_shows_the_password(penstock, recipe, form):
    path = recipe(QUERY, source="connect_timeout_seconds: 60")
    with Listener() as server:
        connected(penstock, form.format(at=f"127.0.0.1:{server.port}/d", more=""))
        process = penstock.start("fetch", path, "-o", "x.csv", "--report", "r.json")
        try:
            wait_until(lambda: server.clients or process.poll() is not None)
            if process.poll() is None:  # a form that is no DSN ends before anything is dialled
                check_process(MARK, process.pid)
                check_files(MARK, penstock.cwd)
                process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
    assert process.returncode in (3, 130), err
    check(MARK, stdout=out, stderr=err)
    check_files(MARK, penstock.cwd)


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def every_form(secret):
    raw = secret.encode()
    forms = sorted(needles(secret)) + [base64.b64encode(b"user:" + raw), b"\xff\x1b]0;" + raw + b"\x07"]
    return b" ".join(forms)


class Echo(Listener):
    """A server that has the password from elsewhere, and puts it into its error in every form, long enough to be cut."""

    def __init__(self, words):
        self.words = words


class PostgresEcho(Echo):
    def serve(self, client):
        with client:
            client.recv(4096)
            client.sendall(message(b"E", b"SFATAL\0VFATAL\0C28P01\0M" + self.words + b"\0H" + self.words + b"\0\0"))


class MysqlEcho(Echo):
    def serve(self, client):
        with client:
            payload = b"\xff\x15\x04" + self.words[:500]
            client.sendall(struct.pack("<I", len(payload))[:3] + b"\0" + payload)


# RS-026
@pytest.mark.parametrize("echo, dsn", [(PostgresEcho, "postgresql://ada:{}@127.0.0.1:{}/d?sslmode=disable"),
                                       (MysqlEcho, "mysql://ada:{}@127.0.0.1:{}/d?ssl_mode=DISABLED")])
@pytest.mark.parametrize("log", ["text", "json"])
@pytest.mark.parametrize("cut", range(0, 24, 3))
def test_a_server_that_repeats_the_password_is_not_repeated(penstock, echo, dsn, log, cut):
    # The padding moves the password to where a long message is cut.
    for padding in (b"", b"x" * (370 + cut)):
        with echo(padding + every_form(MARK)) as server:
            connected(penstock, dsn.format(MARK, server.port))
            result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", QUERY, "-o", "x.csv",
                              env={"PENSTOCK_LOG_FORMAT": log})
        assert result.code == 3, result
        check(MARK, stderr=result.err)
        check(MARK[:6], stderr=result.err)
        assert "***" in result.err or padding, result
        assert "\x1b" not in result.err and "\x07" not in result.err
        result.err.encode()  # stray bytes of the server's are escaped


# ---- with the right password: everything behind the connection ----


@pytest.fixture(params=["POSTGRES", "MARIADB", "MYSQL"])
def real(request, penstock):
    """The program with a real login, and the password of it."""
    dsn = variable(f"PENSTOCK_TEST_{request.param}_DSN")
    penstock.secret = dsn.partition("://")[2].partition("@")[0].partition(":")[2]
    return connected(penstock, dsn)


# RS-026
def test_no_failure_behind_the_login_tells_the_password(real, recipe):
    (real.cwd / "folder.csv").mkdir()
    for name, arguments in commands(real.cwd, recipe, "SELECT nope"):
        result = real(name, *arguments)
        asks_nothing = name in ("doctor", "validate") or "health" in arguments
        assert result.code == (0 if asks_nothing else 3), (name, arguments, result)
        check(real.secret, stdout=result.bytes, stderr=result.err)
    for command in (["query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELEC 1"],
                    ["query", "--dsn-env", "PENSTOCK_SHOP_DSN", "DROP TABLE t", "-o", "x.csv"],
                    ["query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT 1 AS a", "-o", "folder.csv"],
                    ["query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT 1 AS a", "-o", "/dev/full", "--format", "csv"],
                    ["query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT 1 AS a, 2 AS b", "--max-bytes", "1", "-o", "x.csv"]):
        result = real(*command, "-v", env={"PENSTOCK_LOG_FORMAT": "json"})
        assert result.code in (2, 3, 5), (command, result)
        check(real.secret, stdout=result.bytes, stderr=result.err)
    check_files(real.secret, real.cwd)


# RS-026
def test_no_file_that_a_run_leaves_holds_the_password(real, recipe):
    for name in ("a.parquet", "a.csv", "a.arrow", "a.arrows", "a.jsonl", "a.csv.gz"):
        result = real("fetch", recipe(QUERY), "-o", name, "--report", f"{name}.json", "-v")
        assert result.code == 0, result
        check(real.secret, stdout=result.bytes, stderr=result.err)
    for name, arguments in (*commands(real.cwd, recipe), ("plan", [recipe(QUERY)]), ("doctor", ["--json"])):
        result = real(name, *arguments)
        assert result.code == 0, (name, arguments, result)
        check(real.secret, stdout=result.bytes, stderr=result.err)
    assert {"x.csv", "x.parquet", "r.json", "t.csv", "t.json", "g.csv"} < set(left_in(real.cwd))
    check_files(real.secret, real.cwd)


# RS-026
def test_a_cancelled_run_tells_no_password(real):
    sleep = "SELECT pg_sleep(60)" if real.env["PENSTOCK_SHOP_DSN"].startswith("postgres") else "SELECT SLEEP(60)"
    process = real.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sleep, "-o", "x.csv")
    wait_until(lambda: os.path.exists(real.cwd / "x.csv.lock"))
    check_process(real.secret, process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    check(real.secret, stdout=out, stderr=err)
    check_files(real.secret, real.cwd)
