#include "penstock/transaction.h"

#include <utility>

#include "declare/first_word.h"
#include "engine/transaction_state.h"
#include "penstock/error.h"

namespace penstock {

Transaction::Transaction(std::unique_ptr<State> state) noexcept
    : state_(std::move(state)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

const std::string& Transaction::dialect() const noexcept { return state_->name; }
std::size_t Transaction::statements() const noexcept { return state_->statements.size(); }

// After rows that failed there is no session any more.
void Transaction::end_rows() {
  outcomes();
  if (!state_->rows) return;
  if (const auto failure = state_->rows->state_->close()) std::rethrow_exception(failure);
  state_->rows.reset();
}

bool Transaction::execute_next() {
  end_rows();
  if (state_->next == state_->statements.size()) return false;
  const Statement& statement = state_->statements[state_->next++];
  StatementOutcome outcome;
  outcome.word = first_word(statement, state_->dialect->lexicon());
  Execution done;
  const Wait wait = state_->wait();
  const TimeLimit limit =
      time_limit(state_->limits, state_->whole.deadline, wait.deadline);
  try {
    done = state_->connection->execute_write(statement, state_->options, wait);
  } catch (const Error& error) {
    throw state_->redactor(named(error, limit));
  }
  outcome.affected = done.affected;
  outcome.committed = done.committed;
  if (done.cursor) {
    auto rows = std::make_unique<BatchStream::State>();
    rows->dialect = state_->name;
    rows->cap = state_->cap;
    rows->max_bytes = state_->limits.bytes;
    rows->redactor = state_->redactor;
    rows->time_limit = limit;
    rows->cursor = std::move(done.cursor);
    rows->lender = &state_->connection;
    rows->begin();
    state_->rows.emplace(BatchStream(std::move(rows)));
    outcome.rows = 0;
  }
  state_->outcomes.push_back(std::move(outcome));
  return true;
}

BatchStream* Transaction::rows() noexcept {
  return state_->rows ? &*state_->rows : nullptr;
}

const std::vector<StatementOutcome>& Transaction::outcomes() {
  if (state_->rows) {
    StatementOutcome& last = state_->outcomes.back();
    last.rows = state_->rows->rows();
    BatchStream::State& stream = *state_->rows->state_;
    const std::lock_guard lock(stream.mutex);
    last.affected = stream.cursor ? stream.cursor->affected() : stream.affected;
    // RETURNING gives every row that was changed, and no other.
    const bool each =
        last.word == "INSERT" || last.word == "UPDATE" || last.word == "DELETE";
    if (last.affected < 0 && each) last.affected = last.rows;
  }
  return state_->outcomes;
}

void Transaction::commit() {
  end_rows();
  try {
    state_->connection->commit(state_->wait());
  } catch (const Error& error) {
    throw state_->redactor(error);
  }
}

}  // namespace penstock
