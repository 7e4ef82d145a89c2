"""Programs of a newer Debian than this machine's, unpacked into a folder of their own.

The system's own package sources, its dpkg database and its libraries are untouched: apt works in the folder, and a
program runs with the libraries that it was built for.
"""

import os
import pathlib
import shutil
import subprocess

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


class Archive:
    """The packages of one release of Debian; `folder` is made anew and holds apt's files and, under root/, theirs."""

    def __init__(self, folder, release):
        if not pathlib.Path(KEYRING).exists():
            raise RuntimeError("no archive keyring: apt-get install debian-archive-keyring")
        self.folder = folder
        self.root = folder / "root"
        self.apt = folder / "apt"
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("lists/partial", "cache/archives/partial", "none"):
            (self.apt / name).mkdir(parents=True)
        # The archive that this machine already uses, whatever mirror that is.
        archives = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split()
        archive = next((uri for uri in archives if "security" not in uri), None)
        if archive is None:
            raise RuntimeError("apt knows no archive: apt-get update")
        architecture = run("dpkg", "--print-architecture").strip()
        (self.apt / "status").touch()
        (self.apt / "sources.list").write_text(f"deb [arch={architecture} signed-by={KEYRING}] {archive} {release} main\n")
        (self.apt / "apt.conf").write_text(APT.format(folder=self.apt))
        self.environment = os.environ | {"APT_CONFIG": str(self.apt / "apt.conf")}
        run("apt-get", "-q", "update", env=self.environment)

    def names(self):
        """Of all its packages."""
        return run("apt-cache", "pkgnames", env=self.environment).split()

    def unpack(self, *packages):
        """The packages and all they need under `root`; apt's own files are dropped."""
        run("apt-get", "-q", "-y", "--no-install-recommends", "--download-only", "install", *packages,
            env=self.environment)
        for package in sorted((self.apt / "cache" / "archives").glob("*.deb")):
            run("dpkg-deb", "-x", package, self.root)
        shutil.rmtree(self.apt)


def libraries(root):
    """The folder of what was unpacked's libraries."""
    return next((root / "usr" / "lib").glob("*-linux-gnu"))


def loader(root):
    return next(libraries(root).glob("ld-linux*.so.*"))


def command(root, program):
    """What starts the unpacked `program`, "bin/patchelf" for one, with the libraries beside it."""
    return [str(loader(root)), "--library-path", str(libraries(root)), str(root / "usr" / program)]
