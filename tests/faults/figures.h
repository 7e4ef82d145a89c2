// How many cases a fault test runs, and where it writes what it found: `./dev faults`
// sets both.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace penstock::testing {

/// The short form's count, or the full form's if PENSTOCK_FAULTS_FULL is set.
inline std::size_t cases(std::size_t brief, std::size_t full) {
  return std::getenv("PENSTOCK_FAULTS_FULL") == nullptr ? brief : full;
}

/// A line of the table in docs/reliability.md: which row, which figure was reached.
inline void report(const std::string& row, const std::string& figure) {
  ::testing::Test::RecordProperty(row, figure);
  const char* file = std::getenv("PENSTOCK_FAULTS_RESULTS");
  if (file != nullptr)
    std::ofstream(file, std::ios::app) << row << "\t" << figure << "\n";
}

}  // namespace penstock::testing
