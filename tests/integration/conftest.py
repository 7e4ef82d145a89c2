"""The real program on real SQLite files. PENSTOCK_BIN names it; the default is build/penstock."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import sqlite3
import struct
import subprocess
import termios
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.path.abspath(os.environ.get("PENSTOCK_BIN", str(ROOT / "build" / "penstock")))
SECONDS = 60  # after which a run counts as hung

# Runs until something stops it, at a cost of no memory.
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n"
# Gives rows without end.
ENDLESS_ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"


class Result:
    def __init__(self, code, out, err):
        self.code = code
        self.bytes = out
        self.err = err

    @property
    def out(self):
        return self.bytes.decode()

    @property
    def json(self):
        return json.loads(self.bytes)

    @property
    def events(self):
        """Standard error as the JSON lines it must be."""
        return [json.loads(line) for line in self.err.splitlines()]

    @property
    def error(self):
        """The last line of a failure, which must be event `error`."""
        last = self.events[-1]
        assert last["event"] == "error", self.err
        return last

    def names(self):
        return [event["event"] for event in self.events]

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.bytes[:500]!r}\nstderr: {self.err}"


def _child_setup():
    # A shell's background job has SIGINT ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


class Penstock:
    def __init__(self, cwd):
        self.cwd = cwd
        self.env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def _environment(self, env):
        return {**self.env, **(env or {})}

    def start(self, *args, env=None, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen([PROGRAM, *map(str, args)], cwd=self.cwd, preexec_fn=_child_setup,
                                env=self._environment(env), **options)

    def __call__(self, *args, env=None, input=None):
        process = self.start(*args, env=env,
                             stdin=subprocess.DEVNULL if input is None else subprocess.PIPE)
        try:
            out, err = process.communicate(None if input is None else input.encode(), timeout=SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return Result(process.returncode, out, err.decode())

    def on_terminal(self, *args, env=None, columns=80, out_to=None, keys=None):
        """Runs with standard input, output and error on a terminal (output in `out_to`, if given).

        `keys` is called with the text so far and gives what is to be typed, or nothing.
        """
        terminal = Terminal(self, args, env, columns, out_to)
        return terminal.run(keys)


class Terminal:
    def __init__(self, penstock, args, env, columns, out_to):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

        def setup():
            _child_setup()
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen([PROGRAM, *map(str, args)], cwd=penstock.cwd, stdin=slave,
                                        stdout=slave if out_to is None else out_to, stderr=slave,
                                        preexec_fn=setup, env=penstock._environment(env))
        os.close(slave)

    def run(self, keys):
        seen = b""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    got = os.read(self.master, 65536)
                except OSError:  # EIO: the other end is closed
                    break
                if not got:
                    break
                seen += got
            typed = keys(seen.decode(errors="replace")) if keys else None
            if typed:
                os.write(self.master, typed)
        else:
            self.process.kill()
        code = self.process.wait()
        os.close(self.master)
        return Screen(code, seen.decode().replace("\r\n", "\n"))


class Screen:
    """What a terminal was sent, and what is left to see on it."""

    def __init__(self, code, raw):
        self.code = code
        self.raw = raw

    @property
    def text(self):
        """Without colours, and with what was erased gone."""
        lines = []
        for line in self.raw.split("\n"):
            line = line.rsplit("\x1b[K", 1)[-1] if "\x1b[K" in line else line
            lines.append(re.sub(r"\x1b\[[0-9;]*m", "", line).replace("\r", ""))
        return "\n".join(lines)

    def __repr__(self):
        return f"exit {self.code}\n{self.raw!r}"


@pytest.fixture(scope="session", autouse=True)
def program():
    if not os.access(PROGRAM, os.X_OK):
        pytest.exit(f"no program at {PROGRAM}: build it, or set PENSTOCK_BIN", returncode=3)
    return PROGRAM


@pytest.fixture
def penstock(tmp_path):
    return Penstock(tmp_path)


ORDERS = [
    (1, "Ada", 12.5, "2026-01-02 03:04:05", 1),
    (2, "Grace", None, "2026-01-03 00:00:00", 0),
    (3, 'Zoë "Z", 東京\nline two', 99.99, None, 1),
]


@pytest.fixture
def shop(tmp_path, penstock):
    """A small shop in shop.db, and PENSTOCK_SHOP_DSN for it."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, total REAL, "
                           "paid_at TIMESTAMP, paid BOOLEAN)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", ORDERS)
    connection.close()
    penstock.env["PENSTOCK_SHOP_DSN"] = f"sqlite:///{path}"
    return path


@pytest.fixture
def numbers(tmp_path, penstock):
    """100,000 rows in numbers.db, and PENSTOCK_SHOP_DSN for it."""
    path = tmp_path / "numbers.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT)")
        connection.execute("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 100000) "
                           "INSERT INTO numbers SELECT i, printf('word %d', i * 7919 % 100000) FROM c")
    connection.close()
    penstock.env["PENSTOCK_SHOP_DSN"] = f"sqlite:///{path}"
    return path


@pytest.fixture
def recipe(tmp_path):
    """Writes a recipe and gives its path; the keyword `more` is put behind the source section."""

    def write(query="SELECT id, customer, total FROM orders ORDER BY id", *, name="orders", source="",
              more="", file="orders.yaml", dsn_env="PENSTOCK_SHOP_DSN"):
        body = "\n".join("    " + line for line in query.splitlines())
        text = f"name: {name}\nsource:\n  type: sql\n  dsn_env: {dsn_env}\n  query: |\n{body}\n"
        for line in source.splitlines():
            text += f"  {line}\n"
        path = tmp_path / file
        path.write_text(text + more)
        return path

    return write


def left_in(folder):
    """The names of all files under a folder, without the databases and recipes."""
    skipped = (".db", ".yaml", ".sql")
    return sorted(str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*")
                  if path.is_file() and not path.name.endswith(skipped))


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited in vain")


def leave_after_the_first_row(process):
    """Reads the header and the first row of CSV of a column "i" that never ends, and goes away."""
    try:
        assert process.stdout.readline() == b'"i"\n'
        assert process.stdout.readline() == b"1\n"
    finally:
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        process.stderr.close()
