#include "base/process.h"

#include <cstdlib>
#include <string>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "penstock/environment.h"

namespace penstock {
namespace {

// RS-026
TEST(Process, OverwrittenVariablesAreEmptyAndCopiesTakenBeforeKeepThem) {
  ASSERT_EQ(setenv("PENSTOCK_PROCESS_TEST", "s3cret", 1), 0);
  ASSERT_EQ(setenv("OTHER_PROCESS_TEST", "kept", 1), 0);
  const char* const block = getenv("PENSTOCK_PROCESS_TEST");
  const Environment before = Environment::of_process();
  overwrite_environment({"PENSTOCK_", "RECOTEM_"});
  EXPECT_EQ(std::string(block, 6), std::string(6, '\0'));
  EXPECT_STREQ(getenv("OTHER_PROCESS_TEST"), "kept");
  EXPECT_EQ(before.get("PENSTOCK_PROCESS_TEST"), "s3cret");
  EXPECT_EQ(Environment::of_process().get("PENSTOCK_PROCESS_TEST"), "");
}

// RS-026
TEST(Process, CoreDumpsAreForbidden) {
  forbid_core_dumps();
  rlimit limit{1, 1};
  ASSERT_EQ(getrlimit(RLIMIT_CORE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, 0U);
  EXPECT_EQ(limit.rlim_max, 0U);
}

// RS-019
TEST(Process, TheDriversOwnVariablesAreRemovedAndNoOthers) {
  const char* const drivers[] = {"PGHOSTADDR",      "PGSERVICE",  "PGPASSWORD",
                                 "MYSQL_PWD",       "MYSQL_HOME", "MARIADB_PLUGIN_DIR",
                                 "LIBMYSQL_PLUGINS"};
  for (const char* name : drivers) ASSERT_EQ(setenv(name, "x", 1), 0);
  ASSERT_EQ(setenv("OTHER_PROCESS_TEST", "kept", 1), 0);
  ASSERT_EQ(setenv("NOT_PGHOST", "kept", 1), 0);
  remove_driver_variables();
  for (const char* name : drivers) EXPECT_EQ(getenv(name), nullptr) << name;
  EXPECT_STREQ(getenv("OTHER_PROCESS_TEST"), "kept");
  EXPECT_STREQ(getenv("NOT_PGHOST"), "kept");
}

}  // namespace
}  // namespace penstock
