// What the sink's tests share: folders that go away, arrays from JSON, outputs run to
// their end.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <stdlib.h>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "penstock/error.h"
#include "sink/output.h"

namespace penstock {

/// A folder of the test's own, removed with all in it.
class TempFolder {
 public:
  TempFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "penstock.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  /// The names in it, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::string path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

template <typename T>
T value_or_die(arrow::Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return *std::move(result);
}

inline std::shared_ptr<arrow::Array> array_of(
    const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  return value_or_die(arrow::json::ArrayFromJSONString(type, json));
}

using Columns = std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>;

inline std::shared_ptr<arrow::RecordBatch> batch_of(const Columns& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  const std::int64_t rows = arrays.empty() ? 0 : arrays[0]->length();
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, arrays);
}

/// `rows` integers from `first`.
inline std::shared_ptr<arrow::RecordBatch> numbers(std::int64_t first,
                                                   std::int64_t rows) {
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < rows; ++i) {
    if (!builder.Append(first + i).ok()) throw std::runtime_error("no memory");
  }
  return batch_of({{"n", value_or_die(builder.Finish())}});
}

inline OutputOptions options_for(const std::string& path, Format format) {
  OutputOptions options;
  options.path = path;
  options.format = format;
  return options;
}

inline const Provenance kProvenance{"orders", std::string(64, 'a'), "sqlite"};

/// Writes the batches and commits.
inline OutputSummary write_all(
    const OutputOptions& options,
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
    const FileCalls& calls = {}) {
  Output output(options, {}, {}, calls);
  output.begin(batches.at(0)->schema(), kProvenance);
  for (const auto& batch : batches) output.write(batch);
  return output.commit();
}

/// The file's text after one batch has been written in `format`.
inline std::string text_of(const std::shared_ptr<arrow::RecordBatch>& batch,
                           Format format) {
  const TempFolder folder;
  write_all(options_for(folder / "out", format), {batch});
  return read_file(folder / "out");
}

/// What a call throws, as one value that a test can compare whole.
struct Thrown {
  Category category{};
  std::string code;
  std::string message;
  std::string hint;

  friend bool operator==(const Thrown&, const Thrown&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Thrown& thrown) {
    return out << traits(thrown.category).error_type << " " << thrown.code << "\n  "
               << thrown.message << "\n  hint: " << thrown.hint;
  }
};

/// An empty message if nothing was thrown.
template <class Call>
Thrown thrown_by(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.category(), error.code(), error.message(), error.hint()};
  }
  return {};
}

}  // namespace penstock
