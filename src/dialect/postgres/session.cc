#include "dialect/postgres/session.h"

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock::postgres {
namespace {

// All that the role may do beyond reading, its memberships' rights included; those that
// only let it read are left out. Of the functions: those that run as somebody else, and
// those that not everybody may run as PostgreSQL or an extension made them
// (pg_read_file).
constexpr const char* kAccountSql = R"(
SELECT 'role attribute: ' || a.word
  FROM pg_catalog.pg_roles r, LATERAL (VALUES
    (r.rolsuper, 'SUPERUSER'), (r.rolreplication, 'REPLICATION'),
    (r.rolbypassrls, 'BYPASSRLS'), (r.rolcreaterole, 'CREATEROLE'),
    (r.rolcreatedb, 'CREATEDB')) a (has, word)
  WHERE r.rolname = session_user AND a.has
UNION ALL
SELECT 'member of ' || r.rolname FROM pg_catalog.pg_roles r
  WHERE pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') AND r.rolname <> session_user
    AND r.rolname !~ '^pg_(read_all_.*|stat_scan_tables|monitor)$'
    AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user)
UNION ALL
SELECT 'may create in ' || pg_catalog.quote_ident(nspname) FROM pg_catalog.pg_namespace
  WHERE nspname !~ '^pg_|^information_schema$' AND pg_catalog.has_schema_privilege(oid, 'CREATE')
UNION ALL
SELECT 'may ' || pg_catalog.string_agg(pg_catalog.lower(p.word), ', ' ORDER BY p.word) || ' ' ||
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (VALUES ('DELETE'), ('INSERT'), ('TRUNCATE'), ('UPDATE')) p (word)
  WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_|^information_schema$'
    AND pg_catalog.has_table_privilege(c.oid, p.word)
  GROUP BY n.nspname, c.relname
UNION ALL
SELECT 'may ' || pg_catalog.lower(p.word) || ' ' ||
    pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) || ' of ' ||
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid,
    LATERAL (VALUES ('INSERT'), ('UPDATE')) p (word)
  WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND n.nspname !~ '^pg_|^information_schema$'
    AND NOT pg_catalog.has_table_privilege(c.oid, p.word)
    AND pg_catalog.has_column_privilege(c.oid, a.attnum, p.word)
  GROUP BY n.nspname, c.relname, p.word
UNION ALL
SELECT 'may ' || pg_catalog.string_agg(p.shown, ', ' ORDER BY p.shown) || ' ' ||
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (VALUES ('UPDATE', 'update'), ('USAGE', 'use')) p (word, shown)
  WHERE c.relkind = 'S' AND n.nspname !~ '^pg_|^information_schema$'
    AND pg_catalog.has_sequence_privilege(c.oid, p.word)
  GROUP BY n.nspname, c.relname
UNION ALL
SELECT DISTINCT 'may run ' || f.oid::regprocedure
  FROM pg_catalog.pg_proc f
    LEFT JOIN pg_catalog.pg_init_privs i ON i.objoid = f.oid AND i.classoid = 'pg_catalog.pg_proc'::regclass,
    LATERAL pg_catalog.aclexplode(f.proacl) now
  WHERE (now.grantee = 0 OR pg_catalog.pg_has_role(session_user, now.grantee, 'USAGE'))
    AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(
        coalesce(i.initprivs, pg_catalog.acldefault('f', f.proowner))) made
      WHERE made.grantee IN (0, now.grantee))
UNION ALL
SELECT 'may run ' || f.oid::regprocedure || ' as ' || pg_catalog.quote_ident(o.rolname)
  FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_roles o ON o.oid = f.proowner
    JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
  WHERE f.prosecdef AND n.nspname !~ '^pg_' AND o.rolname <> session_user
    AND pg_catalog.has_function_privilege(f.oid, 'EXECUTE'))";

// What a role may do that a read-only transaction does not stop. Of the session's user,
// and of every role it may become: set_config('role', ...) is a function like any other.
constexpr const char* kPrivilegeSql = R"(
SELECT CASE WHEN rolsuper THEN 'superuser' WHEN rolreplication THEN 'replication'
    ELSE rolname END
  FROM pg_catalog.pg_roles
  WHERE (rolsuper OR rolreplication OR rolname IN ('pg_execute_server_program',
      'pg_write_server_files', 'pg_read_server_files'))
    AND pg_catalog.pg_has_role(session_user, oid, 'MEMBER')
  ORDER BY rolsuper DESC, rolreplication DESC, rolname)";

void refuse_privileged(const Run& run, Access access) {
  const Result role = run(kPrivilegeSql, {});
  if (PQntuples(role.get()) == 0) return;
  const bool writes = access == Access::kReadWrite;
  throw Error(Category::kRefused, "privileged_account",
              fmt::format("refusing to {} with a {} role: {}", writes ? "write" : "read",
                          printable(PQgetvalue(role.get(), 0, 0)),
                          writes ? "it may do more than change rows"
                                 : "read-only transactions do not bind it"),
              writes ? "use a role that may only do what the task needs, or set "
                       "allow_privileged: true in the task"
                     : "use a role that may only SELECT, or set allow_privileged: true "
                       "in the recipe");
}

}  // namespace

void set_up_session(const Run& run, const Session& session, const Version& version,
                    const std::vector<Dsn::Setting>& settings) {
  const bool writes = session.access == Access::kReadWrite && !session.plan_only;
  std::string begin =
      writes ? "BEGIN TRANSACTION READ WRITE; " : "BEGIN TRANSACTION READ ONLY; ";
  if (version.repeatable)
    begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; ";
  if (!version.snapshot.empty())
    begin += fmt::format("SET TRANSACTION SNAPSHOT '{}'; ", version.snapshot);
  // In one message; if any part fails, none of the session is used (RS-013, RS-014).
  run(fmt::format(
          "{}SET LOCAL statement_timeout = {}; "
          "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; "
          "SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1; "
          "SET LOCAL bytea_output = 'hex'; "
          // The scanner reads '\' as the server then does.
          "SET LOCAL standard_conforming_strings = on; "
          "SET LOCAL idle_in_transaction_session_timeout = 0",
          begin, session.limits.statement.count()),
      {});
  const Result read_only = run("SHOW transaction_read_only", {});
  if (PQntuples(read_only.get()) != 1 ||
      std::string_view(PQgetvalue(read_only.get(), 0, 0)) != (writes ? "off" : "on")) {
    throw Error(Category::kDataSource, "session_not_read_only",
                writes ? "the session could not be made writable"
                       : "the session could not be made read-only");
  }
  if (!session.allow_privileged) refuse_privileged(run, session.access);
  // Last: by a path of the user's, none of the questions above is asked.
  for (const Dsn::Setting& setting : settings) {
    run("SELECT pg_catalog.set_config($1, $2, true)", {setting.name, setting.value});
  }
}

std::vector<std::string> account_of(const Run& run) {
  const Result result = run(kAccountSql, {});
  std::vector<std::string> lines;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    lines.push_back(printable(PQgetvalue(result.get(), row, 0), 200));
  }
  return lines;
}

}  // namespace penstock::postgres
