#include "dialect/mysql/cursor.h"

#include <string>
#include <utility>

#include <arrow/record_batch.h>

#include "dialect/mysql/errors.h"
#include "dialect/without_values.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

// A row's packet begins with 0x00; of what else may come, the first byte says what it is
// (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_response_packets.html).
constexpr char kRow = '\x00';
constexpr char kEnd = '\xFE';
constexpr char kFailure = '\xFF';
constexpr std::size_t kEndBytes = 5;

}  // namespace

MysqlCursor::MysqlCursor(MYSQL* connection, std::vector<ColumnPlan> plans,
                         const ReadOptions& options, std::unique_ptr<SocketWait> wait,
                         Owner owner)
    : batch_(options.batch),
      wait_(std::move(wait)),
      owner_(std::move(owner)),
      wire_(connection),
      decoder_(std::move(plans), options.types.on_lossy) {}

MysqlCursor::~MysqlCursor() {
  if (running_) owner_.abandoned();
}

std::shared_ptr<arrow::RecordBatch> MysqlCursor::next() {
  if (!running_) return nullptr;
  decoder_.start(batch_.rows);
  std::int64_t bytes = 0;
  wait_->check();
  while (decoder_.rows() < batch_.rows && bytes < batch_.bytes) {
    const std::string_view payload = wire_.next(*wait_);
    if (!payload.empty() && payload[0] == kRow) {
      bytes += decoder_.add(payload);
    } else {
      finish(payload);
      break;
    }
  }
  return decoder_.rows() == 0 ? nullptr : decoder_.finish();
}

void MysqlCursor::finish(std::string_view payload) {
  // SLEEP and BENCHMARK that were interrupted end like others: what counts is that we
  // asked.
  wait_->check();
  if (payload.size() == kEndBytes && payload[0] == kEnd) {
    if (wire_.has_rest()) {
      throw Error(Category::kUnavailable, "protocol_error",
                  "the server went on after the end of the result");
    }
    running_ = false;
    owner_.finished({read_little<std::uint16_t>(payload.data() + 1),
                     read_little<std::uint16_t>(payload.data() + 3)});
    return;
  }
  // 0xFF, the number, '#', SQLSTATE, the message.
  if (payload.size() < 9 || payload[0] != kFailure || payload[3] != '#') {
    throw Error(Category::kUnavailable, "protocol_error",
                "the server sent a packet that does not belong to a result");
  }
  running_ = false;  // the server has given the query up
  owner_.finished({});
  throw without_values(server_error(read_little<std::uint16_t>(payload.data() + 1),
                                    payload.substr(4, 5), payload.substr(9)),
                       owner_.values);
}

}  // namespace penstock::mysql
