"""Puts the libraries that the module and the program need beside them, under names of their own.

usage: bundle.py PACKAGE PROGRAM ARROW

PACKAGE is the installed package's folder, PROGRAM the installed program; both are changed. ARROW is a folder that is
searched for libraries first. What is there by the same name in another version, loaded by another module of the process
(pyarrow's Arrow, psycopg's libpq), is never taken for ours, and ours never for theirs.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

# Left to the system: what every Linux with a current Python has, and what must not be there twice. SQLite: two copies in
# one process lose each other's locks on one file (POSIX locks belong to the process). OpenSSL: the system's is the one
# that gets its security updates and knows its certificates.
SYSTEM = re.compile(
    r"(ld-linux.*|lib(c|m|pthread|dl|rt|resolv|util|gcc_s|stdc\+\+|z|ssl|crypto|sqlite3))\.so(\..*)?|linux-vdso.*"
)
# Where a program in bin/ finds a package: venvs, --user, Debian's own prefix, --target.
SITES = [f"{lib}/python3.{minor}/{site}" for minor in range(11, 20) for lib in ("lib", "lib64")
         for site in ("site-packages", "dist-packages")]


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def needed_by(binary, folder):
    """Every library that `binary` would load, by name."""
    search = os.pathsep.join(filter(None, [folder, os.environ.get("LD_LIBRARY_PATH")]))
    found = {}
    for line in run("ldd", str(binary), env={**os.environ, "LD_LIBRARY_PATH": search}).splitlines():
        name, _, rest = line.strip().partition(" => ")
        if rest.startswith("not found"):
            sys.exit(f"bundle.py: {binary} needs {name}, which is not found")
        if rest and not SYSTEM.fullmatch(name):
            found[name] = rest.split(" (")[0]
    return found


def own_name(name):
    """libpq.so.5 -> libpq-penstock.so.5"""
    stem, _, version = name.partition(".so")
    return f"{stem}-penstock.so{version}"


def rename_needs(binary, renamed, *rest):
    needs = set(run("patchelf", "--print-needed", str(binary)).split())
    options = [word for name in sorted(needs & renamed.keys()) for word in ("--replace-needed", name, renamed[name])]
    run("patchelf", *options, *rest, str(binary))


def main():
    package, program, arrow = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    [module] = package.glob("_native*.so")
    libraries = needed_by(module, arrow) | needed_by(program, arrow)
    renamed = {name: own_name(name) for name in libraries}
    folder = package / "lib"
    folder.mkdir(exist_ok=True)
    for name, path in libraries.items():
        copy = folder / renamed[name]
        shutil.copyfile(path, copy)
        copy.chmod(0o755)
        rename_needs(copy, renamed, "--set-soname", copy.name, "--set-rpath", "$ORIGIN")
    rename_needs(module, renamed, "--set-rpath", "$ORIGIN/lib")
    places = [f"$ORIGIN/../{site}/penstock/lib" for site in SITES] + ["$ORIGIN/../penstock/lib"]
    rename_needs(program, renamed, "--set-rpath", ":".join(places))
    print(f"bundled {len(libraries)} libraries, "
          f"{sum((folder / name).stat().st_size for name in renamed.values()) >> 20} MiB")


if __name__ == "__main__":
    main()
