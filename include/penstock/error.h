// Stage: base. The one exception type this library throws.
//
// A caller acts on `category()`; `code()` is a stable word for a log or a test;
// `message()` says what happened and where; `hint()` says what to do. None of them ever
// holds a DSN, a password, a parameter's value or SQL text with values (RS-026).
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace penstock {

/// What a failure is to the person who must act on it. `traits()` maps it to each face's
/// own vocabulary.
enum class Category : std::uint8_t {
  kUnexpected,     // a defect of ours, or a failure nobody foresaw
  kUsage,          // the command line, or a call, is wrong
  kRecipe,         // a recipe file, its parameters or its declared columns
  kTask,           // a task file, its template, its inputs or its output schema
  kNotFound,       // a store key that is not there
  kInvalidPath,    // a store key that cannot be
  kNotSupported,   // an operation this build, face or database does not have
  kDataSource,     // the database refused, failed, or holds what cannot be read exactly
  kUnavailable,    // the database could not be reached
  kLimit,          // a cap on rows or bytes was passed
  kTimeout,        // a deadline was passed
  kRefused,        // the guard would not let us connect there or run that
  kOutput,         // the output could not be written
  kLocked,         // another run holds the output
  kConfiguration,  // an environment variable or option of the program itself
  kInterrupted,    // SIGINT, or the caller's stop token
  kTerminated,     // SIGTERM
  kBrokenPipe,     // the reader of our output went away
};

/// One row of the table that every face reads.
struct CategoryTraits {
  Category category;
  std::string_view
      error_type;   // the documents' word: "RecipeError", "DataSourceError", ...
  int exit_code;    // RS-024 and the command line's contract
  int http_status;  // for a server
  std::string_view python_class;  // the class under penstock.Error
};

/// Total over `Category`. Thread-safe.
const CategoryTraits& traits(Category category) noexcept;

class Error : public std::exception {
 public:
  /// `code` is lower_snake_case and never changes its meaning. `sqlstate` is the server's
  /// five characters, or empty.
  Error(Category category, std::string code, std::string message, std::string hint = {},
        std::string sqlstate = {});

  Category category() const noexcept { return category_; }
  const std::string& code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& hint() const noexcept { return hint_; }
  const std::string& sqlstate() const noexcept { return sqlstate_; }

  /// The message alone; lives as long as the error.
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  Category category_;
  std::string code_;
  std::string message_;
  std::string hint_;
  std::string sqlstate_;
};

}  // namespace penstock
