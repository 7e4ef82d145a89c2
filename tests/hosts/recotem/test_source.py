"""What a source gives its host: exact columns, bound parameters, refusals and events in the document's words."""

import datetime
import decimal
import socket
import time
import uuid

import pandas as pd
import pytest
import structlog
from conftest import BEYOND, DSN, change, purchases, variable
from recotem.datasource.base import DataSourceError, FetchContext
from recotem.recipe.errors import RecipeError

from penstock.recotem import PenstockConfig, PenstockSource, RecipeSourceError, SQLConfig, SQLSource

CONTEXT = FetchContext(recipe_name="purchases", run_id="run-1")
SCHEMA = {"user_column": "user_id", "item_column": "item_id", "time_column": "bought_at"}
THOUSAND = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n"
LONG = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n",
    "postgres": "SELECT pg_sleep(60) IS NULL AS c",
    "mariadb": "SELECT sleep(60) AS c",
}


@pytest.fixture
def source(monkeypatch, opted_in):
    """Makes a source of the database in turn."""
    for name, value in opted_in.items():
        monkeypatch.setenv(name, value)

    def make(query, parameters=None, **settings):
        return SQLSource(SQLConfig(type="sql", dsn_env=DSN, query=query, query_parameters=parameters or {}, **settings))

    return make


@pytest.fixture
def on_postgres(monkeypatch):
    """Makes a source of PostgreSQL."""
    monkeypatch.setenv(DSN, variable("PENSTOCK_TEST_POSTGRES_DSN"))
    monkeypatch.setenv("RECOTEM_SQL_ALLOW_PRIVATE", "1")

    def make(query, parameters=None):
        return SQLSource(SQLConfig(type="sql", dsn_env=DSN, query=query, query_parameters=parameters or {}))

    return make


@pytest.fixture
def events():
    with structlog.testing.capture_logs() as captured:
        yield captured


def named(events, name):
    [event] = [event for event in events if event["event"] == name]
    return event


# ---- right where the original is wrong ----


# RS-029
def test_integers_beside_a_null_stay_integers(source):
    frame = source("SELECT user_id FROM purchases").fetch(CONTEXT)
    wanted = sorted(user for user, *_ in purchases() if user is not None)
    assert frame["user_id"].dtype == "Int64" and frame["user_id"].isna().sum() > 0
    assert sorted(frame["user_id"].dropna()) == wanted
    # As the host makes ids of them.
    assert set(frame.dropna(subset=["user_id"])["user_id"].astype(str).astype(object)) == {str(user) for user in wanted}


# RS-029
def test_numeric_ids_are_exact(source):
    frame = source("SELECT item_id FROM purchases").fetch(CONTEXT)
    assert set(frame["item_id"]) == {decimal.Decimal(item) for _, item, _, _ in purchases()}
    assert set(frame["item_id"].astype(str).astype(object)) == {str(item) for _, item, _, _ in purchases()}


# RS-029
def test_numeric_ids_without_a_precision_are_exact(on_postgres):
    frame = on_postgres("SELECT 12345678901234567890.123456789012345::numeric AS n, 7::numeric AS m").fetch(CONTEXT)
    assert list(frame.iloc[0].astype(str)) == ["12345678901234567890.123456789012345", "7"]


# RS-008
@pytest.mark.parametrize("column", ["bought_at", "bought_at::date", "bought_at::timestamp"])
def test_a_string_parameter_finds_a_date_or_a_timestamp_on_postgresql(on_postgres, shops, column):
    frame = on_postgres(f"SELECT count(*) AS c FROM purchases WHERE {column} >= :since", {"since": "2026-03-01"}).fetch(CONTEXT)
    assert frame["c"][0] == sum(day >= "2026-03" for _, _, day, _ in purchases()) > 0


# RS-008
def test_a_colon_in_literals_and_comments_is_text(source):
    frame = source("SELECT ':no' AS a, 'it''s :no' AS b, count(*) AS c /* :no */ FROM purchases -- :no\nWHERE note = :note",
                   {"note": "half:price"}).fetch(CONTEXT)
    assert list(frame.iloc[0]) == [":no", "it's :no", len(list(purchases()))]


# RS-008
def test_parameters_are_bound_as_what_they_are(source):
    frame = source("SELECT count(*) AS c FROM purchases WHERE user_id = :user AND 1.5 > :small AND note <> :attack "
                   "AND (1 = 1) = :yes", {"user": BEYOND + 3, "small": 0.5, "attack": "x' OR '1'='1", "yes": True}).fetch(CONTEXT)
    assert frame["c"][0] == sum(user == BEYOND + 3 for user, *_ in purchases())


# ---- the host's kinds of columns ----


# RS-029
def test_uuids_and_enums_are_their_text(on_postgres, tmp_path):
    writer = variable("PENSTOCK_TEST_POSTGRES_WRITER_DSN")
    change(tmp_path, writer, "DROP TABLE IF EXISTS clicks", "DROP TYPE IF EXISTS mood",
           "CREATE TYPE mood AS ENUM ('so', 'la')", "CREATE TABLE clicks (id uuid, mood mood, tags text[])",
           "INSERT INTO clicks VALUES ('123e4567-e89b-12d3-a456-426614174000', 'la', '{a,b}'), (NULL, NULL, NULL), "
           "('123e4567-e89b-12d3-a456-426614174000', 'so', '{}')")
    frame = on_postgres("SELECT id, mood FROM clicks ORDER BY mood").fetch(CONTEXT)
    some = str(uuid.UUID("123e4567-e89b-12d3-a456-426614174000"))
    assert [list(row) for row in frame.dropna().itertuples(index=False)] == [[some, "so"], [some, "la"]]
    assert frame["id"].isna().sum() == 1 and not isinstance(frame["mood"].dtype, pd.CategoricalDtype)


# RS-029
@pytest.mark.parametrize("expression, dtype", [
    ("bought_at", "datetime64[us, UTC]"), ("bought_at::timestamp", "datetime64[us]"), ("bought_at::date", "object"),
    ("bought_at::text", "str"), ("extract(epoch FROM bought_at)::bigint", "Int64"), ("extract(epoch FROM bought_at)", "float64"),
    ("extract(epoch FROM bought_at)::numeric(20,0)", "Int64"), ("extract(epoch FROM bought_at)::numeric(20,1)", "Int64"),
    ("extract(epoch FROM bought_at)::float", "float64")])
def test_every_kind_of_time_column_is_one_that_the_host_reads(on_postgres, shops, expression, dtype):
    context = FetchContext("purchases", "run-1", {"time_column": "t"})
    times = on_postgres(f"SELECT {expression} AS t FROM purchases WHERE user_id = {BEYOND}").fetch(context)["t"]
    assert str(times.dtype) == dtype
    unit = {"unit": "s"} if pd.api.types.is_numeric_dtype(times.dtype) else {}
    days = pd.to_datetime(times, utc=True, **unit).dt.date  # as the host does
    assert set(days) == {datetime.date.fromisoformat(day[:10]) for user, _, day, _ in purchases() if user == BEYOND}


# RS-029
def test_no_row_is_an_empty_frame_with_the_columns(source):
    frame = source("SELECT user_id, item_id FROM purchases WHERE 1 = 0").fetch(CONTEXT)
    assert list(frame.columns) == ["user_id", "item_id"] and len(frame) == 0


# ---- limits, read-only, columns ----


# RS-020 RS-021
def test_exactly_as_many_rows_as_the_cap_pass(source, monkeypatch):
    monkeypatch.setenv("RECOTEM_MAX_SQL_ROWS", "1000")
    assert len(source(THOUSAND.format(last=1000)).fetch(CONTEXT)) == 1000
    with pytest.raises(DataSourceError) as failure:
        source(THOUSAND.format(last=1000) + " UNION ALL SELECT 0").fetch(CONTEXT)
    assert str(failure.value) == (
        "query result exceeds RECOTEM_MAX_SQL_ROWS=1000 rows; tighten the query or raise the cap")
    monkeypatch.setenv("PENSTOCK_MAX_SQL_ROWS", "2000")  # wins
    assert len(source(THOUSAND.format(last=1000) + " UNION ALL SELECT 0").fetch(CONTEXT)) == 1001


# RS-013
@pytest.mark.parametrize("statement", ["DELETE FROM purchases", "DROP TABLE purchases", "CREATE TABLE other (i INT)"])
def test_a_statement_that_writes_is_refused(source, statement):
    before = len(source("SELECT user_id FROM purchases").fetch(CONTEXT))
    with pytest.raises(DataSourceError):
        source(statement).fetch(CONTEXT)
    assert len(source("SELECT user_id FROM purchases").fetch(CONTEXT)) == before


# RS-014
def test_the_statement_timeout_holds(source, database):
    with pytest.raises(DataSourceError, match=r"^query failed on dialect '\w+': TimeoutError \(.*statement_timeout_seconds: 1; "):
        source(LONG[database], statement_timeout_seconds=1).fetch(CONTEXT)


# RS-014
def test_the_documents_event_of_sqlite_says_that_the_timeout_holds(source, database, events):
    source("SELECT 1 AS one", statement_timeout_seconds=7).fetch(CONTEXT)
    if database == "sqlite":
        event = named(events, "sql_statement_timeout_unsupported_on_sqlite")
        assert event["log_level"] == "warning" and event["enforced"] is True and event["requested_seconds"] == 7
    else:
        assert "sql_statement_timeout_unsupported_on_sqlite" not in {event["event"] for event in events}


# RS-009
@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_connecting_ends_in_time(monkeypatch, dialect):
    monkeypatch.setenv("RECOTEM_SQL_ALLOW_PRIVATE", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never says a word
        monkeypatch.setenv(DSN, f"{dialect}://u@127.0.0.1:{silent.getsockname()[1]}/db")
        start = time.monotonic()
        with pytest.raises(DataSourceError, match=f"^probe failed for dialect '{dialect}': TimeoutError "):
            SQLSource(SQLConfig(type="sql", dsn_env=DSN, query="SELECT 1", connect_timeout_seconds=1)).probe()
        assert time.monotonic() - start < 5


@pytest.mark.parametrize("database", ["postgres", "mariadb"], indirect=True)
def test_no_session_is_left(source, database):
    others = {"postgres": "pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()",
              "mariadb": "information_schema.processlist WHERE user = 'reader' AND id <> connection_id()"}[database]
    source("SELECT 1 AS one").probe()
    source("SELECT user_id FROM purchases").fetch(CONTEXT)
    for wrong in ("SELECT nothing FROM nowhere", "SELECT user_id FROM purchases /*", LONG[database]):
        with pytest.raises(DataSourceError):
            source(wrong, statement_timeout_seconds=1).fetch(CONTEXT)
    end = time.monotonic() + 10
    while source(f"SELECT count(*) AS c FROM {others}").fetch(CONTEXT)["c"][0]:
        assert time.monotonic() < end, "a session is left"
        time.sleep(0.1)


# RS-031
def test_the_end_is_told(source, events):
    source("SELECT user_id FROM purchases").fetch(CONTEXT)
    event = named(events, "sql_fetch_complete")
    assert (event["recipe"], event["run_id"], event["rows"]) == ("purchases", "run-1", len(list(purchases())))
    assert event["rows"] == event["rows_loaded"]


# RS-022
def test_a_column_of_the_schema_that_is_missing_is_a_mistake_of_the_recipe(source):
    context = FetchContext("purchases", "run-1", SCHEMA)
    wrong = source("SELECT user_id, bought_at FROM purchases")
    for check in (wrong.fetch, wrong.probe_columns):
        with pytest.raises(RecipeError) as failure:
            check(context)
        assert str(failure.value) == "column 'item_id' not found in query result"
    assert source("SELECT user_id, item_id, bought_at FROM purchases").probe_columns(context) is True


# RS-023
def test_a_probe_reads_nothing_of_the_query(source, database):
    source(LONG[database], statement_timeout_seconds=5).probe()
    with pytest.raises(RecipeError, match="query line 1, column 8: unterminated string"):
        source("SELECT 'unterminated").probe()


# ---- parameters ----


# RS-006
def test_parameters_are_expanded_and_the_query_is_not(source, monkeypatch, events):
    monkeypatch.setenv("RECOTEM_RECIPE_NOTE", "half:price")
    monkeypatch.setenv("RECOTEM_RECIPE_NONE", "")
    query = "SELECT count(*) AS c, '${RECOTEM_RECIPE_NOTE}' AS text FROM purchases WHERE note = :note AND '' = :none"
    frame = source(query, {"note": "${RECOTEM_RECIPE_NOTE}", "none": "${RECOTEM_RECIPE_NONE}"}).fetch(CONTEXT)
    assert list(frame.iloc[0]) == [len(list(purchases())), "${RECOTEM_RECIPE_NOTE}"]
    event = named(events, "recipe_env_var_empty")
    assert event["name"] == "RECOTEM_RECIPE_NONE" and event["log_level"] == "warning"


# RS-007
@pytest.mark.parametrize("name", ["HOME", "RECOTEM_RECIPE_API_KEY", "RECOTEM_RECIPE_SHOP_DSN", "RECOTEM_RECIPE_UNSET"])
def test_what_may_not_be_expanded_is_a_mistake_of_the_recipe(source, monkeypatch, name):
    if name != "RECOTEM_RECIPE_UNSET":
        monkeypatch.setenv(name, "hidden-value") if name != DSN else None
    with pytest.raises(RecipeSourceError, match=name) as failure:
        source("SELECT :p AS p", {"p": "${%s}" % name}).fetch(CONTEXT)
    assert "hidden-value" not in str(failure.value)


# RS-008
def test_a_parameter_without_a_value_is_a_data_source_error_and_an_unused_one_a_recipe_error(source):
    with pytest.raises(DataSourceError, match="query parameter ':since' has no value") as failure:
        source("SELECT :since AS s").fetch(CONTEXT)
    assert not isinstance(failure.value, RecipeError)
    with pytest.raises(RecipeError, match="query parameter 'since' is not used by the query"):
        source("SELECT 1 AS one", {"since": "2026-03-01"}).fetch(CONTEXT)


# ---- type: penstock ----


# RS-001 RS-002
def test_the_plug_in_takes_penstocks_own_keys(monkeypatch, shops):
    monkeypatch.setenv("PENSTOCK_SHOP_DSN", shops["sqlite"])
    config = PenstockConfig(type="penstock", dsn_env="PENSTOCK_SHOP_DSN", query="SELECT user_id, item_id FROM purchases",
                            limits={"rows": 1000, "bytes": "1MiB", "seconds": 30}, partition={"column": "user_id", "count": 2},
                            types={"columns": {"item_id": "text"}}, allow_privileged=False)
    frame = PenstockSource(config).fetch(CONTEXT)
    assert set(frame["item_id"]) == {str(item) for _, item, _, _ in purchases()}
    few = config.model_copy(update={"limits": type(config.limits)(rows=5)})
    with pytest.raises(DataSourceError, match="query result exceeds limits.rows=5 rows"):
        PenstockSource(few).fetch(CONTEXT)
    small = config.model_copy(update={"limits": type(config.limits)(bytes="1KB")})
    with pytest.raises(DataSourceError, match="exceeds the limit of 1000 bytes"):
        PenstockSource(small).fetch(CONTEXT)


# RS-001 RS-002 RS-009
@pytest.mark.parametrize("change, field", [
    ({"dsn_env": "SHOP_DSN"}, "dsn_env"), ({"dsn_env": "recotem_recipe_x"}, "dsn_env"), ({"query": ""}, "query"),
    ({"connect_timeout_seconds": 0}, "connect_timeout_seconds"), ({"statement_timeout_seconds": 1801}, "statement_timeout_seconds"),
    ({"limits": {"bytes": "2 gigs"}}, "limits"), ({"partition": {"column": "id", "count": 0}}, "partition.count"),
    ({"allow_private": True}, "allow_private"), ({"query_parameters": {"x": [1]}}, "query_parameters.x")])
def test_a_config_that_is_none_is_refused_with_the_field(change, field):
    with pytest.raises(ValueError) as failure:
        PenstockConfig(**({"type": "penstock", "dsn_env": DSN, "query": "SELECT 1"} | change))
    assert ".".join(map(str, failure.value.errors()[0]["loc"])).startswith(field)
