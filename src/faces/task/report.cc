#include <nlohmann/json.hpp>

#include "penstock/run_task.h"

namespace penstock {

std::string to_json(const TaskReport& report) {
  using Json = nlohmann::ordered_json;
  const auto count = [](std::int64_t number) {
    return number < 0 ? Json(nullptr) : Json(number);
  };
  Json lossy = Json::object();
  for (const LossyColumn& column : report.lossy) {
    lossy[column.column] = {{"nulled", column.nulled},
                            {"as_text", column.as_text},
                            {"clamped", column.clamped}};
  }
  Json statements = Json::array();
  for (const StatementOutcome& one : report.statements) {
    statements.push_back({{"statement", one.word},
                          {"rows_affected", count(one.affected)},
                          {"rows", count(one.rows)},
                          {"committed_by_server", one.committed}});
  }
  const Json json{
      {"task", report.task},
      {"access", report.access == Access::kReadWrite ? "read_write" : "read_only"},
      {"query_hash", report.query_hash},
      {"dialect", report.dialect},
      {"version", report.version},
      {"run_id", report.run_id},
      {"output", report.output},
      {"format", report.format},
      {"started", report.started},
      {"finished", report.finished},
      {"seconds", report.seconds},
      {"rows", count(report.rows)},
      {"bytes", report.written.bytes},
      {"arrow_bytes", report.arrow_bytes},
      {"content_hash", report.written.content_hash},
      {"lossy", lossy},
      {"statements", statements},
  };
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace penstock
