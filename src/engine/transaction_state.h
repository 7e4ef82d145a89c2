// What a Transaction is made of.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "declare/statement.h"
#include "dialect/dialect.h"
#include "engine/stream_state.h"
#include "penstock/transaction.h"

namespace penstock {

struct Transaction::State {
  const Dialect* dialect = nullptr;
  std::string name;
  Redactor redactor;
  RowCap cap;
  Limits limits;
  ReadOptions options;
  Wait whole{Deadline::never(), {}};
  std::stop_source stop;
  std::optional<std::stop_callback<std::function<void()>>> caller_stops;
  std::vector<Statement> statements;
  std::size_t next = 0;
  std::vector<StatementOutcome> outcomes;
  // The rows go before the session.
  std::unique_ptr<Connection> connection;
  std::optional<BatchStream> rows;

  Wait wait() const {
    return {whole.deadline.sooner(Deadline::after(limits.statement)), whole.stop};
  }
};

}  // namespace penstock
