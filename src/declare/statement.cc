#include "declare/statement.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {
namespace {

std::string place_of_parameter(const Query& query, const ScannedSql& scanned, int index) {
  const auto first =
      std::find_if(scanned.pieces.begin(), scanned.pieces.end(),
                   [&](const SqlPiece& piece) { return piece.parameter == index; });
  return position_of(query.sql, query.origin, first->offset);
}

void refuse_unused(const Query& query, const ScannedSql& scanned, const Params& params) {
  for (const auto& [name, value] : params) {
    const auto& used = scanned.parameters;
    if (std::find(used.begin(), used.end(), name) != used.end()) continue;
    const std::string where = query.origin.file.empty() ? "" : query.origin.file + ": ";
    throw Error(Category::kRecipe, "parameter_unused",
                fmt::format("{}query parameter '{}' is not used by the query", where,
                            printable(name)),
                used.empty() ? "the query has no parameters; write one as :name"
                             : suggest(name, used));
  }
}

}  // namespace

std::string Statement::text(const std::function<std::string(int)>& placeholder) const {
  std::string out;
  for (const SqlPiece& piece : pieces) {
    out += piece.parameter < 0 ? piece.text : placeholder(piece.parameter);
  }
  return out;
}

std::string Statement::position(const std::function<std::string(int)>& placeholder,
                                std::size_t offset) const {
  std::size_t end = 0;
  for (const SqlPiece& piece : pieces) {
    const bool is_text = piece.parameter < 0;
    const std::size_t start = end;
    end += is_text ? piece.text.size() : placeholder(piece.parameter).size();
    if (offset < end) {
      return position_of(source, origin, piece.offset + (is_text ? offset - start : 0));
    }
  }
  const SqlPiece& last = pieces.back();
  const std::size_t size =
      last.parameter < 0 ? last.text.size()
                         : names[static_cast<std::size_t>(last.parameter)].size() + 1;
  return position_of(source, origin, last.offset + size);
}

const Value& Statement::typed(std::size_t index) const {
  const auto found = stand_ins.find(index);
  return found == stand_ins.end() ? values[index] : found->second;
}

Statement bind(const Query& query, const Lexicon& lexicon, const Params& params) {
  ScannedSql scanned = scan_sql(query.sql, lexicon, query.origin);
  Statement statement;
  for (const std::string& name : scanned.parameters) {
    const int index = static_cast<int>(statement.values.size());
    const auto found = params.find(name);
    if (found == params.end()) {
      throw Error(
          Category::kRecipe, "parameter_missing",
          fmt::format("{}: query parameter ':{}' has no value",
                      place_of_parameter(query, scanned, index), name),
          fmt::format(
              "set it under source.query_parameters, or with -p {}=VALUE; a colon "
              "that is not a parameter is written \\:",
              name));
    }
    const auto* text = std::get_if<std::string>(&found->second);
    if (text != nullptr && !is_valid_utf8(*text)) {
      throw Error(Category::kRecipe, "parameter_encoding",
                  fmt::format("{}: the value of query parameter ':{}' is not valid UTF-8",
                              place_of_parameter(query, scanned, index), name),
                  "give it as UTF-8 text");
    }
    statement.values.push_back(found->second);
  }
  refuse_unused(query, scanned, params);
  statement.source = query.sql;
  statement.origin = query.origin;
  statement.pieces = std::move(scanned.pieces);
  statement.names = std::move(scanned.parameters);
  return statement;
}

}  // namespace penstock
