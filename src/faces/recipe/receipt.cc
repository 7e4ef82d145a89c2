#include <nlohmann/json.hpp>

#include "penstock/fetch.h"

namespace penstock {

std::string to_json(const Receipt& receipt) {
  nlohmann::ordered_json lossy = nlohmann::ordered_json::object();
  for (const LossyColumn& column : receipt.lossy) {
    lossy[column.column] = {{"nulled", column.nulled},
                            {"as_text", column.as_text},
                            {"clamped", column.clamped}};
  }
  nlohmann::ordered_json json{
      {"recipe", receipt.recipe},
      {"query_hash", receipt.query_hash},
      {"dialect", receipt.dialect},
      {"version", receipt.version},
      {"run_id", receipt.run_id},
      {"output", receipt.output},
      {"format", receipt.format},
      {"started", receipt.started},
      {"finished", receipt.finished},
      {"seconds", receipt.seconds},
      {"rows", receipt.rows},
      {"bytes", receipt.written.bytes},
      {"arrow_bytes", receipt.arrow_bytes},
      {"batches", receipt.batches},
      {"content_hash", receipt.written.content_hash},
      {"lossy", lossy},
  };
  if (!receipt.partitions.how.empty()) {
    json["partitions"] = {
        {"how", receipt.partitions.how},
        {"order", receipt.partitions.rows.empty() ? "the query's"
                                                  : "one batch of each part in turn"},
        {"rows", receipt.partitions.rows}};
  }
  // A column name may hold bytes that are not UTF-8; JSON may not.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace penstock
