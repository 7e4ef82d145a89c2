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

bool Transaction::execute_next() {
  outcomes();
  state_->rows.reset();
  if (state_->next == state_->statements.size()) return false;
  const Statement& statement = state_->statements[state_->next++];
  StatementOutcome outcome;
  outcome.word = first_word(statement, state_->dialect->lexicon());
  Execution done;
  try {
    done = state_->connection->execute_write(statement, state_->options, state_->wait());
  } catch (const Error& error) {
    throw state_->redactor(state_->time_cap.named(error));
  }
  outcome.affected = done.affected;
  outcome.committed = done.committed;
  if (done.cursor) {
    auto rows = std::make_unique<BatchStream::State>();
    rows->dialect = state_->name;
    rows->cap = state_->cap;
    rows->max_bytes = state_->limits.bytes;
    rows->redactor = state_->redactor;
    rows->time_cap = state_->time_cap;
    rows->cursor = std::move(done.cursor);
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
    last.affected = state_->rows->state_->cursor->affected();
    // RETURNING gives every row that was changed, and no other.
    const bool each =
        last.word == "INSERT" || last.word == "UPDATE" || last.word == "DELETE";
    if (last.affected < 0 && each) last.affected = last.rows;
  }
  return state_->outcomes;
}

void Transaction::commit() {
  outcomes();
  state_->rows.reset();
  try {
    state_->connection->commit(state_->wait());
  } catch (const Error& error) {
    throw state_->redactor(error);
  }
}

}  // namespace penstock
