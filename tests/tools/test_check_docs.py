"""tools/check/docs.py holds the documents to a program; here the program is a small stand-in."""

import pytest

PROGRAM = """#!/bin/sh
case "$*" in
  --help) printf 'A program\\n\\nOPTIONS:\\n  --version   print it\\n\\nSUBCOMMANDS:\\n  fetch   run a recipe\\n' ;;
  'fetch --help') printf 'Run a recipe   \\n\\nOPTIONS:\\n  --no-lock   take none\\n' ;;
  'schema recipe') printf '{"properties": {"name": {}, "source": {"properties": {"dsn_env": {}}}}}' ;;
  *) exit 2 ;;
esac
"""
CLI = """# CLI
`--no-lock` and `--version`.
<!-- help: penstock -->
```text
A program

OPTIONS:
  --version   print it

SUBCOMMANDS:
  fetch   run a recipe
```
<!-- /help -->
<!-- help: penstock fetch -->
```text
Run a recipe

OPTIONS:
  --no-lock   take none
```
<!-- /help -->
"""


@pytest.fixture
def project(empty):
    empty.write(".gitignore", "/build/\n")
    empty.write("build/penstock", PROGRAM)
    (empty.root / "build/penstock").chmod(0o755)
    empty.write("README.md", "# Penstock\n./dev demo and ./dev test. [reference](docs/reference/cli.md#cli)\n")
    empty.write("docs/reference/cli.md", CLI)
    empty.write("docs/reference/recipe.md", "# Recipe\n`name`, `source.dsn_env: VARIABLE`\n")
    empty.write("docs/reference/errors.md", "# Errors\n| 2 | RecipeError |\n")
    empty.write("src/base/error.cc", '    {kRecipe, "RecipeError", 2, 400, "RecipeError"},\n')
    empty.write("SECURITY.md", SECURITY)
    empty.write("tests/unit/a_test.cc", "TEST(Suite, IsProven) {}\n")
    empty.write("tests/integration/test_b.py", "def test_is_proven(shop):\n")
    return empty


SECURITY = """# Security
- Not a promise.
## Promises
- One,
  in two lines.
  - `unit/a_test.cc::Suite.IsProven`
- Two.
  - `integration/test_b.py::test_is_proven`
## Not promised
- More.
"""


def test_documents_that_agree_pass(project):
    assert project.check("docs.py") == (0, ["docs: the documents agree with the program and each other"])


def test_a_help_text_that_changed_is_found_and_put_right(project):
    project.replace("docs/reference/cli.md", "take none", "take no lock")
    assert project.check("docs.py") == (1, [
        "docs/reference/cli.md:14: the help of 'penstock fetch' is not what the program prints; "
        "`./dev check --fix` puts it in",
        "docs: 1 finding",
    ])
    assert project.check("docs.py", "--write")[0] == 0
    assert (project.root / "docs/reference/cli.md").read_text() == CLI


def test_a_command_without_its_help_in_the_documents_is_found(project):
    project.write("docs/reference/cli.md", CLI[: CLI.index("<!-- help: penstock fetch")])
    assert project.check("docs.py") == (1, [
        "docs/reference/cli.md:1: does not show the help of 'penstock fetch': "
        "add the lines <!-- help: penstock fetch --> and <!-- /help -->",
        "docs: 1 finding",
    ])


def test_a_help_of_a_command_that_is_gone_is_found(project):
    line = project.append("docs/reference/cli.md", "<!-- help: penstock pull -->\n<!-- /help -->")
    assert project.check("docs.py") == (1, [
        f"docs/reference/cli.md:{line}: shows the help of 'penstock pull', which the program does not have",
        "docs: 1 finding",
    ])


def test_a_flag_that_no_help_has_is_found(project):
    line = project.append("docs/reference/cli.md", "Use `--gone`.")
    assert project.check("docs.py") == (1, [
        f"docs/reference/cli.md:{line}: speaks of --gone, which no help text has", "docs: 1 finding",
    ])


def test_a_key_that_the_recipe_reference_leaves_out_is_found(project):
    project.write("docs/reference/recipe.md", "# Recipe\n`name`\n")
    assert project.check("docs.py") == (1, [
        "docs/reference/recipe.md:1: does not name the key `dsn_env` of `penstock schema recipe`",
        "docs/reference/recipe.md:1: does not name the key `source` of `penstock schema recipe`",
        "docs: 2 findings",
    ])


def test_an_exit_code_that_is_not_explained_is_found(project):
    project.append("src/base/error.cc", '    {kOutput, "OutputError", 5, 507, "OutputError"},')
    assert project.check("docs.py") == (1, [
        "docs/reference/errors.md:1: does not name OutputError",
        "docs/reference/errors.md:1: does not name exit code 5",
        "docs: 2 findings",
    ])


def test_a_code_that_is_not_explained_is_found(project):
    project.write("src/sink/a.cc", 'throw Error(Category::kOutput,\n            "no_paper", "there is no paper");\n')
    assert project.check("docs.py") == (1, [
        "docs/reference/errors.md:1: does not name the code no_paper of src/sink/a.cc", "docs: 1 finding",
    ])


def test_links_that_lead_nowhere_are_found(project):
    project.write("docs/a.md", "# One\n[b](b.md) [c](#one) [d](#two) [e](https://example.org/x) `[f](f.md)`\n"
                               "```\n[g](g.md)\n```\n[h](../../h.md) [i](reference/cli.md#nothing)\n")
    (project.root.parent / "h.md").write_text("outside\n")
    assert project.check("docs.py") == (1, [
        "docs/a.md:2: the link 'b.md' leads nowhere",
        "docs/a.md:2: the link '#two' leads to no heading of a.md",
        "docs/a.md:6: the link '../../h.md' leads out of the project",
        "docs/a.md:6: the link 'reference/cli.md#nothing' leads to no heading of cli.md",
        "docs: 4 findings",
    ])


def test_a_long_readme_and_one_without_its_commands_is_found(project):
    project.write("README.md", "./dev demo\n" * 120)
    assert project.check("docs.py") == (1, [
        "README.md:120: 120 lines; it stays under 120", "README.md:1: does not name `./dev test`", "docs: 2 findings",
    ])


def test_a_missing_document_is_found(project):
    (project.root / "docs/reference/errors.md").unlink()
    assert project.check("docs.py") == (1, ["docs/reference/errors.md:1: is not there", "docs: 1 finding"])


def test_a_path_of_a_machine_is_found(project):
    project.write("tests/x.py", "A = '/tmp/x'\nB = '/" + "home/me/x'\n")
    assert project.check("docs.py") == (1, ["tests/x.py:2: holds an absolute path of a machine", "docs: 1 finding"])


def test_a_long_source_is_warned_of(project):
    project.write("src/base/long.cc", "int x;\n" * 501)
    assert project.check("docs.py") == (0, [
        "warning: src/base/long.cc: 501 lines; split it by what its parts know",
        "docs: the documents agree with the program and each other",
    ])


@pytest.mark.parametrize(("old", "new", "line", "finding"), [
    ("  - `unit/a_test.cc::Suite.IsProven`\n", "", 4, "a promise without a test that proves it"),
    ("- Two.\n", "- Two.\n- Three.\n", 7, "a promise without a test that proves it"),
    ("\n## Not", "\n- Last.\n## Not", 9, "a promise without a test that proves it"),
    ("Suite.IsProven", "Suite.Is", 6, "tests/unit/a_test.cc has no test Suite.Is"),
    ("a_test.cc::Suite", "c_test.cc::Suite", 6, "there is no tests/unit/c_test.cc"),
    ("::test_is_proven", "::test_is", 8, "tests/integration/test_b.py has no test test_is"),
    ("  - `unit/a_test.cc::Suite.IsProven`", "  - believe me", 6, "a proof is written `FILE::NAME`, FILE under tests/"),
])
def test_a_promise_without_a_test_that_is_there_is_found(project, old, new, line, finding):
    project.replace("SECURITY.md", old, new)
    assert project.check("docs.py") == (1, [f"SECURITY.md:{line}: {finding}", "docs: 1 finding"])
