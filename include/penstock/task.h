// Stage: declare. Text -> Task: a query template with typed inputs, and what its rows
// must be. Pure: no database, no network. What runs one is penstock/run_task.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "penstock/query.h"

namespace penstock {

/// What an input may be (FT-004). kIdentifier: the name of a table or column, quoted by
/// the database's rules. kChoice: one of a list; where only a name or a keyword can stand
/// it is the list's own words that are sent, elsewhere it is a bound text.
enum class InputType : std::uint8_t {
  kInt,
  kFloat,
  kStr,
  kBool,
  kDate,
  kDateTime,
  kTimeDelta,
  kBytes,
  kNone,
  kIdentifier,
  kChoice,
};

/// A value, or a list of values of one type.
using InputValue = std::variant<Value, std::vector<Value>>;
/// Input name -> value.
using Inputs = std::map<std::string, InputValue, std::less<>>;

struct Input {
  std::string name;
  InputType type = InputType::kStr;
  bool is_list = false;
  bool nullable = false;                // none is a value, too
  std::vector<std::string> choices;     // of kChoice
  std::optional<InputValue> otherwise;  // the default; unset: it must be given
  std::string description;
};

/// "int", "list[date]", "choice of a, b".
std::string to_string(const Input& input);
/// A value of the input's type as a user would write it, for messages: "10",
/// "2026-01-31", "[1, 2]".
std::string example_of(const Input& input);

/// The input's default as JSON, "3"; empty if it has none.
std::string default_of(const Input& input);

/// A column that the result must have. `type` is int, float, str, bool, date, datetime,
/// timedelta, bytes, or a type name of penstock/types.h ("int32", "decimal(12,2)").
struct OutputColumn {
  std::string name;
  std::string type;
  bool nullable = true;
};

/// Where a secret is kept; what is there is read when a run connects, and never before
/// (FT-009). Either `group`, `key` (and perhaps `version`), as Flyte names them, or a
/// `command` whose standard output is the secret, run without a shell at each connection.
struct SecretRef {
  std::string group;
  std::string key;
  std::string version;
  std::vector<std::string> command;
};

/// What becomes of a result's column that the schema does not name.
enum class ExtraColumns : std::uint8_t { kError, kDrop, kKeep };

enum class OutputKind : std::uint8_t {
  kAny,      // whatever rows the query gives, with the database's own types (FT-007)
  kNone,     // no rows: they are counted and dropped
  kColumns,  // checked against a schema (FT-005)
};

struct Task {
  std::string file;
  std::string name;
  std::string description;
  /// `sql` is the template. Access::kReadWrite only where the file declares it.
  Query query;
  /// `connection.secret_connect_args` as declared: argument -> where it is kept.
  std::map<std::string, SecretRef, std::less<>> secrets;
  std::vector<Input> inputs;
  OutputKind output_kind = OutputKind::kAny;
  std::vector<OutputColumn> output;
  ExtraColumns extra_columns = ExtraColumns::kError;
  /// Unknown top-level keys, as in a recipe.
  std::vector<std::string> warnings;
};

/// Reads a task's text, YAML or JSON; `file` and `read_file` as in parse_recipe.
///
/// Throws Error{kTask}, message "FILE:LINE:COL: ...": bad YAML, an unknown key in
/// `connection`, `inputs`, `output` (hint: the nearest known one), a missing or empty
/// field, a default of another type than its input.
Task parse_task(std::string_view text, const std::string& file,
                const std::function<std::string(const std::string& path)>& read_file);

/// The task as JSON that parse_task reads back to the same (FT-010). It has no secret: a
/// password in `connection.uri` throws Error{kTask} with the hint secret_connect_args.
std::string to_json(const Task& task);

/// Reads "NAME=VALUE" as `-i` does: VALUE by the declared type, so that a str is taken as
/// it stands; a list is a JSON array; null is none where the input may be (a str then
/// needs --inputs). Throws Error{kTask} naming the input, its type and an example.
std::pair<std::string, InputValue> parse_input(const Task& task, std::string_view text);

/// Reads a JSON (or YAML) mapping of input names to values. Throws as parse_input; `file`
/// is for messages.
Inputs parse_inputs(const Task& task, std::string_view text, const std::string& file);

/// `given` with the defaults of what is not given. Throws Error{kTask} for an input that
/// is missing, unknown, or of the wrong type, each with its name, its type and an example
/// (FT-002, FT-004).
Inputs complete_inputs(const Task& task, const Inputs& given);

}  // namespace penstock
