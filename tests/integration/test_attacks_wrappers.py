"""Text that closes what it is put into: a partitioned read and a plan put the query inside other text, on each database."""

import pytest

from on_servers import OLD, on  # noqa: F401

CLOSERS = [
    "SELECT 1 AS n) AS x --",
    "SELECT 1 AS n) AS x /*",
    "SELECT 1 AS n) AS x; DROP TABLE t --",
    "SELECT 1 AS n) AS x UNION ALL SELECT * FROM (SELECT 2 AS n",
    "SELECT 1 AS n WHERE 1 = 1) OR (1 = 1",
    "SELECT 1 AS n) TO PROGRAM 'touch made' --",
]


# RS-013
@pytest.mark.parametrize("sql", CLOSERS)
def test_text_that_closes_a_wrapper_is_refused_as_it_stands(on, recipe, sql):  # noqa: F811
    penstock, _ = on
    for source in ("", "partition: {column: n, count: 2}"):
        path = recipe(sql, source=source)
        for words in (("fetch", path, "-o", "x.csv"), ("plan", path)):
            result = penstock(*words)
            assert result.code in (2, 3), (words, source, result)
    assert (penstock.cwd / "x.csv").read_bytes() == OLD
    assert not (penstock.cwd / "made").exists()


# RS-013
@pytest.mark.parametrize("end", [" -- the end", " /* the end */", ";", "; -- the end"])
def test_a_comment_at_the_end_hides_no_part_of_a_wrapper(on, recipe, end):  # noqa: F811
    penstock, _ = on
    sql = "SELECT n FROM (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS t"
    result = penstock("fetch", recipe(sql + end, source="partition: {column: n, count: 2}"), "-o", "x.csv")
    assert result.code == 0, result
    assert sorted((penstock.cwd / "x.csv").read_text().split()) == ['"n"', "1", "2", "3"]
    assert penstock("plan", recipe(sql + end)).code == 0
