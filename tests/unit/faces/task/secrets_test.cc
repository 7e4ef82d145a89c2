#include "penstock/secrets.h"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/declare/expect_error.h"
#include "unit/support.h"

namespace penstock {
namespace {

using testing::Folder;

Environment with(std::map<std::string, std::string, std::less<>> variables) {
  return Environment(std::move(variables));
}

std::string found(const Environment& environment, const SecretRef& ref) {
  return std::string(resolve_secret(ref, default_secret_providers(environment)).reveal());
}

// FT-009
TEST(Secrets, VariablesWithFlytesNamesAndOurs) {
  const SecretRef ref{"shop", "db-password", "", {}};
  EXPECT_EQ(found(with({{"_FSEC_SHOP_DB-PASSWORD", "a"}}), ref), "a");
  EXPECT_EQ(found(with({{"_FSEC_SHOP_DB_PASSWORD", "b"}}), ref), "b");
  EXPECT_EQ(found(with({{"PENSTOCK_SECRET_SHOP_DB_PASSWORD", "c"},
                        {"_FSEC_SHOP_DB-PASSWORD", "a"}}),
                  ref),
            "c");
  EXPECT_EQ(found(with({{"_FSEC_SHOP_V2_KEY", "d"}}), {"shop", "key", "v2", {}}), "d");
  EXPECT_EQ(found(with({{"_FSEC_KEY", "e"}}), {"", "key", "", {}}), "e");
  EXPECT_EQ(found(with({{"FLYTE_SECRETS_ENV_PREFIX", "X_"}, {"X_SHOP_KEY", "f"}}),
                  {"shop", "key", "", {}}),
            "f");
}

// FT-009
TEST(Secrets, FilesWithFlytesNames) {
  const Folder folder;
  std::filesystem::create_directories(folder.file("shop/v2"));
  std::ofstream(folder.file("shop/db-password")) << " from a file\n";
  std::ofstream(folder.file("shop/v2/x-key")) << "versioned";
  const std::string path = folder.file("");
  const Environment plain = with({{"FLYTE_SECRETS_DEFAULT_DIR", path}});
  EXPECT_EQ(found(plain, {"Shop", "DB-Password", "", {}}), "from a file");
  EXPECT_EQ(found(with({{"FLYTE_SECRETS_DEFAULT_DIR", path},
                        {"FLYTE_SECRETS_FILE_PREFIX", "x-"}}),
                  {"shop", "key", "v2", {}}),
            "versioned");
  EXPECT_EQ(thrown_by([&] { found(plain, {"", "shop", "", {}}); }).code,
            "task_secret_unreadable");
}

// FT-009
TEST(Secrets, OneThatIsNowhereIsNamedWithWhereItMayBe) {
  EXPECT_EQ(
      thrown_by([] {
        found(with({{"FLYTE_SECRETS_DEFAULT_DIR", "/nothing/here"}}),
              {"shop", "db-password", "", {}});
      }),
      (Thrown{Category::kTask, "task_secret_missing",
              "there is no secret group 'shop', key 'db-password'",
              "set PENSTOCK_SECRET_SHOP_DB_PASSWORD or _FSEC_SHOP_DB_PASSWORD, or mount "
              "the file /etc/secrets/shop/db-password"}));
}

// FT-009
TEST(Secrets, ACommandGivesOneWithoutAShell) {
  const auto run = [](std::vector<std::string> command) {
    return found(with({}), {"", "", "", std::move(command)});
  };
  EXPECT_EQ(run({"printf", "%s\\n", "a b; $HOME"}), "a b; $HOME");
  const auto failure = [&](std::vector<std::string> command) {
    const Thrown thrown = thrown_by([&] { run(command); });
    EXPECT_EQ(thrown.code, "task_secret_command");
    EXPECT_THAT(thrown.message, ::testing::Not(::testing::HasSubstr("hunter2")));
    return thrown.message;
  };
  EXPECT_THAT(failure({"sh", "-c", "echo hunter2; exit 3"}),
              ::testing::HasSubstr("ended with 3"));
  EXPECT_THAT(failure({"penstock-no-such-program", "hunter2"}),
              ::testing::HasSubstr("No such file"));
  EXPECT_THAT(failure({"true"}), ::testing::HasSubstr("printed nothing"));
  EXPECT_THAT(failure({"yes", "hunter2"}), ::testing::HasSubstr("more than 64 KiB"));
}

// FT-009
TEST(Secrets, ACommandEndsWithTheRun) {
  std::stop_source stop;
  stop.request_stop();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(thrown_by([&] {
              resolve_secret({"", "", "", {"sleep", "60"}}, {}, stop.get_token());
            }).category,
            Category::kInterrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

}  // namespace
}  // namespace penstock
