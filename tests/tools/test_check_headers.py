"""tools/check/headers.py asks a header for its contract."""

GOOD = "// Stage: base. What it is for.\n#pragma once\n\nint x();\n"


def test_a_header_that_states_itself_passes(empty):
    empty.write("include/penstock/x.h", GOOD)
    empty.write("src/base/y.h", "// What it is.\n#pragma once\n")
    assert empty.check("headers.py") == (0, ["headers: 2 headers state their contract"])


def test_a_header_without_first_line_or_guard_is_found(empty):
    empty.write("src/base/y.h", "int x();\n")
    assert empty.check("headers.py") == (1, [
        "src/base/y.h:1: a header's first line says in a comment what it is",
        "src/base/y.h:1: no #pragma once",
        "headers: 2 findings",
    ])


def test_a_public_header_without_its_stage_is_found(empty):
    empty.write("include/penstock/x.h", GOOD.replace("Stage: base. ", ""))
    assert empty.check("headers.py") == (1, [
        'include/penstock/x.h:1: the first line of a public header is "// Stage: NAME. What it is."',
        "headers: 1 finding",
    ])


def test_a_public_header_of_bare_code_is_found(empty):
    empty.write("include/penstock/x.h", GOOD + "".join(f"int f{i}();\n" for i in range(40)))
    assert empty.check("headers.py") == (1, [
        "include/penstock/x.h:1: 2% of its lines are comment; a public header states its contract (at least 15%)",
        "headers: 1 finding",
    ])


def test_using_namespace_in_a_header_is_found(empty):
    empty.write("src/base/y.h", "// What it is.\n#pragma once\nusing namespace std;\n")
    assert empty.check("headers.py") == (1, [
        "src/base/y.h:3: 'using namespace' in a header binds everyone who includes it", "headers: 1 finding",
    ])
