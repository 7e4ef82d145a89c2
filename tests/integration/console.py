"""Runs the console blocks of a Markdown file as a person would, on a terminal.

A block is fenced with ```console. A line that starts with `$ ` is a command (a `\\` at its end goes on in the next
line); what follows it is what the terminal shows. `...` alone on a line stands for any lines. The blocks of one file
share a folder and what they export. A command must succeed, unless an error is shown, or `# exit N` ends its line.
"""

import os
import pty
import re
import select
import signal
import subprocess
import time

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
KEPT = re.compile(r"(export|cd) ")
SECONDS = 60

# What differs from run to run.
CHANGING = [
    (re.compile(r"\bin \d+\.\d\d? s\b"), "in T s"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "TIME"),
    (re.compile(r'("(?:run_id)": ?)"[0-9a-f]{32}"'), r'\1"ID"'),
    (re.compile(r'("seconds": )[\d.e-]+'), r"\1T"),
    (re.compile(r"\b\d[\d,.]* (?:B|KB|MB|bytes)\b"), "SIZE"),  # of a file; by the encoder's version
    (re.compile(r"^(.{44})  +\d+\.\d s$", re.MULTILINE), r"\1 T s"),
]


class Step:
    def __init__(self, line, command, shown):
        self.line = line
        match = re.search(r" +# exit (\d+)$", command)
        self.command = command[: match.start()] if match else command
        self.shown = shown
        self.code = int(match.group(1)) if match else None

    @property
    def fails(self):
        return bool(self.code) or self.code is None and any(
            line.startswith("error:") or '"event":"error"' in line for line in self.shown)


def steps_of(text):
    """The commands of a Markdown text, and what is shown under each."""
    steps = []
    for block in BLOCK.finditer(text):
        number = text.count("\n", 0, block.start()) + 1
        lines = block.group(1).splitlines()
        assert lines[0].startswith("$ "), f"line {number}: a console block starts with a command"
        while lines:
            number += 1
            start, command = number, lines.pop(0)[2:]
            while command.endswith("\\"):
                number += 1
                command += "\n" + lines.pop(0)
            shown = []
            while lines and not lines[0].startswith("$ "):
                number += 1
                shown.append(lines.pop(0))
            steps.append(Step(start, command, shown))
    return steps


def normalised(text):
    for pattern, stands_for in CHANGING:
        text = pattern.sub(stands_for, text)
    return text


def agrees(shown, lines):
    """Whether `lines` are what is shown, `...` standing for any number of them."""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in shown)
    return re.fullmatch(pattern, "".join(line + "\n" for line in lines)) is not None


def on_terminal(command, cwd, env, seconds=SECONDS):
    """Exit code and text of a shell command whose input, output and errors are a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(["bash", "-c", command], cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave,
                               start_new_session=True)
    os.close(slave)
    seen, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([master], [], [], 0.05)[0]:
            try:
                got = os.read(master, 65536)
            except OSError:  # EIO: the other end is closed
                break
            if not got:
                break
            seen += got
    else:
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    os.close(master)
    lines = [line.rsplit("\x1b[K", 1)[-1] for line in seen.decode().replace("\r\n", "\n").split("\n")]
    return code, "\n".join(line.replace("\r", "") for line in lines)


def check(path, cwd, env, seconds=SECONDS):
    """Runs every command of the file, each for so long at most; what is wrong, a line each."""
    kept, wrong = "", []
    for step in steps_of(path.read_text()):
        code, text = on_terminal(kept + step.command, cwd, env, seconds)
        if KEPT.match(step.command):
            kept += step.command + "\n"
        where = f"{path.name}:{step.line}: $ {step.command}\n"
        failed = code != step.code if step.code is not None else (code != 0) != step.fails
        if failed:
            wrong.append(f"{where}exits {code}:\n{text}")
        elif step.shown and not agrees(normalised("\n".join(step.shown)).split("\n"),
                                       normalised(text).rstrip("\n").split("\n")):
            wrong.append(f"{where}prints:\n{text}")
    return wrong
