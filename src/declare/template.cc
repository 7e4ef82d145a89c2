#include "declare/template.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "declare/scalar.h"
#include "declare/template_context.h"
#include "declare/template_references.h"
#include "declare/template_words.h"
#include "penstock/error.h"

namespace penstock {
namespace {

using Kind = SqlToken::Kind;
using PartKind = TemplatePart::Kind;

constexpr std::string_view kNameHint =
    "a value cannot stand there: declare the input as identifier, or as choice: [...]";

bool is_name_type(const Input& input) {
  return input.type == InputType::kIdentifier || input.type == InputType::kChoice;
}

}  // namespace

// Invariants: parts are added in the order of the template and never overlap; what no
// part covers is sent as written.
class TemplateCompiler {
 public:
  explicit TemplateCompiler(Template& out)
      : out_(out),
        sql_(out.sql_),
        lexicon_(out.lexicon_),
        tokens_(tokens_of_template(out.sql_, out.lexicon_, out.origin_)),
        context_(out.sql_, significant(tokens_)),
        references_(out.sql_, out.origin_, out.inputs_) {}

  void run() {
    references_.refuse_other_syntax();
    std::size_t begin = tokens_.empty() ? 0 : tokens_.front().begin;
    const auto& tokens = context_.tokens();
    bool empty = true;
    for (std::size_t i = 0; i < tokens.size();) {
      if (tokens[i].kind == Kind::kSemicolon && !context_.in_body()) {
        end_statement(begin, tokens[i].begin, empty);
        begin = tokens[i].end;
        empty = true;
        context_.end_statement(++i);
        continue;
      }
      empty = false;
      i = take(i);
    }
    end_statement(begin, sql_.size(), empty);
    if (out_.statements_.empty())
      references_.fail(0, "query_empty", "the query is empty", "write a statement");
    for (const SqlToken& token : tokens_) {
      if (token.kind == Kind::kComment) references_.within(token.begin, token.end);
    }
    references_.refuse_unused();
  }

 private:
  static std::vector<SqlToken> significant(const std::vector<SqlToken>& tokens) {
    std::vector<SqlToken> kept;
    for (const SqlToken& token : tokens) {
      if (token.kind != Kind::kBlank && token.kind != Kind::kComment)
        kept.push_back(token);
    }
    return kept;
  }

  std::string_view slice(std::size_t begin, std::size_t end) const {
    return std::string_view(sql_).substr(begin, end - begin);
  }
  std::string_view text_of(const SqlToken& token) const {
    return slice(token.begin, token.end);
  }
  const Input& input(int index) const {
    return out_.inputs_[static_cast<std::size_t>(index)];
  }

  void end_statement(std::size_t begin, std::size_t end, bool empty) {
    if (!empty) out_.statements_.push_back({begin, end, std::move(parts_)});
    parts_.clear();
  }

  // Takes in token `i` and what belongs to it; the index of the next.
  std::size_t take(std::size_t i) {
    const SqlToken& token = context_.tokens()[i];
    const std::size_t run = run_length(i);
    if (run > 1) {
      take_glued(i, i + run);
    } else if (token.kind == Kind::kReference) {
      take_reference(i);
    } else if (text_of(token).find("{{") != std::string_view::npos) {
      take_text(i);
    }
    const std::size_t end = i + run;
    for (; i < end; ++i) context_.advance(i);
    return end;
  }

  // Words, numbers, dots and references that touch each other, if one is a reference.
  std::size_t run_length(std::size_t i) const {
    const auto& tokens = context_.tokens();
    bool references = false;
    std::size_t end = i;
    for (; end < tokens.size() && (end == i || tokens[end].begin == tokens[end - 1].end);
         ++end) {
      const bool dot = tokens[end].kind == Kind::kSymbol && text_of(tokens[end]) == ".";
      if (tokens[end].kind != Kind::kWord && tokens[end].kind != Kind::kNumber &&
          tokens[end].kind != Kind::kReference && tokens[end].kind != Kind::kName &&
          !dot) {
        break;
      }
      references = references || tokens[end].kind == Kind::kReference;
    }
    return references ? end - i : 1;
  }

  // tbl_{{x}}, {{schema}}.t: names, each between two dots.
  void take_glued(std::size_t i, std::size_t end) {
    const auto& tokens = context_.tokens();
    TemplatePart part{
        PartKind::kName, tokens[i].begin, tokens[i].begin, {}, {}, {}, {}, {}, {}};
    bool references = false;
    const auto finish = [&](std::size_t at) {
      part.end = at;
      if (references) parts_.push_back(part);
      part.segments.clear();
      references = false;
    };
    for (; i < end; ++i) {
      const SqlToken& token = tokens[i];
      if (token.kind == Kind::kSymbol) {
        finish(token.begin);
        part.begin = token.end;
      } else if (token.kind == Kind::kReference) {
        part.segments.push_back({"", name_input(token.begin, token.end)});
        references = true;
      } else if (token.kind == Kind::kName &&
                 text_of(token).find("{{") != std::string_view::npos) {
        if (!part.segments.empty())
          references_.fail(token.begin, "template_position",
                           "a quoted name touches a reference", kNameHint);
        part.segments = name_segments(token);
        references = true;
      } else {
        const std::string_view text = text_of(token);
        part.segments.push_back(
            {lexicon_.dialect == "postgresql" ? to_lower(text) : std::string(text), -1});
      }
    }
    finish(tokens[end - 1].end);
  }

  // An input that becomes a name, or a part of one.
  int name_input(std::size_t begin, std::size_t end) {
    const int index = references_.at(begin, end);
    const Input& declared = input(index);
    if (!is_name_type(declared)) {
      references_.fail(begin, "template_position",
                       fmt::format("input '{}' stands where only a name or a keyword can",
                                   declared.name),
                       kNameHint);
    }
    check_choices(begin, declared);
    return index;
  }

  void check_choices(std::size_t at, const Input& declared) const {
    for (const std::string& choice : declared.choices) {
      if (is_plain_words(choice)) continue;
      references_.fail(
          at, "template_position",
          fmt::format("choice '{}' of input '{}' cannot stand as a name or a keyword",
                      printable(choice, 40), declared.name),
          "use words of letters, digits, '_' and '.'");
    }
  }

  void take_reference(std::size_t i) {
    const SqlToken token = context_.tokens()[i];
    const int index = references_.at(token.begin, token.end);
    const Input& declared = input(index);
    TemplatePart part{
        PartKind::kValue, token.begin, token.end, {{"", index}}, {}, {}, {}, {}, {}};
    std::size_t type_begin = 0;
    const bool cast = !is_name_type(declared) && find_type(i, type_begin);
    const bool keyword = !cast && context_.after_operand(i);
    if (declared.type == InputType::kIdentifier ||
        (!cast && (keyword || context_.wants_name(i)))) {
      name_input(token.begin, token.end);
      if (i == context_.statement_start())
        references_.fail(token.begin, "template_position",
                         "a statement cannot be an input", kNameHint);
      part.kind = keyword && declared.type == InputType::kChoice ? PartKind::kKeyword
                                                                 : PartKind::kName;
    } else if (declared.is_list) {
      take_list(i, part);
    } else {
      refuse_bare_in(i, declared);
      check_predicate(i, declared.type);
      if (cast)
        set_cast(i, type_begin, part);
      else
        take_is(i, part);
    }
    part.around = around(i);
    parts_.push_back(std::move(part));
  }

  void refuse_bare_in(std::size_t i, const Input& declared) const {
    if (i == 0 || context_.word(i - 1) != "IN") return;
    references_.fail(context_.tokens()[i].begin, "template_position",
                     fmt::format("IN takes a list, and input '{}' is {}", declared.name,
                                 to_string(declared)),
                     fmt::format("declare it as list[{}]", to_string(declared)));
  }

  void check_predicate(std::size_t i, InputType type) const {
    if (type == InputType::kBool || type == InputType::kNone) return;
    if (!context_.is_whole_predicate(i)) return;
    references_.fail(
        context_.tokens()[i].begin, "template_predicate",
        "an input cannot be a whole condition: a value is never SQL",
        "write the condition in the query and give its values; only a bool may stand "
        "alone");
  }

  // IN {{list}} and IN ({{list}}), and NOT before it.
  void take_list(std::size_t i, TemplatePart& part) const {
    const auto& tokens = context_.tokens();
    const bool bare = i > 0 && context_.word(i - 1) == "IN";
    if (!bare && !context_.alone_in_list(i)) {
      references_.fail(
          part.begin, "template_position",
          fmt::format("input '{}' is a list, which stands alone in the brackets of IN",
                      input(part.segments[0].input).name),
          "write IN ({{ .inputs.NAME }})");
    }
    std::size_t first = bare ? i - 1 : i - 2;
    part.negated = first > 0 && context_.word(first - 1) == "NOT";
    if (part.negated) --first;
    part.kind = PartKind::kList;
    part.reference_begin = part.begin;
    part.reference_end = part.end;
    part.begin = tokens[first].begin;
    if (!bare) part.end = tokens[i + 1].end;
  }

  void take_is(std::size_t i, TemplatePart& part) const {
    if (i < 1) return;
    const auto& tokens = context_.tokens();
    const bool negated = context_.word(i - 1) == "NOT" && i > 1;
    const std::size_t is = negated ? i - 2 : i - 1;
    if (context_.word(is) != "IS") return;
    part.kind = PartKind::kIs;
    part.negated = negated;
    part.begin = tokens[is].begin;
  }

  // The type of `date '...'` just before token `i`.
  bool find_type(std::size_t i, std::size_t& begin) const {
    if (i <= context_.statement_start()) return false;
    const auto& tokens = context_.tokens();
    if (tokens[i - 1].kind != Kind::kWord) return false;
    std::size_t first = i - 1;
    const bool zone =
        i > 3 && context_.word(i - 1) == "ZONE" && context_.word(i - 2) == "TIME" &&
        (context_.word(i - 3) == "WITH" || context_.word(i - 3) == "WITHOUT");
    if (zone) first = i - 4;
    if (context_.word(i - 1) == "PRECISION" && i > 1 &&
        context_.word(i - 2) == "DOUBLE") {
      begin = tokens[i - 2].begin;
      return lexicon_.dialect == "postgresql";
    }
    begin = tokens[first].begin;
    return is_typed_literal(context_.word(first), lexicon_);
  }

  void set_cast(std::size_t i, std::size_t type_begin, TemplatePart& part) const {
    static constexpr std::array<std::string_view, 6> kFields{"YEAR", "MONTH",  "DAY",
                                                             "HOUR", "MINUTE", "SECOND"};
    const std::string type =
        std::string(trim(slice(type_begin, context_.tokens()[i - 1].end)));
    const std::string& next = context_.word(i + 1);
    if (lexicon_.dialect == "sqlite") {
      references_.fail(
          type_begin, "template_literal",
          fmt::format("SQLite has no literals such as {} '...'", to_lower(type)),
          fmt::format(
              "write {}({{{{ .inputs.NAME }}}})",
              equals_ignoring_case(type, "timestamp") ? "datetime" : to_lower(type)));
    }
    if (equals_ignoring_case(type, "interval") &&
        std::find(kFields.begin(), kFields.end(), next) != kFields.end()) {
      references_.fail(
          type_begin, "template_literal",
          fmt::format("an interval with {} behind it cannot have an input", next),
          "write interval '{{ .inputs.NAME }} days'");
    }
    part.begin = type_begin;
    part.cast = type;
    if (lexicon_.dialect != "mysql") return;
    part.cast = equals_ignoring_case(type, "date")   ? "DATE"
                : equals_ignoring_case(type, "time") ? "TIME(6)"
                                                     : "DATETIME(6)";
  }

  // A string or a quoted name with references in it.
  void take_text(std::size_t i) {
    const SqlToken token = context_.tokens()[i];
    if (token.kind == Kind::kName) {
      parts_.push_back({PartKind::kName,
                        token.begin,
                        token.end,
                        name_segments(token),
                        {},
                        {},
                        {},
                        {},
                        {}});
      return;
    }
    refuse_other_literals(i);
    refuse_interval_text(i);
    std::size_t type_begin = 0;
    const bool cast = find_type(i, type_begin);
    if (!cast && (context_.after_operand(i) || context_.wants_name(i))) {
      references_.fail(
          token.begin, "template_position",
          "a text with an input in it stands where only a name or a keyword can",
          kNameHint);
    }
    check_predicate(i, InputType::kStr);
    TemplatePart part{PartKind::kComposed,
                      token.begin,
                      token.end,
                      text_segments(token),
                      {},
                      {},
                      {},
                      {},
                      {}};
    if (cast) set_cast(i, type_begin, part);
    part.around = around(i);
    parts_.push_back(std::move(part));
  }

  // x'..', n'..', U&'..', E'..', $$..$$: their text is not what stands between the
  // quotes.
  void refuse_other_literals(std::size_t i) const {
    const SqlToken& token = context_.tokens()[i];
    std::string kind;
    if (token.kind == Kind::kEscapeText) kind = "E'...'";
    if (token.kind == Kind::kDollarQuote) kind = "a dollar quote";
    if (kind.empty() && i > 0) {
      const SqlToken& before = context_.tokens()[i - 1];
      const bool touches = before.end == token.begin;
      const std::string& word = context_.word(i - 1);
      const bool prefix = word == "X" || word == "B" || word == "N" || word == "E";
      if (touches && before.kind == Kind::kWord && prefix) kind = word + "'...'";
      if (before.kind == Kind::kWord && word.starts_with('_')) kind = word + " '...'";
      if (touches && word == "&" && context_.word(i - 2) == "U") kind = "U&'...'";
    }
    if (kind.empty()) return;
    references_.fail(token.begin, "template_literal",
                     fmt::format("{} cannot have an input in it", kind),
                     "write it as '...', or join the parts in SQL");
  }

  // interval '{{x}} days', which is PostgreSQL's alone: elsewhere the unit is a word.
  void refuse_interval_text(std::size_t i) const {
    if (lexicon_.dialect == "postgresql" || i == 0) return;
    if (context_.word(i - 1) != "INTERVAL" || context_.continues_expression(i + 1))
      return;
    const bool mysql = lexicon_.dialect == "mysql";
    if (mysql && is_interval_unit(context_.word(i + 1))) return;
    references_.fail(context_.tokens()[i].begin, "template_literal",
                     fmt::format("{} has no interval with its unit inside quotes",
                                 mysql ? "MySQL and MariaDB" : "SQLite"),
                     mysql ? "write INTERVAL {{ .inputs.NAME }} DAY"
                           : "write datetime(..., '{{ .inputs.NAME }} days')");
  }

  std::vector<TemplatePart::Segment> name_segments(const SqlToken& token) {
    auto segments =
        segments_of(token, sql_[token.end - 1] == ']' ? '\0' : sql_[token.begin], false);
    for (const auto& [begin, end] : references_.within(token.begin, token.end))
      name_input(begin, end);
    return segments;
  }

  std::vector<TemplatePart::Segment> text_segments(const SqlToken& token) {
    auto segments = segments_of(token, sql_[token.begin], lexicon_.backslash_escapes);
    for (const TemplatePart::Segment& segment : segments) {
      if (segment.input < 0) continue;
      const Input& declared = input(segment.input);
      if (!declared.is_list && declared.type != InputType::kBytes) continue;
      references_.fail(
          token.begin, "template_position",
          fmt::format("input '{}' is {}, which has no place inside quotes", declared.name,
                      to_string(declared)),
          declared.is_list ? "write IN ({{ .inputs.NAME }})" : "drop the quotes");
    }
    return segments;
  }

  // What a quoted token says, its references apart.
  std::vector<TemplatePart::Segment> segments_of(const SqlToken& token, char quote,
                                                 bool backslashes) {
    std::vector<TemplatePart::Segment> segments;
    std::size_t at = token.begin + 1;
    for (const auto& [begin, end] : references_.within(token.begin, token.end)) {
      std::string text = unquoted(slice(at, begin), quote, backslashes);
      if (!text.empty()) segments.push_back({std::move(text), -1});
      segments.push_back({"", references_.at(begin, end)});
      at = end;
    }
    std::string text = unquoted(slice(at, token.end - 1), quote, backslashes);
    if (!text.empty()) segments.push_back({std::move(text), -1});
    return segments;
  }

  // Equal expressions have equal neighbours, and may share a parameter; a server that
  // infers a parameter's type from its place could not take one at two places otherwise.
  std::string around(std::size_t i) const {
    return fmt::format("{}\n{}\n{}", i > 1 ? context_.word(i - 2) : "",
                       i > 0 ? context_.word(i - 1) : "", context_.word(i + 1));
  }

  Template& out_;
  const std::string& sql_;
  const Lexicon& lexicon_;
  std::vector<SqlToken> tokens_;
  TemplateContext context_;
  TemplateReferences references_;
  std::vector<TemplatePart> parts_;
};

Template::Template(std::string sql, SqlOrigin origin, const Lexicon& lexicon,
                   std::vector<Input> inputs)
    : sql_(std::move(sql)),
      origin_(std::move(origin)),
      lexicon_(lexicon),
      inputs_(std::move(inputs)) {
  TemplateCompiler(*this).run();
}

}  // namespace penstock
