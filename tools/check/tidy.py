"""clang-tidy over the sources of src/, apps/ and python/, in parallel; what was clean and has not changed is not read again.

usage: tidy.py BUILD_FOLDER...

A source is checked as the first of the folders compiles it.

A source's key is made of its compile command, the checks, and the content of every project file it includes (which
Ninja knows from compiling it); .cache/tidy holds the keys that came out clean.
"""

import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from common import ROOT, finish

TIDY = "clang-tidy-19"


def dependencies(build):
    """object -> the files it was compiled from, by Ninja's log."""
    listed = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    found, current = {}, []
    for line in listed.splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        elif ": #deps" in line:
            current = found.setdefault(line.partition(":")[0], [])
    return found


class Digests:
    """The digest of a file, each read once."""

    def __init__(self, build):
        self.build = build
        self.known = {}

    def of(self, name):
        path = (self.build / name).resolve()
        if path not in self.known:
            inside = path.is_relative_to(ROOT) and ".venv" not in path.parts
            # Files of the system and the wheel change with their package, and then in size or time.
            self.known[path] = (
                hashlib.sha256(path.read_bytes()).hexdigest() if inside
                else f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" if path.exists() else str(path)
            )
        return self.known[path]


def key_of(command, files, digests, common):
    digest = hashlib.sha256(common)
    digest.update(command.encode())
    for name in sorted(set(files)):
        digest.update(digests.of(name).encode())
    return digest.hexdigest()


def tidy(build, source):
    result = subprocess.run(
        [TIDY, "-p", build, "--quiet", source], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    # "N warnings generated." counts those suppressed in system headers.
    errors = "\n".join(line for line in result.stderr.splitlines() if "warning" not in line)
    return result.returncode, (result.stdout + errors).strip()


def commands(builds):
    """(build folder, source, compile command) of each source."""
    seen = set()
    for build in builds:
        for entry in json.loads((build / "compile_commands.json").read_text()):
            source = Path(entry["file"]).resolve()
            inside = any(source.is_relative_to(ROOT / folder) for folder in ("src", "apps", "python"))
            if inside and source not in seen:
                seen.add(source)
                yield build, source, entry["command"]


def main():
    builds = [(ROOT / name).resolve() for name in sys.argv[1:]]
    cache = ROOT / ".cache/tidy"
    cache.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    common = version + (ROOT / ".clang-tidy").read_bytes()
    compiled_from = {build: dependencies(build) for build in builds}
    digests = {build: Digests(build) for build in builds}
    work, total = [], 0
    for build, source, command in commands(builds):
        total += 1
        words = shlex.split(command)
        files = compiled_from[build].get(words[words.index("-o") + 1])
        key = cache / key_of(command, files, digests[build], common) if files else None
        if not (key and key.exists()):
            work.append((source, key, build))
    findings = []
    # The longest first, so that the last one running is a short one.
    work.sort(key=lambda item: -item[0].stat().st_size)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (source, key, _), (status, output) in zip(work, pool.map(lambda item: tidy(item[2], item[0]), work)):
            if status != 0:
                findings.append(output or f"{source}: clang-tidy exits {status}")
            elif key:
                key.touch()
    finish("clang-tidy", findings, f"{total} sources clean, {total - len(work)} of them unchanged")


if __name__ == "__main__":
    main()
