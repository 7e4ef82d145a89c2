"""tools/check/ids.py holds rules and citations together."""

import pytest

RULES = "# Rules\n- RS-001 one\n- RS-002 two\n"


@pytest.fixture
def project(empty):
    empty.write("docs/spec/requirements.md", RULES)
    empty.write("tests/unit/a_test.cc", "// RS-001\nTEST(A, OneHolds) {}\n")
    empty.write("tests/integration/test_b.py", "# RS-002\ndef test_two_holds():\n    pass\n")
    return empty


def test_a_project_that_cites_every_rule_passes(project):
    assert project.check("ids.py") == (0, ["ids: each of 2 rules is cited by a test"])


def test_a_rule_without_a_test_is_found(project):
    project.write("tests/unit/a_test.cc", "TEST(A, OneHolds) {}\n")
    assert project.check("ids.py") == (1, ["docs/spec/requirements.md: no test cites RS-001", "ids: 1 finding"])


def test_an_id_outside_a_comment_cites_nothing(project):
    project.write("tests/unit/a_test.cc", 'const char* id = "RS-001";\n')
    assert project.check("ids.py") == (1, ["docs/spec/requirements.md: no test cites RS-001", "ids: 1 finding"])


def test_a_test_of_the_tools_cites_nothing(project):
    project.write("tests/unit/a_test.cc", "")
    project.write("tests/tools/test_c.py", "# RS-001\n")
    assert project.check("ids.py") == (1, ["docs/spec/requirements.md: no test cites RS-001", "ids: 1 finding"])


def test_a_cited_id_that_does_not_exist_is_found(project):
    project.write("tests/integration/test_b.py", "# RS-002\n# RS-099\n")
    assert project.check("ids.py") == (1, [
        "tests/integration/test_b.py:2: cites RS-099, which docs/spec/requirements.md does not have", "ids: 1 finding",
    ])
