"""init, schema, doctor, completions, help and version."""

import re
import shutil
import subprocess
import time

import pytest

import penstock_version
from conftest import left_in

COMMANDS = ["fetch", "query", "run", "store", "validate", "plan", "init", "schema", "doctor", "completions"]


def flags_of(penstock, command):
    """The flags that a command's --help shows."""
    text = penstock(command, "--help").out
    return re.findall(r"(?:^  |, )(--?[a-z][a-z-]*)", text, re.M)


def test_init_writes_a_recipe_that_validates(penstock):
    result = penstock("init")
    assert result.code == 0
    assert penstock("init", "recipe").out == result.out
    (penstock.cwd / "r.yaml").write_text(result.out)
    checked = penstock("validate", "--offline", "r.yaml", env={"PENSTOCK_PARAM_SINCE": "2026-01-01"})
    assert checked.code == 0, checked


def test_init_never_overwrites(penstock):
    assert penstock("init", "-o", "r.yaml").code == 0
    before = (penstock.cwd / "r.yaml").read_text()
    assert before == penstock("init").out
    (penstock.cwd / "r.yaml").write_text("mine")
    result = penstock("init", "recipe", "-o", "r.yaml")
    assert result.code == 5
    assert result.error["message"] == "'r.yaml' exists; init never overwrites a file"
    assert (penstock.cwd / "r.yaml").read_text() == "mine"


def test_schema_prints_a_json_schema(penstock):
    schema = penstock("schema", "recipe").json
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"name", "source", "sink"} <= set(schema["properties"])


# RS-012
def test_doctor_shows_what_this_build_can_do(penstock):
    found = penstock("doctor", "--json", env={"PENSTOCK_MAX_SQL_ROWS": "5000"}).json
    assert found["version"] == penstock_version.VERSION
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["dialects"]["sqlite"])
    assert {"zstd", "snappy", "gzip"} <= set(found["codecs"])
    assert found["controls"] == {"PENSTOCK_MAX_SQL_ROWS": "5000"}
    assert found["problem"] is None
    assert found["terminal"] == {"stdout": False, "stderr": False}
    text = penstock("doctor").out
    assert text.startswith(f"penstock      {penstock_version.VERSION}\nArrow         ")
    assert f"sqlite        {found['dialects']['sqlite']}\n" in text


# RS-024
@pytest.mark.parametrize("name", ["PENSTOCK_MAX_SQL_ROWS", "RECOTEM_LOG_FORMAT"])
def test_doctor_shows_a_bad_control_and_exits_8(penstock, name):
    result = penstock("doctor", env={name: "cake"})
    assert result.code == 8
    assert f"{name}=cake" in result.out
    assert result.error["error_type"] == "ConfigurationError"


def test_doctor_finds_a_folder_it_cannot_write(penstock):
    found = penstock("doctor", "--json", env={"TMPDIR": "/missing"}).json
    assert (found["temporary_folder"], found["temporary_folder_writable"]) == ("/missing", False)


def test_the_version_comes_fast(penstock):
    seconds = []
    for _ in range(5):
        start = time.monotonic()
        assert penstock("--version").out == f"penstock {penstock_version.VERSION}\n"
        seconds.append(time.monotonic() - start)
    assert min(seconds) < 0.5


def test_help_lists_the_commands_the_exits_and_the_environment(penstock):
    result = penstock("--help")
    assert result.code == 0
    assert re.findall(r"^  ([a-z]+)  +[A-Z]", result.out, re.M) == COMMANDS
    for code in ("0", "1", "2", "3", "5", "6", "8", "130"):
        assert re.search(rf"^  {code} +\S", result.out, re.M), code
    for name in ("PENSTOCK_MAX_SQL_ROWS", "PENSTOCK_SQL_ALLOW_PRIVATE", "PENSTOCK_LOG_FORMAT", "NO_COLOR"):
        assert name in result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help(penstock, command):
    result = penstock(command, "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out == penstock(command, "-h").out
    assert f"Usage: penstock {command}" in result.out
    lines = result.out.splitlines()
    assert max(len(line) for line in lines) <= 90
    # A flag and what it does are one line.
    assert all(re.match(r"  (-|[A-Z]+ )", line) for line in lines if line.startswith("  ")), result.out


def test_help_of_the_query_commands_has_every_flag_of_the_contract(penstock):
    flags = {"--format", "--compression", "--row-group-rows", "--batch-rows", "--batch-bytes", "--max-rows",
             "--max-bytes", "--on-lossy", "--numeric", "--report", "--progress", "--log-format", "-q", "-v",
             "--fail-on-busy", "--lock-timeout", "--no-lock", "-p", "-o"}
    assert flags | {"--env-var"} <= set(flags_of(penstock, "fetch"))
    assert flags | {"--dsn-env", "--file"} <= set(flags_of(penstock, "query"))
    for command in ("validate", "plan", "doctor"):
        assert "--json" in flags_of(penstock, command)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_have_every_command_and_every_flag(penstock, shell):
    script = penstock("completions", shell).out
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", script)
        flags = flags_of(penstock, command)
        assert "--help" in flags
        for flag in flags:
            if shell == "fish":
                flag = f"-l {flag[2:]} " if flag.startswith("--") else f"-s {flag[1:]} "
                lines = [line for line in script.splitlines() if f"__fish_seen_subcommand_from {command}'" in line]
            elif shell == "zsh":
                lines = script.split(f"    {command})\n")[1].split(";;")[0].splitlines()
                flag = f"*{flag}["
            else:
                lines = re.findall(rf"^    {command}\) flags='(.*?)'", script, re.M)
            assert any(flag in line for line in lines), (command, flag)


def test_bash_completes_commands_flags_and_words(penstock, program):
    script = penstock("completions", "bash").out

    def complete(*words):
        command = (f"{script}\nCOMP_WORDS=(penstock {' '.join(repr(word) for word in words)}); "
                   f"COMP_CWORD={len(words)}; _penstock; echo \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=penstock.cwd)
        assert done.stderr == ""
        return done.stdout.split()

    (penstock.cwd / "orders.yaml").touch()
    assert complete("fe") == ["fetch"]
    assert complete("fetch", "--lock") == ["--lock-timeout"]
    assert complete("fetch", "--format", "par") == ["parquet"]
    assert complete("fetch", "ord") == ["orders.yaml"]
    assert complete("completions", "z") == ["zsh"]
    actions = ["ls", "tree", "glob", "stat", "cat", "get", "health"]
    assert complete("store", "ord") == ["orders.yaml"]
    assert complete("store", "orders.yaml", "") == actions
    assert complete("store", "-q", "--log-format", "text", "orders.yaml", "h") == ["health"]
    assert complete("store", "orders.yaml", "cat", "ord") == []  # a key is no file
    assert complete("store", "orders.yaml", "ls", "--rec") == ["--recursive"]
    assert complete("validate", "orders.yaml", "ord") == ["orders.yaml"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_complete_the_actions_of_a_store(penstock, shell):
    script = penstock("completions", shell).out
    place = {"zsh": "'2:action:(%s)'", "fish": "-eq 3' -f -a '%s'"}[shell]
    assert place % "ls tree glob stat cat get health" in script


UNFIT = [
    (["query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT 1 AS a", "--row-group-rows", "5"], "csv output takes no --row-group-rows"),
    (["plan", "recipe.yaml", "-i", "a=1"], "a recipe takes no --input"),
    (["plan", "task.yaml", "-p", "a=1"], "a task takes no --param"),
    (["plan", "manifest.yaml", "--inputs", "x.json"], "a manifest takes no --inputs"),
    (["validate", "task.yaml", "-p", "a=1"], "task.yaml: a task takes no --param"),
    (["validate", "manifest.yaml", "--env-var", "PENSTOCK_PARAM_A=1"], "manifest.yaml: a manifest takes no --env-var"),
    (["run", "task.yaml", "--format", "csv"], "a task that declares output: none takes no --format"),
]


@pytest.mark.parametrize("arguments, message", UNFIT)
def test_a_flag_that_would_do_nothing_is_refused(penstock, shop, recipe, arguments, message):
    recipe("SELECT 1 AS a", file="recipe.yaml")
    (penstock.cwd / "task.yaml").write_text(
        "name: t\nconnection: {dsn_env: PENSTOCK_SHOP_DSN}\nquery: SELECT 1\noutput: none\n")
    (penstock.cwd / "manifest.yaml").write_text(
        "name: m\ndsn_env: PENSTOCK_SHOP_DSN\nqueries: {a.csv: SELECT 1}\n")
    result = penstock(*arguments)
    assert (result.code, result.error["code"], result.error["message"]) == (2, "unfit_option", message)
    assert result.error["hint"]


@pytest.mark.parametrize("shell", [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)])
def test_every_shell_of_this_machine_can_parse_its_completions(penstock, shell):
    (penstock.cwd / "script").write_text(penstock("completions", shell).out)
    done = subprocess.run([shell, "-n", "script"], capture_output=True, text=True, cwd=penstock.cwd)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_helpers_leave_nothing_behind(penstock):
    for args in (["init"], ["schema", "recipe"], ["doctor"], ["completions", "bash"], ["--help"]):
        assert penstock(*args).code == 0
    assert left_in(penstock.cwd) == []
