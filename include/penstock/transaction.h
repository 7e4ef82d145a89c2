// Stage: engine. Statements that may write, in one transaction.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "penstock/engine.h"

namespace penstock {

/// What one statement did.
struct StatementOutcome {
  std::string word;            // its first: "UPDATE"
  std::int64_t affected = -1;  // rows changed, by the database's count; -1: none is kept
  std::int64_t rows = -1;      // rows given and read; -1: it gives none
  /// The server committed it, and all before it, by itself (MySQL's changes of the
  /// schema); a later failure does not undo it.
  bool committed = false;
};

/// Made by Engine::begin.
///
/// Thread contract: one thread at a time. Destroying it before commit() rolls everything
/// back but what the server has committed by itself, and stops what still runs.
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  const std::string& dialect() const noexcept;
  std::size_t statements() const noexcept;

  /// Runs the next statement; false when all have run. Rows that were not read are
  /// dropped. Throws Error as Engine::open, and kRefused for a statement that is neither
  /// a query nor a change; then nothing stays.
  bool execute_next();

  /// The rows of the statement that ran last, if it gives any; null otherwise. Read them
  /// to the end. Valid until the next call of execute_next or commit.
  BatchStream* rows() noexcept;

  /// Of each statement that ran; that of the last is complete once its rows are read.
  const std::vector<StatementOutcome>& outcomes();

  /// Throws Error, that of the rows too; one whose code is "commit_unknown" leaves open
  /// whether it happened.
  void commit();

 private:
  friend class Engine;
  struct State;
  explicit Transaction(std::unique_ptr<State> state) noexcept;
  void end_rows();
  std::unique_ptr<State> state_;
};

}  // namespace penstock
