"""Runs the fenced blocks of a Markdown page in order, as its reader would.

- ```python: run in one interpreter for the page, so that a block sees the names of those before it; it must not raise.
- ```console: as tests/integration/console.py says, on a terminal, with `penstock` and `python` of the environment.
- Any other block is text, unless <!-- file: NAME --> stands in the line before it: then it is written to that file.

<!-- not run --> in the line before a block leaves it out; the page says there why a reader would not run it either.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "integration"))

import console

FENCE = re.compile(r"(?:^<!-- (?P<mark>.+?) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
# Runs what it is sent, a JSON line each, in one namespace; answers with what was raised, or null.
INTERPRETER = """
import json, sys, traceback
answers, sys.stdout = sys.stdout, sys.stderr
names = {"__name__": "__main__"}
for line in sys.stdin:
    block = json.loads(line)
    try:
        exec(compile("\\n" * block["line"] + block["text"], block["page"], "exec"), names)
        raised = None
    except BaseException:
        raised = traceback.format_exc()
    print(json.dumps(raised), file=answers, flush=True)
"""


class Interpreter:
    def __init__(self, python, cwd, env):
        self.process = subprocess.Popen([python, "-c", INTERPRETER], cwd=cwd, env=env, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def run(self, page, line, text):
        print(json.dumps({"page": page, "line": line, "text": text}), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        return json.loads(answer) if answer else "the interpreter ended"

    def end(self):
        self.process.communicate(timeout=60)


def blocks_of(text):
    """(line, kind, mark or None, text) of each fenced block."""
    for found in FENCE.finditer(text):
        yield (text.count("\n", 0, found.start("text")), found["kind"], found["mark"], found["text"])


def check(page, cwd, env, python=sys.executable):
    """Runs the page's blocks in the folder `cwd`, `python` being the interpreter; what is wrong, a text each."""
    interpreter, exported, wrong = Interpreter(python, cwd, env), "", []
    for line, kind, mark, text in blocks_of(page.read_text()):
        if mark == "not run":
            continue
        if mark and mark.startswith("file: "):
            path = cwd / mark.removeprefix("file: ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif kind == "python":
            raised = interpreter.run(page.name, line, text)
            if raised:
                wrong.append(f"{page.name}:{line}: {raised}")
        elif kind == "console":
            part = cwd / f".{page.name}"
            part.write_text("\n" * (line - 1 - exported.count("\n")) + f"```console\n{exported}{text}```\n")
            wrong += console.check(part, cwd, env)
            exported = "".join(f"$ {step.command}\n" for step in console.steps_of(part.read_text())
                               if console.KEPT.match(step.command))
    interpreter.end()
    return wrong
