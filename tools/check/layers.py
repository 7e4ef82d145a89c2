"""Holds the river: every include, third-party header, link edge and system call stays in the stage it belongs to.

usage: layers.py [ROOT]

The tables say what is allowed; docs/architecture.md says why. Each finding is one line, FILE:LINE: what is wrong.
"""

import re
import sys
from pathlib import Path

from common import ROOT, finish

# ---- what is allowed ----

DIALECTS = ("sqlite", "postgres", "mysql")

# A stage may include itself and these. "dialect" is the interface that every dialect implements, src/dialect/*.h.
STAGES = {
    "base": (),
    "declare": ("base",),
    "guard": ("base",),
    "columns": ("base",),
    "dialect": ("base", "declare", "guard", "columns"),
    **{f"dialect/{name}": ("base", "declare", "guard", "columns", "dialect") for name in DIALECTS},
    "sink": ("base",),
    "engine": ("base", "declare", "guard", "columns", "dialect", "sink"),
    **{f"faces/{name}": ("base", "declare", "guard", "sink", "engine") for name in ("recipe", "task", "store")},
    "apps": ("base", "declare", "sink", "engine", "faces/recipe", "faces/task", "faces/store"),
    "python": ("base", "declare", "sink", "engine", "faces/recipe", "faces/task", "faces/store"),
}
# Of other stages this one sees public headers alone: what the module needs, a C++ program could need.
PUBLIC_ONLY = ("python",)
# Where the sources are that are not in src/, and what stands before the names of their own headers.
TOPS = {"apps": "apps", "python": "python"}

# Of these stages a dialect sees only the headers named; public headers of theirs are named by their path, too.
NARROW = {
    "declare": {"declare/first_word.h", "declare/partition.h", "declare/scanner.h", "declare/statement.h",
                "penstock/query.h"},
    "guard": {"guard/dial.h", "guard/dsn.h", "guard/routes.h", "guard/target.h"},
}

# The one file outside src/dialect that may name the dialects.
REGISTRY = "src/engine/registry.cc"
# The stages that otherwise name none, not even in a string: what is special about one belongs to it.
NAMELESS = ("engine", "sink", "columns")
DIALECT_NAME = re.compile(r"(?<![A-Za-z])(sqlite|postgres|postgresql|mysql|mariadb)(?![A-Za-z])", re.IGNORECASE)

# Third-party headers and the stages that are their home.
ARROW_USERS = ("columns", "dialect", *(f"dialect/{name}" for name in DIALECTS), "sink", "engine", "faces/recipe",
               "faces/task", "faces/store", "apps", "python")
HOMES = [
    (r"sqlite3(ext)?\.h", ("dialect/sqlite",)),
    (r"(libpq-fe|libpq/.*|pg_config.*|postgres.*)\.h", ("dialect/postgres",)),
    (r"(mysql|mariadb|mysql/.*|mariadb/.*|ma_pvio)(\.h)?", ("dialect/mysql",)),
    (r"libfyaml\.h", ("declare",)),
    (r"CLI/.*", ("apps",)),
    (r"nanobind/.*", ("python",)),
    (r"parquet/.*", ("sink",)),
    (r"openssl/.*", ("base", "sink", "dialect", "dialect/mysql")),
    (r"nlohmann/.*", ("declare", "sink", "engine", "faces/recipe", "faces/task", "faces/store", "apps")),
    (r"arrow/type_fwd\.h", tuple(STAGES)),
    (r"arrow/.*", ARROW_USERS),
    (r"fmt/.*", tuple(STAGES)),
]
POSIX = re.compile(
    r"(sys|linux)/.*\.h|(unistd|fcntl|signal|poll|pthread|dirent|termios|pwd|spawn|sched|syslog|time|errno|limits|stdlib"
    r"|string|stdio|stdint|fnmatch|glob|langinfo|malloc|cxxabi)\.h"
)
SOCKETS = re.compile(r"(netdb|arpa/inet|netinet/.*|net/if)\.h")

# Calls and the one stage that may make them.
CALLS = [
    (re.compile(r"\b((secure_|__secure_)?getenv|setenv|unsetenv|putenv|clearenv|_{0,2}environ)\b"), "base",
     "the environment is read in src/base alone (penstock::Environment)"),
    (re.compile(r"\b(getaddrinfo(_a)?|gethostby\w+|gethostent|getnameinfo|res_n?(query|search|querydomain|mkquery|send))\b"),
     "guard", "names are resolved in src/guard alone"),
    (re.compile(r"(?<![\w>:])::connect\b"), "guard", "sockets are connected in src/guard alone"),
    (re.compile(r"\bsyscall\s*\("), None, "no number of a system call is seen through: call it by its name"),
]
# Without its :: the system's connect is told from a method of ours by its three arguments; a dialect's own has three, too.
CONNECT = re.compile(r"(?<![\w>.:])connect\s*\(")

# ---- the check ----

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')
STAGE_LINE = re.compile(r"// Stage: ([a-z/]+)\. \S")
TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^()\\\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-zA-Z_])\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)


def without(text, comments_only):
    """The code with its comments (and, unless `comments_only`, strings) blanked, every line where it was."""

    def blank(match):
        token = match.group()
        if comments_only and not token.startswith("/"):
            return token
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, text)


def stage_of(path):
    """The stage of a file given relative to the root, or None."""
    parts = path.split("/")
    if parts[0] in TOPS:
        return TOPS[parts[0]]
    if parts[0] != "src":
        return None
    name = "/".join(parts[1:-1])
    while name and name not in STAGES:
        name = name.rpartition("/")[0]
    return name or None


def arguments(text, start):
    """How many a call has whose brackets begin before `start`."""
    depth, commas = 1, 0
    for at in range(start, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return commas + 1 if text[start:at].strip() else 0
        commas += depth == 1 and text[at] == ","
    return 0


class Check:
    def __init__(self, root):
        self.root = root
        self.findings = []
        self.files = 0
        self.public = {}  # penstock/x.h -> its stage

    def say(self, path, line, message):
        self.findings.append(f"{path}:{line}: {message}")

    def run(self):
        self.read_public_headers()
        for top in ("src", *TOPS):
            for path in sorted((self.root / top).rglob("*")):
                if path.suffix in (".h", ".cc"):
                    self.check_file(path.relative_to(self.root).as_posix())
        self.check_links()

    def read_public_headers(self):
        headers = sorted((self.root / "include").rglob("*.h"))
        for path in headers:
            name = path.relative_to(self.root / "include").as_posix()
            match = STAGE_LINE.match(path.read_text().partition("\n")[0])
            if not match or match.group(1) not in STAGES:
                self.say(f"include/{name}", 1, 'the first line is "// Stage: NAME. What it is.", NAME one of '
                         + ", ".join(STAGES))
            self.public[name] = match.group(1) if match else None
        for path in headers:
            self.check_public(path.relative_to(self.root).as_posix())

    def includes(self, path):
        for number, line in enumerate((self.root / path).read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1), match.group(2)

    def check_public(self, path):
        self.files += 1
        stage = self.public[path.removeprefix("include/")]
        for line, angled, quoted in self.includes(path):
            if quoted and quoted.startswith("penstock/"):
                self.check_edge(path, line, stage, quoted, self.public.get(quoted))
            elif quoted or ("/" in angled or angled.endswith(".h")) and angled != "arrow/type_fwd.h":
                self.say(path, line, f"a public header includes '{angled or quoted}'; only std, penstock/ and "
                         "arrow/type_fwd.h are allowed")
        self.check_calls(path, stage, public=True)

    def check_file(self, path):
        self.files += 1
        stage = stage_of(path)
        if stage is None:
            self.say(path, 1, "belongs to no stage that tools/check/layers.py knows")
            return
        for line, angled, quoted in self.includes(path):
            if angled:
                self.check_third_party(path, line, stage, angled)
            else:
                self.check_quoted(path, line, stage, quoted)
        self.check_calls(path, stage)

    def check_quoted(self, path, line, stage, name):
        if name.startswith("penstock/"):
            if name not in self.public:
                self.say(path, line, f"no public header '{name}'")
            else:
                self.check_edge(path, line, stage, name, self.public[name])
            return
        if (self.root / "src" / name).is_file():
            if stage in PUBLIC_ONLY:
                self.say(path, line, f"stage {stage} includes '{name}'; it sees public headers alone (penstock/...)")
            else:
                self.check_edge(path, line, stage, name, stage_of("src/" + name))
            return
        for top, other in TOPS.items():
            if (self.root / top / name).is_file():
                if stage != other:
                    self.say(path, line, f"stage {stage} includes '{name}' of stage {other}, which is below it")
                return
        self.say(path, line, f"'{name}' is in neither src/ nor include/: write project includes from there, and "
                 "others with <>")

    def check_edge(self, path, line, stage, name, other):
        if stage is None or other is None or other == stage:
            return
        if path == REGISTRY and other.startswith("dialect/"):
            return
        if other not in STAGES[stage]:
            allowed = ", ".join(STAGES[stage]) or "nothing but itself"
            self.say(path, line, f"stage {stage} includes '{name}' of stage {other}; it may include {allowed}")
        elif stage.startswith("dialect") and other in NARROW and name not in NARROW[other]:
            self.say(path, line, f"a dialect includes '{name}'; of stage {other} it sees only "
                     + ", ".join(sorted(NARROW[other])))

    def check_third_party(self, path, line, stage, name):
        for pattern, home in HOMES:
            if re.fullmatch(pattern, name):
                if stage not in home:
                    self.say(path, line, f"<{name}> is included in stage {stage}; its home is "
                             + (", ".join(home) or "not in C++ stages"))
                return
        if name.startswith("penstock/") or (self.root / "src" / name).is_file():
            self.say(path, line, f'<{name}> is the project\'s own: include it as "{name}"')
        elif SOCKETS.fullmatch(name):
            if stage != "guard":
                self.say(path, line, f"<{name}> is included in stage {stage}; its home is guard")
        elif ("/" in name or name.endswith(".h")) and not POSIX.fullmatch(name):
            self.say(path, line, f"<{name}> has no home yet: give it one in tools/check/layers.py")

    def check_calls(self, path, stage, public=False):
        """A public header is at home nowhere: what it calls is in all that include it."""
        where = "a public header" if public else f"stage {stage}"
        text = (self.root / path).read_text()
        code = without(text, comments_only=False)
        for number, line in enumerate(code.splitlines(), 1):
            for pattern, home, rule in CALLS:
                match = pattern.search(line)
                if match and (public or stage != home):
                    self.say(path, number, f"'{match.group().rstrip('( ')}' in {where}: {rule}")
        if public or stage != "guard" and not stage.startswith("dialect"):
            for match in CONNECT.finditer(code):
                if arguments(code, match.end()) == 3:
                    self.say(path, code.count("\n", 0, match.start()) + 1,
                             f"'connect' in {where}: sockets are connected in src/guard alone")
        if stage not in NAMELESS or path == REGISTRY:
            return
        for number, line in enumerate(without(text, comments_only=True).splitlines(), 1):
            match = DIALECT_NAME.search(line)
            if match and not INCLUDE.match(line):
                self.say(path, number, f"stage {stage} names the dialect '{match.group()}'; only {REGISTRY} does")

    def check_links(self):
        """penstock_stage(NAME STAGES a b ...) of CMakeLists.txt: each edge allowed, each folder linked."""
        path = "CMakeLists.txt"
        text = (self.root / path).read_text()
        linked = {}
        for match in re.finditer(r"^penstock_stage\(([^)]*)\)", text, re.MULTILINE):
            words = match.group(1).split()
            stage, line = words[0], text.count("\n", 0, match.start()) + 1
            stages = words[words.index("STAGES") + 1 :] if "STAGES" in words else []
            linked[stage] = stages[: stages.index("LIBRARIES")] if "LIBRARIES" in stages else stages
            if stage not in STAGES:
                self.say(path, line, f"penstock_stage({stage}) is no stage that tools/check/layers.py knows")
                continue
            for other in linked[stage]:
                registry = stage == "engine" and other.startswith("dialect/")
                if other not in STAGES[stage] and not registry:
                    self.say(path, line, f"stage {stage} links {other}; it may link {', '.join(STAGES[stage])}")
        for folder in sorted({stage_of(p.relative_to(self.root).as_posix())
                              for p in (self.root / "src").rglob("*.cc")} - {None}):
            if folder not in linked:
                self.say(path, 1, f"src/{folder} has sources but no penstock_stage({folder} ...)")


def main():
    check = Check(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)
    check.run()
    finish("layers", check.findings, f"{check.files} files keep to their stages")


if __name__ == "__main__":
    main()
