"""tools/check/layers.py finds what is planted, and names the line."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PLANTED = [
    ("src/base/text.cc", '#include "declare/scanner.h"',
     "stage base includes 'declare/scanner.h' of stage declare"),
    ("src/guard/dsn.cc", '#include "declare/statement.h"',
     "stage guard includes 'declare/statement.h' of stage declare"),
    ("src/guard/dsn.cc", '#include "penstock/query.h"',
     "stage guard includes 'penstock/query.h' of stage declare"),
    ("src/sink/output.h", '#include "dialect/dialect.h"',
     "stage sink includes 'dialect/dialect.h' of stage dialect"),
    ("src/dialect/dialect.h", '#include "engine/read_ahead.h"',
     "stage dialect includes 'engine/read_ahead.h' of stage engine"),
    ("src/dialect/dialect.h", '#include "penstock/recipe.h"',
     "a dialect includes 'penstock/recipe.h'; of stage declare it sees only "),
    ("src/base/text.cc", '#include "nowhere.h"',
     "'nowhere.h' is in neither src/ nor include/: write project includes from there, and others with <>"),
    ("src/base/text.cc", '#include "penstock/nowhere.h"', "no public header 'penstock/nowhere.h'"),
    ("src/base/text.cc", "#include <base/text.h>", '<base/text.h> is the project\'s own: include it as "base/text.h"'),
    ("src/base/text.cc", "#include <sqlite3.h>", "<sqlite3.h> is included in stage base; its home is dialect/sqlite"),
    ("src/sink/output.h", "#include <libpq-fe.h>",
     "<libpq-fe.h> is included in stage sink; its home is dialect/postgres"),
    ("src/guard/dsn.cc", "#include <libfyaml.h>", "<libfyaml.h> is included in stage guard; its home is declare"),
    ("src/columns/ledger.h", "#include <parquet/arrow/writer.h>",
     "<parquet/arrow/writer.h> is included in stage columns; its home is sink"),
    ("src/base/text.cc", "#  include <CLI/CLI.hpp>", "<CLI/CLI.hpp> is included in stage base; its home is apps"),
    ("src/base/text.cc", "#include <arrow/api.h>",
     "<arrow/api.h> is included in stage base; its home is columns, "),
    ("src/base/text.cc", "#include <boost/asio.hpp>",
     "<boost/asio.hpp> has no home yet: give it one in tools/check/layers.py"),
    ("src/base/text.cc", "#include <nanobind/nanobind.h>",
     "<nanobind/nanobind.h> is included in stage base; its home is python"),
    ("src/base/text.cc", '#include "native/errors.h"',
     "stage base includes 'native/errors.h' of stage python, which is below it"),
    ("python/native/errors.h", '#include "base/text.h"',
     "stage python includes 'base/text.h'; it sees public headers alone (penstock/...)"),
    ("src/sink/output.h", "#include <netdb.h>", "<netdb.h> is included in stage sink; its home is guard"),
    ("include/penstock/error.h", "#include <arrow/api.h>",
     "a public header includes 'arrow/api.h'; only std, penstock/ and arrow/type_fwd.h are allowed"),
    ("include/penstock/error.h", "#include <unistd.h>",
     "a public header includes 'unistd.h'; only std, penstock/ and arrow/type_fwd.h are allowed"),
    ("include/penstock/error.h", '#include "base/text.h"',
     "a public header includes 'base/text.h'; only std, penstock/ and arrow/type_fwd.h are allowed"),
    ("include/penstock/error.h", '#include "penstock/engine.h"',
     "stage base includes 'penstock/engine.h' of stage engine"),
    ("src/guard/dsn.cc", 'const char* home() { return std::getenv("HOME"); }',
     "'getenv' in stage guard: the environment is read in src/base alone (penstock::Environment)"),
    ("src/sink/output.h", "extern char** environ;",
     "'environ' in stage sink: the environment is read in src/base alone (penstock::Environment)"),
    ("src/guard/dsn.cc", "extern char** __environ;",
     "'__environ' in stage guard: the environment is read in src/base alone (penstock::Environment)"),
    ("src/guard/dsn.cc", "auto* reader = &secure_getenv;",
     "'secure_getenv' in stage guard: the environment is read in src/base alone (penstock::Environment)"),
    ("src/columns/ledger.h", "int look_up() { return getaddrinfo(0, 0, 0, 0); }",
     "'getaddrinfo' in stage columns: names are resolved in src/guard alone"),
    *((file, f"void* found = (void*)&{name};", f"'{name}' in stage {file.split('/')[1]}: names are resolved in src/guard alone")
      for file, name in (("src/base/text.cc", "getaddrinfo"), ("src/sink/output.h", "gethostbyname"),
                         ("src/sink/output.h", "gethostbyname2_r"), ("src/base/text.cc", "getnameinfo"),
                         ("src/sink/output.h", "res_query"), ("src/sink/output.h", "res_nsearch"),
                         ("src/sink/output.h", "getaddrinfo_a"))),
    ("src/sink/output.h", "int go() { return ::connect(0, nullptr, 0); }",
     "'::connect' in stage sink: sockets are connected in src/guard alone"),
    ("src/sink/output.h", "int go() { return connect(0, nullptr, 0); }",
     "'connect' in stage sink: sockets are connected in src/guard alone"),
    ("src/base/text.cc", "int go() { return connect(at(1, 2), {nullptr, 0}[0], sizeof(int)); }",
     "'connect' in stage base: sockets are connected in src/guard alone"),
    ("src/sink/output.h", "auto* go = &::connect;", "'::connect' in stage sink: sockets are connected in src/guard alone"),
    ("src/sink/output.h", "long go() { return ::syscall(42, 0, nullptr, 0); }",
     "'syscall' in stage sink: no number of a system call is seen through: call it by its name"),
    ("src/guard/dsn.cc", "long go() { return syscall(42, 0, nullptr, 0); }",
     "'syscall' in stage guard: no number of a system call is seen through: call it by its name"),
    ("include/penstock/error.h", 'inline const char* home() { return std::getenv("HOME"); }',
     "'getenv' in a public header: the environment is read in src/base alone (penstock::Environment)"),
    ("include/penstock/error.h", "inline int go() { return connect(0, nullptr, 0); }",
     "'connect' in a public header: sockets are connected in src/guard alone"),
    ("include/penstock/error.h", "inline auto* found = &getaddrinfo;",
     "'getaddrinfo' in a public header: names are resolved in src/guard alone"),
    ("src/columns/ledger.h", 'const char* name() { return "MySQL"; }',
     "stage columns names the dialect 'MySQL'; only src/engine/registry.cc does"),
]


@pytest.fixture(scope="session")
def before():
    """What the check says of the project itself: nothing, but that is the first test's business alone."""
    result = subprocess.run([sys.executable, ROOT / "tools/check/layers.py"], capture_output=True, text=True, check=False)
    return set(result.stdout.splitlines()[:-1])


@pytest.fixture
def found(copy, before):
    """Runs the check on the copy; gives what it finds there and not in the project."""

    def run():
        status, lines = copy.check("layers.py")
        assert status == 1
        return [line for line in lines[:-1] if line not in before]

    return run


def test_the_project_keeps_to_its_stages(copy):
    status, lines = copy.check("layers.py")
    assert (status, lines[:-1]) == (0, [])


@pytest.mark.parametrize(("file", "planted", "finding"), PLANTED, ids=[f"{p[0]} {p[1]}" for p in PLANTED])
def test_a_planted_line_is_found_and_named(copy, found, file, planted, finding):
    line = copy.append(file, planted)
    [only] = found()
    assert only.startswith(f"{file}:{line}: {finding}")


def test_a_dialect_never_includes_its_sibling(copy, found):
    copy.write("src/dialect/mysql/planted_wire.h", "// The wire.\n#pragma once\n")
    copy.write("src/dialect/sqlite/planted.h", '// Planted.\n#pragma once\n#include "dialect/mysql/planted_wire.h"\n')
    assert found() == [
        "src/dialect/sqlite/planted.h:3: stage dialect/sqlite includes 'dialect/mysql/planted_wire.h' of stage "
        "dialect/mysql; it may include base, declare, guard, columns, dialect"
    ]


def test_only_the_registry_sees_a_dialect(copy, found):
    copy.write("src/dialect/mysql/planted_wire.h", "// The wire.\n#pragma once\n")
    copy.write("src/engine/planted.h", '// Planted.\n#pragma once\n#include "dialect/mysql/planted_wire.h"\n')
    [only] = found()
    assert only.startswith("src/engine/planted.h:3: stage engine includes 'dialect/mysql/planted_wire.h' of stage dialect/")


def test_comments_and_strings_are_no_calls(copy, before):
    copy.append("src/guard/dsn.cc", '// getenv("X") and environ\n/* setenv(\n putenv( */ const char* k = "getenv(";')
    assert set(copy.check("layers.py")[1][:-1]) == before


def test_a_method_named_connect_is_no_system_call(copy, before):
    copy.append("src/sink/output.h", "struct Own { int connect(int, int); };\nint own(Own& one) { return one.connect(1, 2); }"
                "\nint three(auto& one) { return one.connect(1, 2, 3) + one->connect(1, 2, 3) + Own::connect(1, 2, 3); }")
    assert set(copy.check("layers.py")[1][:-1]) == before


def test_a_link_edge_that_no_include_may_take_is_found(copy, found):
    copy.replace("CMakeLists.txt", "penstock_stage(sink STAGES base", "penstock_stage(sink STAGES base declare")
    [only] = found()
    assert only.startswith("CMakeLists.txt:")
    assert only.endswith(": stage sink links declare; it may link base")


def test_a_public_header_without_its_stage_is_found(copy, found):
    copy.write("include/penstock/planted.h", "// Says nothing of its stage.\n#pragma once\n")
    [only] = found()
    assert only.startswith('include/penstock/planted.h:1: the first line is "// Stage: NAME. What it is.", NAME one of base,')


def test_a_folder_that_is_no_stage_is_found(copy, found):
    copy.write("src/utils/helper.cc", "int x;\n")
    assert found() == ["src/utils/helper.cc:1: belongs to no stage that tools/check/layers.py knows"]
