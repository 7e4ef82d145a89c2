"""Query text against a real MariaDB and a real MySQL: tables, files, locks and what a session leaves are looked at
afterwards. More on the message's side is in tests/unit/dialect/mysql/read_only_test.cc, and on servers that ask for a
password in connect_test.cc.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import struct
import tempfile
import threading
import time

import pytest

from conftest import Penstock, left_in, wait_until
from listener import Listener, read_packet
from on_mysql import NAMES, Server
from on_postgres import arrow, connected, query, variable
from spare_time import SLACK


@pytest.fixture(scope="module", params=NAMES)
def root(request):
    return Server(request.param)


@pytest.fixture
def my(tmp_path, root):
    return connected(Penstock(tmp_path), root.dsn)


@pytest.fixture
def my_writer(tmp_path, root):
    """The program with an account that may write, so that it is the session that stops it and not the rights."""
    return connected(Penstock(tmp_path), root.writer_dsn)


def running(root, mark):
    """What the server runs now with `mark` in its text."""
    return [row for (row,) in root.run("SELECT info FROM information_schema.processlist WHERE info IS NOT NULL")
            if mark in row and "processlist" not in row]


@pytest.fixture(scope="module", autouse=True)
def tables(root):
    root.run("""
        SET GLOBAL log_bin_trust_function_creators = 1;
        DROP TABLE IF EXISTS attack_t, attack_engine; DROP FUNCTION IF EXISTS attack_write;
        DROP FUNCTION IF EXISTS attack_opens; DROP FUNCTION IF EXISTS attack_slow; DROP PROCEDURE IF EXISTS attack_p;
        CREATE TABLE attack_t (n INT PRIMARY KEY, at TIMESTAMP NULL) ENGINE=InnoDB;
        CREATE TABLE attack_engine (n INT) ENGINE=MyISAM;
        SET time_zone = '+00:00';
        INSERT INTO attack_t VALUES (1, '2026-01-02 03:04:05'), (2, NULL);
        INSERT INTO attack_engine VALUES (1);
        DELIMITER //
        CREATE FUNCTION attack_write() RETURNS INT DETERMINISTIC MODIFIES SQL DATA SQL SECURITY DEFINER
            BEGIN INSERT INTO attack_t VALUES (9, NULL); INSERT INTO attack_engine VALUES (9); RETURN 1; END //
        CREATE FUNCTION attack_opens() RETURNS INT DETERMINISTIC MODIFIES SQL DATA
            BEGIN SET SESSION transaction_read_only = 0; INSERT INTO attack_engine VALUES (9); RETURN 1; END //
        CREATE FUNCTION attack_slow() RETURNS INT DETERMINISTIC
            BEGIN
              DECLARE i INT DEFAULT 0; DECLARE CONTINUE HANDLER FOR SQLEXCEPTION, SQLWARNING SET i = i;
              WHILE i < 60 DO SET i = i + 1; DO SLEEP(1); END WHILE;
              RETURN 1;
            END //
        CREATE PROCEDURE attack_p() BEGIN INSERT INTO attack_t VALUES (9, NULL); SELECT 1; COMMIT; END //
        DELIMITER ;
        GRANT EXECUTE ON penstock.* TO reader@'%';""".replace("transaction_read_only", "tx_read_only" if root.is_mariadb
                                                                else "transaction_read_only"))
    if root.is_mariadb:
        root.run("DROP SEQUENCE IF EXISTS attack_s; CREATE SEQUENCE attack_s NOCACHE")
    yield
    root.run("DROP TABLE attack_t, attack_engine; DROP FUNCTION attack_write; DROP FUNCTION attack_opens;"
             "DROP FUNCTION attack_slow; DROP PROCEDURE attack_p")
    if root.is_mariadb:
        root.run("DROP SEQUENCE attack_s")


@pytest.fixture
def filer(tmp_path, root):
    """An account with FILE, which a recipe has to allow."""
    return connected(Penstock(tmp_path), variable(f"PENSTOCK_TEST_{root.name.upper()}_FILE_DSN"))


@pytest.fixture
def open_folder():
    """A folder that the server's account may write to."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-attack-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def state_of(root):
    state = root.run("SELECT n FROM attack_t ORDER BY n; SELECT n FROM attack_engine; "
                     "SELECT table_name FROM information_schema.tables WHERE table_schema = 'penstock' ORDER BY 1; "
                     "SELECT IS_FREE_LOCK('attack')")
    if root.is_mariadb:
        state += root.run("SELECT next_not_cached_value FROM attack_s")
    return state


WRITES = [
    "SELECT 1; INSERT INTO attack_t VALUES (9, NULL)",
    "SELECT 1; COMMIT; SET SESSION TRANSACTION READ WRITE",
    "BEGIN NOT ATOMIC INSERT INTO attack_t VALUES (9, NULL); COMMIT; END",
    "CALL attack_p()",
    "SET STATEMENT sql_select_limit=1 FOR SELECT n FROM attack_t",
    "SELECT 1 /*! INTO OUTFILE '{folder}/made' */",
    "SELECT 1 /*!50000 INTO OUTFILE '{folder}/made' */",
    "SELECT 1 /*M!100100 INTO OUTFILE '{folder}/made' */",
    "/*! INSERT INTO attack_t VALUES (9, NULL) */",
    "SELECT attack_write()",
    "SELECT attack_opens()",
    "SELECT n FROM attack_t WHERE attack_write() = 1",
    "SELECT n FROM attack_t FOR UPDATE",
    "SELECT n FROM attack_t ORDER BY n LIMIT 1 INTO @x",
    "WITH w AS (SELECT 1 AS n) DELETE FROM attack_t WHERE n IN (SELECT n FROM w)",
    "(DELETE FROM attack_t)",
    "DO attack_write()",
    "HANDLER attack_t OPEN",
    "LOCK TABLES attack_t WRITE",
    "LOAD DATA INFILE '/etc/hostname' INTO TABLE attack_engine",
    "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE attack_engine",
    "EXPLAIN SELECT attack_write()",
    "ANALYZE TABLE attack_t",
]
FILES = [
    "SELECT 1 INTO OUTFILE '{folder}/made'",
    "SELECT 1 INTO DUMPFILE '{folder}/made'",
    "(SELECT 1) INTO OUTFILE '{folder}/made'",
    "(SELECT 1 INTO OUTFILE '{folder}/made')",
    "SELECT n FROM attack_t INTO OUTFILE '{folder}/made' FIELDS TERMINATED BY ','",
    "SELECT 1 UNION SELECT 2 INTO OUTFILE '{folder}/made'",
    "WITH w AS (SELECT 1 AS n) SELECT n FROM w INTO DUMPFILE '{folder}/made'",
    "TABLE attack_t INTO OUTFILE '{folder}/made'",
    "VALUES ROW(1) INTO OUTFILE '{folder}/made'",
]
SEQUENCES = ["SELECT nextval(attack_s)", "SELECT NEXT VALUE FOR attack_s", "SELECT setval(attack_s, 500)"]


# RS-013
@pytest.mark.parametrize("sql", WRITES + FILES, ids=lambda sql: sql[:50])
def test_no_query_text_writes_rows_or_files(my_writer, root, open_folder, sql):
    before = state_of(root)
    result = query(my_writer, sql.format(folder=open_folder), "-o", "x.csv")
    assert result.code in (2, 3), result
    assert state_of(root) == before
    assert list(open_folder.iterdir()) == []
    assert left_in(my_writer.cwd) in ([], ["x.csv.lock"])


# RS-013
@pytest.mark.parametrize("sql", FILES, ids=lambda sql: sql[:50])
def test_an_account_with_leave_to_write_files_writes_none(filer, recipe, root, open_folder, sql):
    path = recipe(sql.format(folder=open_folder), source="allow_privileged: true")
    result = filer("fetch", path, "-o", "x.csv")
    assert result.code in (2, 3), result
    assert list(open_folder.iterdir()) == []
    # The account could: that is what stops it.
    root.run(f"SELECT 1 INTO OUTFILE '{open_folder}/by-root'")
    assert [path.name for path in open_folder.iterdir()] == ["by-root"]


# RS-013
def test_a_file_of_the_servers_machine_is_read_only_with_leave(filer, my, recipe):
    """LOAD_FILE only reads, and by the account's own right: that right has to be allowed."""
    sql = "SELECT LOAD_FILE('/etc/hostname') AS f"
    refused = filer("fetch", recipe(sql), "-o", "x.csv")
    assert (refused.code, refused.error["code"]) == (3, "privileged_account")
    assert arrow(my, sql).to_pylist() == [{"f": None}]
    assert filer("fetch", recipe(sql, source="allow_privileged: true"), "-o", "x.csv").code == 0
    assert pathlib.Path("/etc/hostname").read_bytes().hex().encode() in (filer.cwd / "x.csv").read_bytes()


@pytest.fixture
def granted(tmp_path, root):
    """The program with an account that may read, and what else it is called with."""
    def with_rights(rights):
        root.run(f"CREATE USER granted@'%' IDENTIFIED BY ''; GRANT SELECT, EXECUTE ON penstock.* TO granted@'%'; "
                 f"GRANT {rights} ON *.* TO granted@'%'")
        return connected(Penstock(tmp_path), f"mysql://granted@127.0.0.1:{root.port}/penstock?ssl_mode=DISABLED")

    yield with_rights
    root.run("DROP USER granted@'%'")


# RS-013
@pytest.mark.parametrize("root", ["mysql"], indirect=True)
def test_an_account_of_replication_sets_up_no_source_by_a_select(granted, recipe, root):
    penstock = granted("REPLICATION_SLAVE_ADMIN")
    sources = "SELECT channel_name, host FROM mysql.replication_asynchronous_connection_failover"
    sql = "SELECT asynchronous_connection_failover_add_source('ch', '192.0.2.1', 3306, '', 50) AS made"
    refused = penstock("fetch", recipe(sql), "-o", "x.csv")
    assert root.run(sources) == []
    assert (refused.code, refused.error["code"]) == (3, "privileged_account"), refused
    # The account could: that is what stops it.
    try:
        assert penstock("fetch", recipe(sql, source="allow_privileged: true"), "-o", "x.csv").code == 0
        assert root.run(sources) == [["ch", "192.0.2.1"]]
    finally:
        root.run("SELECT asynchronous_connection_failover_delete_source('ch', '192.0.2.1', 3306, '')")


# RS-013
def test_an_account_of_administration_changes_no_setting_by_a_function(granted, recipe, root):
    """What a function with its caller's rights may do is no matter of the transaction."""
    penstock = granted("BINLOG ADMIN" if root.is_mariadb else "SYSTEM_VARIABLES_ADMIN")
    setting = "SELECT @@GLOBAL.binlog_cache_size"
    before = root.run(setting)
    root.run("""DELIMITER //
        CREATE FUNCTION attack_sets() RETURNS INT DETERMINISTIC SQL SECURITY INVOKER
            BEGIN SET GLOBAL binlog_cache_size = 65536; RETURN 1; END //""")
    try:
        refused = penstock("fetch", recipe("SELECT attack_sets() AS s"), "-o", "x.csv")
        assert root.run(setting) == before != [["65536"]]
        assert (refused.code, refused.error["code"]) == (3, "privileged_account"), refused
        path = recipe("SELECT attack_sets() AS s", source="allow_privileged: true")
        assert penstock("fetch", path, "-o", "x.csv").code == 0
        assert root.run(setting) == [["65536"]]
    finally:
        root.run("DROP FUNCTION attack_sets; SET GLOBAL binlog_cache_size = DEFAULT")


# RS-013
@pytest.mark.parametrize("root", ["mariadb"], indirect=True)
@pytest.mark.parametrize("sql", SEQUENCES)
def test_a_sequence_does_not_move(my_writer, root, sql):
    before = state_of(root)
    assert query(my_writer, sql, "-o", "x.csv").code == 3
    assert state_of(root) == before


# RS-013
@pytest.mark.parametrize("sql", ["SELECT GET_LOCK('attack', 0) AS l", "SELECT n FROM attack_t LOCK IN SHARE MODE"])
def test_no_lock_outlives_the_read(my_writer, root, sql):
    assert query(my_writer, sql, "-o", "x.csv").code == 0
    wait_until(lambda: root.run("SELECT IS_FREE_LOCK('attack')") == [["1"]])
    root.run("SET innodb_lock_wait_timeout = 1; SET lock_wait_timeout = 1; UPDATE attack_t SET n = n; "
             "ALTER TABLE attack_t COMMENT = 'free'")


# RS-013
def test_a_read_is_rolled_back_and_never_committed(my, root):
    """Nothing is left that the one could keep and the other not, so that it is the server's own count that tells."""
    def counted(name):
        return int(root.run(f"SHOW GLOBAL STATUS LIKE '{name}'")[0][1])

    # InnoDB shows the same again to who asks within 0.1 seconds.
    open_transactions = "DO SLEEP(0.15); SELECT COUNT(*) FROM information_schema.innodb_trx"
    root.await_no_session()
    commits, rollbacks = counted("Com_commit"), counted("Handler_rollback")
    process = my.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT n, SLEEP(0.5) AS s FROM attack_t", "-o", "x.csv")
    wait_until(lambda: root.run(open_transactions) == [["1"]])
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    wait_until(lambda: root.run(open_transactions) == [["0"]])
    assert (counted("Com_commit"), counted("Handler_rollback")) == (commits, rollbacks + 1)


# ---- settings in the text ----


# RS-014
@pytest.mark.parametrize("sql", [
    "SELECT /*+ SET_VAR(sql_select_limit=1) */ n FROM attack_t",
    "SELECT /*+ SET_VAR(time_zone='+05:30') */ at FROM attack_t",
    "SELECT /*+ set_var(max_error_count=0) */ n FROM attack_t",
    "SELECT /*+ MAX_EXECUTION_TIME(1) */ SLEEP(0.5) AS s",
    "SELECT /*+ MAX_EXECUTION_TIME(3600000) */ SLEEP(60) AS s",
    "SELECT n FROM (SELECT /*+ NO_ICP(t) SET_VAR(sql_select_limit=1) */ n FROM attack_t t) AS d"])
def test_a_hint_that_changes_a_setting_is_refused_before_anybody_is_asked(my_writer, sql):
    my_writer.env["PENSTOCK_SHOP_DSN"] = "mysql://nobody:x@127.0.0.1:1/none"
    result = query(my_writer, sql, "-o", "x.csv")
    assert (result.code, result.error["code"]) == (2, "query_setting_hint"), result


# RS-013
def test_a_hint_that_only_plans_is_let_be(my, root):
    assert arrow(my, "SELECT /*+ NO_ICP(t) */ n FROM attack_t AS t ORDER BY n").column(0).to_pylist() == [1, 2]


# ---- time ----


# RS-014
@pytest.mark.parametrize("sql", [
    "SELECT SLEEP(60) AS m4rk", "SELECT BENCHMARK(2000000000, SHA2('m4rk', 512)) AS b", "SELECT attack_slow() AS m4rk",
    "SELECT n, SLEEP(0.7) AS m4rk FROM (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) AS t",
    "SELECT COUNT(*) AS m4rk FROM information_schema.columns a, information_schema.columns b, "
    "information_schema.columns c, information_schema.columns d"], ids=lambda sql: sql[:40])
def test_a_query_ends_within_a_second_of_its_time(my_writer, root, recipe, sql):
    path = recipe(sql, source="statement_timeout_seconds: 2")
    start = time.monotonic()
    result = my_writer("fetch", path, "-o", "x.csv")
    assert time.monotonic() - start < 2 + 1 + SLACK
    assert result.code == 3, result
    assert result.error["code"] in ("deadline_passed", "statement_timeout"), result
    assert left_in(my_writer.cwd) == ["x.csv.lock"]
    wait_until(lambda: not running(root, "m4rk"), 10)


# RS-014
@pytest.mark.parametrize("source, limit", [("statement_timeout_seconds: 2", "statement_timeout_seconds"),
                                           ("limits: {seconds: 2}", "limits.seconds")])
@pytest.mark.parametrize("sql", ["SELECT SLEEP(60) AS m4rk", "SELECT BENCHMARK(2000000000, SHA2('m4rk', 512)) AS b"])
def test_the_server_ends_a_query_by_itself_and_its_row_is_no_success(my, root, recipe, sql, source, limit):
    """A client that is stopped kills nothing: the server's own limit ends the query, with a row as if all were well."""
    process = my.start("fetch", recipe(sql, source=source), "-o", "x.csv")
    wait_until(lambda: running(root, "m4rk"))
    os.kill(process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: not running(root, "m4rk"), 3 + 1 + SLACK)
    finally:
        os.kill(process.pid, signal.SIGCONT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 3, err
    assert f"the limit is {limit}: 2" in err.decode()
    assert left_in(my.cwd) == ["x.csv.lock"]


# ---- results that the server cut ----


# RS-013
@pytest.mark.parametrize("sql", [
    "SELECT REPEAT('x', 200000000) AS x",  # NULL, and warning 1301
    "SELECT n, REPEAT('x', n * 100000000) AS x FROM attack_t",
    # MariaDB ends it at 1,000 with warning 1931, MySQL with an error.
    "WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 5000) SELECT n FROM c"])
def test_a_result_that_the_server_cut_is_an_error(my, sql):
    (my.cwd / "x.csv").write_text("old")
    result = query(my, sql, "-o", "x.csv")
    assert result.code == 3, result
    assert result.error["code"] in ("result_cut", "server_out_of_resources"), result
    assert (my.cwd / "x.csv").read_text() == "old"


# RS-013
def test_a_select_limit_of_the_server_cuts_no_result(my, root):
    root.run("SET GLOBAL sql_select_limit = 1")
    try:
        assert arrow(my, "SELECT n FROM attack_t ORDER BY n").column(0).to_pylist() == [1, 2]
    finally:
        root.run("SET GLOBAL sql_select_limit = DEFAULT")


# ---- a server that asks for a file ----


class Asking(Listener):
    """A proxy that answers a command (its first byte) by asking for a file, and keeps what the client then says."""

    def __init__(self, port, command, file):
        self.port_behind, self.command, self.file = port, command, file
        self.asked = threading.Event()
        self.told = b""

    @staticmethod
    def _pump(server, client):
        with contextlib.suppress(OSError):
            while got := server.recv(65536):
                client.sendall(got)
            client.close()

    def serve(self, client):
        with socket.create_connection(("127.0.0.1", self.port_behind)) as server, client:
            threading.Thread(target=self._pump, args=(server, client), daemon=True).start()
            while True:
                head, body = read_packet(client)
                if not head:
                    return
                # The login is sequence 1 and more; a command is 0.
                if head[3] == 0 and body[0] == self.command and not self.asked.is_set():
                    self.asked.set()
                    request = b"\xfb" + self.file.encode()
                    client.sendall(struct.pack("<I", len(request))[:3] + b"\x01" + request)
                    client.settimeout(10)
                    while got := client.recv(65536):
                        self.told += got
                    return
                server.sendall(head + body)


# RS-013
@pytest.mark.parametrize("command", [0x03, 0x16, 0x17], ids=["query", "prepare", "execute"])
def test_a_server_that_asks_for_a_file_gets_nothing_of_it(my, root, tmp_path, command):
    secret = tmp_path / "secret.txt"
    secret.write_text("m4rk of a file")
    dsn = root.dsn
    with Asking(root.port, command, str(secret)) as asking:
        connected(my, dsn.replace(f":{root.port}/", f":{asking.port}/"))
        result = query(my, "SELECT 1 AS one", "-o", "x.csv")
        assert asking.asked.is_set()
        assert result.code == 3, result
    assert b"m4rk" not in asking.told
    assert not (my.cwd / "x.csv").exists()


# ---- text ----


# RS-013
@pytest.mark.parametrize("byte", ["\0", "\x01", "\x1a", "\x7f"])
def test_a_control_byte_in_the_query_is_refused_before_anybody_is_asked(my_writer, byte):
    my_writer.env["PENSTOCK_SHOP_DSN"] = "mysql://nobody:x@127.0.0.1:1/none"
    (my_writer.cwd / "q.sql").write_text(f"SELECT 1 AS n {byte}; DROP TABLE attack_t")
    result = my_writer("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "--file", "q.sql", "-o", "x.csv")
    assert (result.code, result.error["code"]) == (2, "query_control_byte"), result
