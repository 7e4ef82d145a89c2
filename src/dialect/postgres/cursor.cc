#include "dialect/postgres/cursor.h"

#include <charconv>
#include <string>
#include <utility>

#include <arrow/record_batch.h>

#include "base/moments.h"
#include "base/text.h"
#include "columns/conversions.h"
#include "dialect/postgres/connect.h"
#include "dialect/postgres/errors.h"
#include "dialect/without_values.h"
#include "penstock/error.h"

namespace penstock::postgres {
namespace {

// Message formats: https://www.postgresql.org/docs/15/protocol-message-formats.html
class MessageBuilder {
 public:
  void begin(char type) {
    bytes_ += type;
    length_at_ = bytes_.size();
    add_u32(0);
  }
  void end() {
    const auto size = static_cast<std::uint32_t>(bytes_.size() - length_at_);
    for (std::size_t i = 0; i < 4; ++i) {
      bytes_[length_at_ + i] = static_cast<char>(size >> (24 - 8 * i));
    }
  }
  void add_u16(std::size_t value) {
    bytes_ += static_cast<char>(value >> 8);
    bytes_ += static_cast<char>(value);
  }
  void add_u32(std::uint32_t value) {
    add_u16(value >> 16);
    add_u16(value & 0xFFFF);
  }
  void add_string(std::string_view text) { bytes_.append(text).push_back('\0'); }
  void add_bytes(std::string_view bytes) { bytes_ += bytes; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::size_t length_at_ = 0;
};

std::string bind_and_execute(const Statement& statement,
                             const std::vector<ColumnPlan>& plans) {
  MessageBuilder out;
  out.begin('B');
  out.add_string("");  // the unnamed portal
  out.add_string("");  // of the unnamed statement
  out.add_u16(0);      // every parameter in text form
  out.add_u16(statement.values.size());
  for (const Value& value : statement.values) {
    const auto text = text_of_value(value);
    out.add_u32(text ? static_cast<std::uint32_t>(text->size()) : 0xFFFFFFFF);
    if (text) out.add_bytes(*text);
  }
  out.add_u16(plans.size());
  for (const ColumnPlan& plan : plans) out.add_u16(plan.binary ? 1 : 0);
  out.end();
  out.begin('E');
  out.add_string("");
  out.add_u32(0);  // all rows
  out.end();
  out.begin('S');
  out.end();
  return out.bytes();
}

}  // namespace

std::optional<std::string> text_of_value(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&value)) return text_from_double(*real);
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "t" : "f";
  if (const auto* date = std::get_if<Date>(&value)) return text_of(*date);
  if (const auto* time = std::get_if<DateTime>(&value)) return text_of(*time);
  if (const auto* delta = std::get_if<TimeDelta>(&value))
    return seconds_text(*delta) + " seconds";
  if (const auto* bytes = std::get_if<Bytes>(&value)) return "\\x" + to_hex(bytes->data);
  return std::nullopt;
}

std::int64_t affected_of(std::string_view tag) noexcept {
  const std::string_view word = tag.substr(0, tag.find(' '));
  if (word != "INSERT" && word != "UPDATE" && word != "DELETE" && word != "MERGE")
    return -1;
  const auto blank = tag.rfind(' ');
  std::int64_t count = -1;
  if (blank != std::string_view::npos)
    std::from_chars(tag.data() + blank + 1, tag.data() + tag.size(), count);
  return count;
}

PostgresCursor::PostgresCursor(PGconn* connection, const Statement& statement,
                               std::vector<ColumnPlan> plans, const ReadOptions& options,
                               const Wait& wait)
    : connection_(connection),
      values_(statement.values),
      batch_(options.batch),
      wait_(wait.deadline, wait.stop),
      wire_(connection),
      decoder_(plans, options.types.on_lossy) {
  running_ = true;
  wire_.send(bind_and_execute(statement, plans), wait_);
}

PostgresCursor::~PostgresCursor() {
  if (running_) cancel(connection_, wait_.deadline());
}

std::shared_ptr<arrow::RecordBatch> PostgresCursor::next() {
  if (!running_) return nullptr;
  decoder_.start(batch_.rows);
  std::int64_t bytes = 0;
  wait_.check();
  while (decoder_.rows() < batch_.rows && bytes < batch_.bytes) {
    const Wire::Message message = wire_.next(wait_);
    if (message.type == 'D') {
      bytes += decoder_.add(message.body);
    } else if (!handle(message)) {
      break;
    }
  }
  return decoder_.rows() == 0 ? nullptr : decoder_.finish();
}

// A message that is no row; false at the end.
bool PostgresCursor::handle(const Wire::Message& message) {
  switch (message.type) {
    case 'Z':
      running_ = false;
      return false;  // ReadyForQuery
    case 'E':
      fail(message.body);
    case 'C':  // CommandComplete: a text and its zero byte
      affected_ = affected_of(message.body.substr(0, message.body.find('\0')));
      return true;
    case '2':  // BindComplete
    case 'I':  // EmptyQueryResponse
    case 'N':  // NoticeResponse
    case 'S':  // ParameterStatus
    case 'A':  // NotificationResponse
      return true;
    default:
      throw Error(Category::kUnavailable, "protocol_error",
                  "the server sent a message that does not belong to a query");
  }
}

// ErrorResponse: fields of a type byte and a text, ended by a zero byte.
void PostgresCursor::fail(std::string_view body) {
  std::string_view sqlstate;
  std::string_view text;
  std::string_view hint;
  while (!body.empty() && body.front() != '\0') {
    const char field = body.front();
    const auto end = body.find('\0', 1);
    const std::string_view value = body.substr(1, end == body.npos ? body.npos : end - 1);
    if (field == 'C') sqlstate = value;
    if (field == 'M') text = value;
    if (field == 'H') hint = value;
    body.remove_prefix(end == body.npos ? body.size() : end + 1);
  }
  running_ = false;  // the server has given the query up
  // What we ended ourselves is told in our words.
  if (sqlstate == "57014") wait_.check();
  throw without_values(server_error(sqlstate, text, hint, ""), values_);
}

}  // namespace penstock::postgres
