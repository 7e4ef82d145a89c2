"""tools/check/layers.py finds what is planted, and names the line."""

import pytest

PLANTED = [
    ("src/base/text.cc", '#include "declare/scanner.h"',
     "stage base includes 'declare/scanner.h' of stage declare; it may include nothing but itself"),
    ("src/guard/dsn.cc", '#include "declare/statement.h"',
     "stage guard includes 'declare/statement.h' of stage declare; it may include base"),
    ("src/guard/dsn.cc", '#include "penstock/query.h"',
     "stage guard includes 'penstock/query.h' of stage declare; it may include base"),
    ("src/sink/output.h", '#include "dialect/dialect.h"',
     "stage sink includes 'dialect/dialect.h' of stage dialect; it may include base"),
    ("src/dialect/dialect.h", '#include "engine/read_ahead.h"',
     "stage dialect includes 'engine/read_ahead.h' of stage engine; it may include base, declare, guard, columns"),
    ("src/dialect/dialect.h", '#include "penstock/recipe.h"',
     "a dialect includes 'penstock/recipe.h'; of stage declare it sees only declare/scanner.h, declare/statement.h, "
     "penstock/query.h"),
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
     "<arrow/api.h> is included in stage base; its home is columns, dialect, dialect/sqlite, dialect/postgres, "
     "dialect/mysql, sink, engine, faces/recipe, faces/task, faces/store, apps"),
    ("src/base/text.cc", "#include <boost/asio.hpp>",
     "<boost/asio.hpp> has no home yet: give it one in tools/check/layers.py"),
    ("src/sink/output.h", "#include <netdb.h>", "<netdb.h> is included in stage sink; its home is guard"),
    ("include/penstock/error.h", "#include <arrow/api.h>",
     "a public header includes 'arrow/api.h'; only std, penstock/ and arrow/type_fwd.h are allowed"),
    ("include/penstock/error.h", "#include <unistd.h>",
     "a public header includes 'unistd.h'; only std, penstock/ and arrow/type_fwd.h are allowed"),
    ("include/penstock/error.h", '#include "base/text.h"',
     "a public header includes 'base/text.h'; only std, penstock/ and arrow/type_fwd.h are allowed"),
    ("include/penstock/error.h", '#include "penstock/engine.h"',
     "stage base includes 'penstock/engine.h' of stage engine; it may include nothing but itself"),
    ("src/guard/dsn.cc", 'const char* home() { return std::getenv("HOME"); }',
     "'getenv' in stage guard: the environment is read in src/base alone (penstock::Environment)"),
    ("src/sink/output.h", "extern char** environ;",
     "'environ' in stage sink: the environment is read in src/base alone (penstock::Environment)"),
    ("src/columns/ledger.h", "int look_up() { return getaddrinfo(0, 0, 0, 0); }",
     "'getaddrinfo' in stage columns: names are resolved in src/guard alone"),
    ("src/columns/ledger.h", 'const char* name() { return "MySQL"; }',
     "stage columns names the dialect 'MySQL'; only src/engine/registry.cc does"),
]


def test_the_project_keeps_to_its_stages(copy):
    status, lines = copy.check("layers.py")
    assert (status, lines[:-1]) == (0, [])


@pytest.mark.parametrize(("file", "planted", "finding"), PLANTED, ids=[f"{p[0]} {p[1]}" for p in PLANTED])
def test_a_planted_line_is_found_and_named(copy, file, planted, finding):
    line = copy.append(file, planted)
    assert copy.check("layers.py") == (1, [f"{file}:{line}: {finding}", "layers: 1 finding"])


def test_a_dialect_never_includes_its_sibling(copy):
    copy.write("src/dialect/mysql/wire.h", "// The wire.\n#pragma once\n")
    copy.write("src/dialect/sqlite/planted.h", '// Planted.\n#pragma once\n#include "dialect/mysql/wire.h"\n')
    assert copy.check("layers.py") == (1, [
        "src/dialect/sqlite/planted.h:3: stage dialect/sqlite includes 'dialect/mysql/wire.h' of stage dialect/mysql; "
        "it may include base, declare, guard, columns, dialect",
        "layers: 1 finding",
    ])


def test_only_the_registry_sees_a_dialect(copy):
    copy.write("src/dialect/mysql/wire.h", "// The wire.\n#pragma once\n")
    copy.write("src/engine/planted.h", '// Planted.\n#pragma once\n#include "dialect/mysql/wire.h"\n')
    status, lines = copy.check("layers.py")
    assert status == 1
    assert lines[0] == (
        "src/engine/planted.h:3: stage engine includes 'dialect/mysql/wire.h' of stage dialect/mysql; "
        "it may include base, declare, guard, columns, dialect, sink"
    )


def test_comments_and_strings_are_no_calls(copy):
    copy.append("src/guard/dsn.cc", '// getenv("X") and environ\n/* setenv(\n putenv( */ const char* k = "getenv(";')
    status, lines = copy.check("layers.py")
    assert (status, lines[:-1]) == (0, [])


def test_a_link_edge_that_no_include_may_take_is_found(copy):
    copy.replace("CMakeLists.txt", "penstock_stage(sink STAGES base", "penstock_stage(sink STAGES base declare")
    status, lines = copy.check("layers.py")
    assert status == 1
    assert len(lines) == 2
    assert lines[0].startswith("CMakeLists.txt:")
    assert lines[0].endswith(": stage sink links declare; it may link base")


def test_a_public_header_without_its_stage_is_found(copy):
    copy.write("include/penstock/planted.h", "// Says nothing of its stage.\n#pragma once\n")
    status, lines = copy.check("layers.py")
    assert status == 1
    assert lines[0].startswith('include/penstock/planted.h:1: the first line is "// Stage: NAME. What it is.", NAME one of base,')


def test_a_folder_that_is_no_stage_is_found(copy):
    copy.write("src/utils/helper.cc", "int x;\n")
    assert copy.check("layers.py") == (1, [
        "src/utils/helper.cc:1: belongs to no stage that tools/check/layers.py knows", "layers: 1 finding",
    ])
