"""The module is a guest in its process: it changes nothing there."""

import gc
import weakref

import pytest
from conftest import DSN, Script

import penstock


def test_the_process_stays_as_it_was(shop, script):
    script(f"""
import json, os, resource, signal, sys, threading

def state():
    return {{
        "signals": [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "environment": dict(os.environ),
        "limits": {{name: resource.getrlimit(getattr(resource, name)) for name in dir(resource)
                   if name.startswith("RLIMIT")}},
        "directory": os.getcwd(),
        # But signals 32 and 33, which are the C library's own, for its threads.
        "caught": int(open("/proc/self/status").read().partition("SigCgt:")[2].split()[0], 16) & ~(3 << 31),
        "umask": (lambda mask: (os.umask(mask), mask)[1])(os.umask(0o22)),
        "locale": __import__("locale").setlocale(__import__("locale").LC_ALL),
    }}

before = state()
shown = open("/proc/self/environ").read()
import penstock
penstock.read("SELECT id FROM orders", dsn_env="{DSN}")._rows.next()
penstock.fetch("SELECT id FROM orders", dsn_env="{DSN}", out="x.parquet")
try:
    penstock.read("SELECT nothing", dsn_env="{DSN}")
except penstock.Error:
    pass
after = state()
assert after == before, {{key: (before[key], after[key]) for key in before if before[key] != after[key]}}
assert open("/proc/self/environ").read() == shown
assert "{DSN}=sqlite:///" in shown
assert threading.active_count() == 1
""", cwd=shop.parent)


def test_no_descriptor_and_no_thread_is_left_behind(shop, script):
    script(f"""
import gc, os, penstock

def counts():
    gc.collect()
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

def work():
    rows = penstock.read("SELECT id FROM orders", dsn_env="{DSN}", batch_rows=10)
    next(rows.batches())
    rows.close()
    for batch in penstock.read("SELECT id FROM orders", dsn_env="{DSN}").batches():
        pass
    next(penstock.read("SELECT id FROM orders", dsn_env="{DSN}", batch_rows=10).batches())

work()
before = counts()
for _ in range(20):
    work()
assert counts() == before, (counts(), before)
""")


def test_a_store_that_is_left_open_says_nothing_at_the_end(shop):
    code, out, err = Script(f"""
import penstock
def on_event(level, name, fields): pass
store = penstock.Store.of_queries({{"a.csv": "SELECT 1 AS one"}}, dsn_env="{DSN}", on_event=on_event)
store.read_bytes("a.csv")
rows = store.rows("a.csv")
lazy = penstock.scan_polars("a.csv", store=store)
lazy.collect()
""").end()
    assert (code, out, err) == (0, "", "")


def test_a_column_of_a_table_is_let_go_by_itself(shop, script):
    script(f"""
import time, penstock

def resident():
    status = open("/proc/self/status").read()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024

# A hundred megabytes of text, and one of numbers.
table = penstock.read("SELECT o.id, printf('%.*c', 1000, 'x') AS text FROM orders o, orders p LIMIT 100000",
                      dsn_env="{DSN}").to_pyarrow()
full = resident()
numbers = table.column("id")
del table
until = time.monotonic() + 30
while resident() > full - 80:
    assert time.monotonic() < until, (resident(), full)
    time.sleep(0.1)
assert len(numbers) == 100000
""", cwd=shop.parent)


# A thread that wants the GIL when the interpreter ends never gets it; it must not take the process with it.
@pytest.mark.parametrize("work", [
    "file.seek(0); file.read()",
    "store.read_bytes('a.parquet')",
    "list(store.rows('a.parquet').batches())",
    "penstock.fetch(SQL, dsn_env=DSN, out=f'{number}.parquet', progress=lambda *facts: None)",
    "next(penstock.read(SQL, dsn_env=DSN, batch_rows=10).batches())",
])
def test_threads_that_still_read_at_the_end_do_not_crash_it(shop, tmp_path, work):
    code, out, err = Script(f"""
import sys, threading, time, penstock

DSN = "{DSN}"
SQL = "SELECT o.* FROM orders o, orders p"
store = penstock.Store.of_queries({{"a.parquet": SQL}}, dsn_env=DSN)
started = threading.Barrier(4)

def read(number):
    with store.open("a.parquet") as file:
        started.wait()
        while True:
            {work}

for number in range(3):
    threading.Thread(target=read, args=(number,), daemon=True).start()
started.wait()
time.sleep(0.2)

class Slow:  # gives the threads time to ask while the interpreter ends
    def __del__(self, sleep=time.sleep):
        sleep(0.3)

sys.modules["slow"] = Slow()
""", cwd=tmp_path).end()
    assert (code, out, err) == (0, "", "")


@pytest.mark.parametrize("closed", [False, True])
def test_a_store_whose_callback_leads_back_to_it_is_collected(shop, closed):
    class Holder:
        def __init__(self):
            self.store = penstock.Store.of_queries({"a.csv": "SELECT 1 AS one"}, dsn_env=DSN, on_event=self.handle)

        def handle(self, level, name, fields):
            pass

    holder = Holder()
    holder.store.read_bytes("a.csv")
    if closed:
        holder.store.close()
    gone = weakref.ref(holder)
    del holder
    gc.collect()
    assert gone() is None


def test_a_closed_store_has_let_go_of_its_callback(shop):
    def on_event(level, name, fields):
        pass

    store = penstock.Store.of_queries({"a.csv": "SELECT 1 AS one"}, dsn_env=DSN, on_event=on_event)
    gone = weakref.ref(on_event)
    del on_event
    gc.collect()
    assert gone() is not None
    store.close()
    assert gone() is None


def test_importing_loads_no_arrow_library_of_others(script):
    out = script("""
import sys, penstock
print(sorted({name.partition(".")[0] for name in sys.modules} & {"pyarrow", "pandas", "polars", "numpy", "fsspec"}))
""")
    assert out == "[]\n"
