"""Holds the documents to the program and to each other.

usage: docs.py [--write] [--program PROGRAM] [ROOT]

- README.md is short, and names the commands that build and test.
- Every relative link, and its #anchor, leads somewhere.
- docs/reference/cli.md holds the help text of the program and of each command, between `<!-- help: penstock X -->` and
  `<!-- /help -->` (--write puts it there), and speaks of no flag that no help has.
- docs/reference/recipe.md names every key of `penstock schema recipe`; docs/reference/errors.md every exit code.
- Every promise of SECURITY.md names tests that prove it, and each is there.
- No tracked file holds a path of the machine it was written on. A source file over 500 lines gets a warning.
"""

import argparse
import json
import re
import subprocess
from pathlib import Path

from common import ROOT, finish, project_files

README_LINES = 120
SOURCE_LINES = 500
README_COMMANDS = ("./dev demo", "./dev test")
MACHINE_PATH = re.compile(r"(?<![\w.~*])/(?:work|root|home)/")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
HELP = re.compile(r"<!-- help: (penstock[\w -]*?) -->\n(.*?)<!-- /help -->", re.DOTALL)
FLAG = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]*)")
PROOF = re.compile(r"  - `([\w/.]+)::([\w.]+)`")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)


class Docs:
    def __init__(self, root, program):
        self.root = root
        self.program = program
        self.findings = []
        self.warnings = []

    def say(self, path, line, message):
        self.findings.append(f"{path}:{line}: {message}")

    def text(self, name):
        path = self.root / name
        if path.is_file():
            return path.read_text()
        self.say(name, 1, "is not there")
        return None

    # ---- README ----

    def check_readme(self):
        text = self.text("README.md")
        if text is None:
            return
        lines = text.count("\n")
        if lines >= README_LINES:
            self.say("README.md", lines, f"{lines} lines; it stays under {README_LINES}")
        for command in README_COMMANDS:
            if command not in text:
                self.say("README.md", 1, f"does not name `{command}`")

    # ---- links ----

    def anchors(self, path):
        """The #anchors of a Markdown file's headings, as GitHub makes them."""
        found = set()
        for line in FENCE.sub("", path.read_text()).splitlines():
            match = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
            if match:
                slug = re.sub(r"[^\w\- ]", "", match.group(1).lower()).replace(" ", "-")
                number = 0
                while (slug if not number else f"{slug}-{number}") in found:
                    number += 1
                found.add(slug if not number else f"{slug}-{number}")
            found.update(re.findall(r'<a (?:id|name)="([^"]+)"', line))
        return found

    def check_links(self):
        for path in project_files(self.root, "*.md"):
            name = path.relative_to(self.root).as_posix()
            text = path.read_text()
            # Code shows links, it has none; blank it without moving lines.
            prose = FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
            prose = re.sub(r"`[^`\n]*`", lambda m: " " * len(m.group()), prose)
            for match in LINK.finditer(prose):
                self.check_link(path, name, prose.count("\n", 0, match.start()) + 1, match.group(1))

    def check_link(self, path, name, line, link):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            return
        target, _, anchor = link.partition("#")
        there = (path.parent / target).resolve() if target else path
        if not there.exists():
            self.say(name, line, f"the link '{link}' leads nowhere")
        elif not there.is_relative_to(self.root):
            self.say(name, line, f"the link '{link}' leads out of the project")
        elif anchor and there.suffix == ".md" and anchor not in self.anchors(there):
            self.say(name, line, f"the link '{link}' leads to no heading of {there.name}")

    # ---- the program ----

    def output(self, *arguments):
        result = subprocess.run(
            [self.program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
        )
        if result.returncode != 0:
            self.say("build/penstock", 1, f"`penstock {' '.join(arguments)}` exits {result.returncode}: "
                     + result.stderr.strip()[-200:])
            return None
        return "\n".join(line.rstrip() for line in result.stdout.strip().splitlines())

    def help_texts(self):
        """{"penstock": its help, "penstock fetch": ..., ...}, or nothing if the program has no help."""
        top = self.output("--help")
        if top is None:
            return {}
        commands, listing = [], False
        for line in top.splitlines():
            if re.match(r"(sub)?commands:", line, re.IGNORECASE):
                listing = True
            elif listing and re.match(r"\S", line):
                listing = False
            elif listing and (match := re.match(r"  ([a-z][a-z-]*)\b", line)):
                commands.append(match.group(1))
        if not commands:
            self.say("build/penstock", 1, "`penstock --help` lists no commands")
        texts = {"penstock": top}
        for command in commands:
            text = self.output(command, "--help")
            if text is not None:
                texts[f"penstock {command}"] = text
        return texts

    def check_cli(self, write):
        name = "docs/reference/cli.md"
        text = self.text(name)
        texts = self.help_texts()
        if text is None or not texts:
            return
        if write:
            text = HELP.sub(lambda m: f"<!-- help: {m.group(1)} -->\n```text\n{texts[m.group(1)]}\n```\n<!-- /help -->"
                            if m.group(1) in texts else m.group(), text)
            (self.root / name).write_text(text)
        shown = {}
        for match in HELP.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            command = match.group(1)
            shown[command] = line
            if command not in texts:
                self.say(name, line, f"shows the help of '{command}', which the program does not have")
            elif match.group(2) != f"```text\n{texts[command]}\n```\n":
                self.say(name, line, f"the help of '{command}' is not what the program prints; "
                         "`./dev check --fix` puts it in")
        for command in texts:
            if command not in shown:
                self.say(name, 1, f"does not show the help of '{command}': "
                         f"add the lines <!-- help: {command} --> and <!-- /help -->")
        flags = {flag for help_text in texts.values() for flag in FLAG.findall(help_text)}
        prose = HELP.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
        for number, line in enumerate(prose.splitlines(), 1):
            for flag in FLAG.findall(line):
                if flag not in flags:
                    self.say(name, number, f"speaks of {flag}, which no help text has")

    def check_recipe(self):
        name = "docs/reference/recipe.md"
        text = self.text(name)
        schema = self.output("schema", "recipe")
        if text is None or schema is None:
            return
        code = " ".join(re.findall(r"`([^`]+)`", text))
        for key in sorted(set(keys_of(json.loads(schema)))):
            if not re.search(rf"(?<![\w]){re.escape(key)}(?![\w])", code):
                self.say(name, 1, f"does not name the key `{key}` of `penstock schema recipe`")

    def check_errors(self):
        """Every exit code and error type of the table in src/base/error.cc is explained, and every code of an error."""
        name = "docs/reference/errors.md"
        text, source = self.text(name), self.text("src/base/error.cc")
        if text is None or source is None:
            return
        rows = re.findall(r'\{k\w+,\s*"(\w+)",\s*(\d+),', source)
        if not rows:
            self.say("src/base/error.cc", 1, "the table of categories was not found")
        for error_type, code in rows:
            if error_type not in text:
                self.say(name, 1, f"does not name {error_type}")
            if not re.search(rf"\b{code}\b", text):
                self.say(name, 1, f"does not name exit code {code}")
        explained = set(re.findall(r"`(\w+)`", text))
        for path in project_files(self.root, "src/*.cc", "src/*.h", "apps/*.cc", "python/*.cc"):
            for code in re.findall(r'Category::k\w+,\s*"(\w+)"', path.read_text()):
                if code not in explained:
                    self.say(name, 1, f"does not name the code {code} of {path.relative_to(self.root)}")

    # ---- promises ----

    def check_security(self):
        """A promise is an item of a list under "## Promises"; the items below it are tests/FILE::NAME."""
        name = "SECURITY.md"
        text = self.text(name)
        if text is None:
            return
        promise, section = None, False
        for number, line in enumerate([*text.splitlines(), "## "], 1):
            if line.startswith("- ") or line.startswith("## "):
                if promise:
                    self.say(name, promise, "a promise without a test that proves it")
                promise = number if section and line.startswith("- ") else None
            if line.startswith("## "):
                section = line == "## Promises"
            elif section and line.startswith("  - "):
                promise = None
                self.check_proof(name, number, line)

    def check_proof(self, name, number, line):
        match = PROOF.fullmatch(line)
        if not match:
            self.say(name, number, "a proof is written `FILE::NAME`, FILE under tests/")
            return
        file, test = match.groups()
        path = self.root / "tests" / file
        if not path.is_file():
            self.say(name, number, f"there is no tests/{file}")
            return
        if path.suffix == ".py":
            wanted = rf"^def {re.escape(test)}\("
        elif path.suffix == ".cc":
            suite, _, case = test.partition(".")
            wanted = rf"^TEST(?:_F|_P)?\({suite},\s+{case}\)"
        else:  # tests that CMake adds
            wanted = rf"(?<![\w.]){re.escape(test)}(?![\w.])"
        if not re.search(wanted, path.read_text(), re.MULTILINE):
            self.say(name, number, f"tests/{file} has no test {test}")

    # ---- the tree ----

    def check_tree(self):
        for path in project_files(self.root):
            name = path.relative_to(self.root).as_posix()
            try:
                text = path.read_text()
            except UnicodeDecodeError:
                continue
            for number, line in enumerate(text.splitlines(), 1):
                if MACHINE_PATH.search(line):
                    self.say(name, number, "holds an absolute path of a machine")
            if path.suffix in (".cc", ".h", ".py") and text.count("\n") > SOURCE_LINES:
                self.warnings.append(f"{name}: {text.count(chr(10))} lines; split it by what its parts know")


def keys_of(schema):
    """The property names of a JSON Schema, at every depth."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for value in schema.values():
            yield from keys_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys_of(value)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--program", type=Path)
    parser.add_argument("root", type=Path, nargs="?", default=ROOT)
    options = parser.parse_args()
    root = options.root.resolve()
    docs = Docs(root, options.program or root / "build/penstock")
    docs.check_readme()
    docs.check_links()
    if Path(docs.program).is_file():
        docs.check_cli(options.write)
        docs.check_recipe()
    else:
        docs.say("build/penstock", 1, "is not built")
    docs.check_errors()
    docs.check_security()
    docs.check_tree()
    for warning in docs.warnings:
        print(f"warning: {warning}")
    finish("docs", docs.findings, "the documents agree with the program and each other")


if __name__ == "__main__":
    main()
