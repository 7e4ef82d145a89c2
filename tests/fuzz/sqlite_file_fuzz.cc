// Any bytes as a SQLite file: opened by the engine and read to the end. Ends in rows or
// in an Error whose texts are complete, within its time.
//
// The file lives in a folder of its own, so that a journal or a log cannot be left behind
// for the next run.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>

#include "base/text.h"
#include "penstock/engine.h"
#include "penstock/error.h"

namespace {

using namespace std::chrono_literals;

class Scratch {
 public:
  Scratch() {
    std::string name =
        (std::filesystem::temp_directory_path() / "penstock-fuzz-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = std::filesystem::canonical(name);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string file() const { return (folder_ / "x.db").string(); }

 private:
  std::filesystem::path folder_;
};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

// The names of the file's own tables and views, if it gives them.
void read(const penstock::Engine& engine, const std::string& sql,
          std::vector<std::string>* first_column) {
  penstock::Query query;
  query.name = "fuzz";
  query.sql = sql;
  query.connection.dsn_env = "PENSTOCK_FUZZ_DSN";
  query.limits.total = 300ms;
  query.limits.connect = 100ms;
  query.limits.rows = 2000;
  query.batch = {64, 1 << 16};
  query.types.on_lossy = penstock::OnLossy::kText;
  query.types.duplicates = penstock::Duplicates::kRename;
  const auto before = std::chrono::steady_clock::now();
  try {
    penstock::BatchStream stream = engine.open(query, {});
    while (const auto batch = stream.next()) {
      require(batch->num_rows() > 0, "an empty batch");
      require(batch->ValidateFull().ok(), "a batch that is not valid");
      for (int i = 0; first_column != nullptr && i < batch->num_rows() && i < 8; ++i) {
        const auto name = batch->column(0)->GetScalar(i);
        if (name.ok()) first_column->push_back((*name)->ToString());
      }
    }
  } catch (const penstock::Error& error) {
    require(!error.message().empty() && !error.code().empty(), "an error without words");
    require(penstock::is_valid_utf8(error.message()), "a message that is not UTF-8");
    require(penstock::traits(error.category()).exit_code <= 3, "an odd exit code");
  }
  require(std::chrono::steady_clock::now() - before < 20s, "a query that did not end");
}

std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Scratch scratch;
  std::ofstream(scratch.file(), std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  static const penstock::Engine engine{
      penstock::Environment(std::map<std::string, std::string, std::less<>>{
          {"PENSTOCK_FUZZ_DSN", "sqlite:///" + scratch.file()}})};
  std::vector<std::string> names;
  read(engine, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')", &names);
  for (const std::string& name : names) {
    if (name.find('\0') != std::string::npos || !penstock::is_valid_utf8(name)) continue;
    read(engine, "SELECT * FROM " + quoted(name), nullptr);
    read(engine, "SELECT count(*), min(rowid) FROM " + quoted(name), nullptr);
  }
  return 0;
}
