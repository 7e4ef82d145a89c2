"""What a number was measured on: without it, it says nothing."""

import os
import pathlib
import platform
import re
import subprocess


# Python programs that Penstock takes a part in, as their own lists pin them.
HOSTS = ("recotem", "flytekitplugins-sqlalchemy", "remote-store")


def describe():
    memory_kb = int(re.search(r"MemTotal:\s+(\d+)", _read("/proc/meminfo"))[1])
    model = re.search(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo"))
    system = re.search(r'PRETTY_NAME="(.+)"', _read("/etc/os-release"))
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory_kb * 1024 / 1e9, 1),
        "kernel": ".".join(platform.release().split(".")[:2]),
        "system": system[1] if system else platform.system(),
    }


def versions(build, requirements, source):
    cache = dict(re.findall(r"^(\w+):\w+=(.*)$", _read(build / "CMakeCache.txt"), re.MULTILINE))
    pins = re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)", requirements.read_text(), re.MULTILINE)
    hosts = [(package, _pin(source, package)) for package in HOSTS]
    return {
        "penstock": _first_line([build / "penstock", "--version"]),
        "commit": _first_line(["git", "-C", source, "describe", "--always", "--dirty"]),
        "build_type": cache.get("CMAKE_BUILD_TYPE") or "RelWithDebInfo",  # CMakeLists.txt's default
        "sanitizers": cache.get("PENSTOCK_SANITIZE", ""),
        "compiler": _first_line([cache["CMAKE_CXX_COMPILER"], "--version"]),
        "python": platform.python_version(),
        "peers": dict(pins + hosts),
    }


def _pin(source, package):
    text = "".join(_read(path) for path in sorted(source.glob("tools/requirements-*.txt")))
    return re.search(rf"^{package}==(\S+)", text, re.MULTILINE)[1]


def client(build, database):
    """The client library, as the database's loop is linked to it: it and no other program knows."""
    loop = {"sqlite": "sqlite_loop", "postgresql": "pg_loop"}.get(database, "mysql_loop")
    return _first_line([build / "bench" / loop, "--version"])


def load_average():
    return os.getloadavg()[0]


def _read(path):
    return pathlib.Path(path).read_text()


def _first_line(command):
    """Empty for a program that this run did not need and so did not build."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return (done.stdout.splitlines() or [""])[0]
