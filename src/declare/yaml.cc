#include "declare/yaml.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <libfyaml.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxBytes = 1024 * 1024;
constexpr std::size_t kMaxDepth = 64;
// Line ends with nothing but blanks between them, "\r\n" counted as two. libfyaml 0.7.12
// takes time that grows with the square of their number, and of a directive's length: so
// neither is let through.
constexpr std::size_t kMaxBreaks = 2002;

using Diagnostics = std::unique_ptr<fy_diag, decltype(&fy_diag_destroy)>;
using Parser = std::unique_ptr<fy_parser, decltype(&fy_parser_destroy)>;

void discard_output(fy_diag*, void*, const char*, std::size_t) {}

Diagnostics make_diagnostics() {
  fy_diag_cfg config;
  fy_diag_cfg_default(&config);
  config.fp = nullptr;
  config.output_fn = discard_output;
  Diagnostics diagnostics(fy_diag_create(&config), fy_diag_destroy);
  if (!diagnostics) throw std::bad_alloc();
  fy_diag_set_collect_errors(diagnostics.get(), true);
  return diagnostics;
}

LineColumn position(const fy_mark* mark) { return {mark->line + 1, mark->column + 1}; }

bool is_break(char c) { return c == '\n' || c == '\r'; }

bool is_space(char c) { return c == ' ' || c == '\t' || is_break(c); }

// Leading blanks of the first line that has more than blanks; -1: there is none.
std::int64_t first_indent(std::string_view lines) {
  while (true) {
    const auto first = lines.find_first_not_of(' ');
    if (first == std::string_view::npos) return -1;
    if (!is_break(lines[first])) return static_cast<std::int64_t>(first);
    lines.remove_prefix(first + 1);
  }
}

// Whether `text` has the characters of `raw`, white space aside. libfyaml 0.7.12 has been
// seen to give uninitialised bytes for block scalars without content or without enough
// indentation; nothing is taken on trust that can be compared.
bool has_same_characters(std::string_view raw, std::string_view text) {
  auto at = text.begin();
  for (const char c : raw) {
    if (is_space(c)) continue;
    at = std::find_if_not(at, text.end(), is_space);
    if (at == text.end() || *at != c) return false;
    ++at;
  }
  return std::all_of(at, text.end(), is_space);
}

constexpr std::string_view kIndicators = "?:|>-";

// Where the first line begins with the '?' of an explicit key, perhaps within a block
// scalar; npos where none does.
std::size_t explicit_key_at(std::string_view text) {
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t at = std::min(text.find_first_not_of(" \t-:", line), text.size());
    const bool is_alone = at + 1 >= text.size() || is_space(text[at + 1]);
    if (at < text.size() && text[at] == '?' && is_alone) return at;
    line = std::min(text.find_first_of("\r\n", at), text.size());
    line = std::min(text.find_first_not_of("\r\n", line), text.size());
  }
  return std::string_view::npos;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file)
      : text_(text.substr(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0)),
        file_(file),
        diagnostics_(make_diagnostics()),
        parser_(nullptr, fy_parser_destroy) {}

  YamlNode run() {
    check_bytes();
    check_explicit_keys();
    // libfyaml 0.7.12 looks past an end that no line end precedes: an assertion fails on
    // `"\`, where it has assertions.
    if (!text_.ends_with('\n')) text_ += '\n';
    fy_parse_cfg config{};
    config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_JSON_NONE |
                                                   FYPCF_DEFAULT_VERSION_1_2);
    config.diag = diagnostics_.get();
    parser_.reset(fy_parser_create(&config));
    if (!parser_) throw std::bad_alloc();
    if (fy_parser_set_string(parser_.get(), text_.data(), text_.size()) != 0) {
      throw std::bad_alloc();
    }
    while (take_event()) {
    }
    if (!has_root_)
      fail({}, "recipe_empty", "the file is empty", "penstock init writes a starter");
    return std::move(root_);
  }

 private:
  [[noreturn]] void fail(LineColumn at, const char* code, std::string_view message,
                         std::string hint = {}) const {
    throw Error(Category::kRecipe, code,
                fmt::format("{}:{}:{}: {}", file_, at.line, at.column, message),
                std::move(hint));
  }

  void check_bytes() const {
    if (text_.size() > kMaxBytes) {
      fail({}, "recipe_too_large", "the file is larger than 1 MiB",
           "a long query can stand in a file of its own: source.query_file");
    }
    if (const auto bad = invalid_utf8_at(text_); bad != std::string_view::npos) {
      fail(line_column(text_, bad), "recipe_encoding", "the file is not valid UTF-8",
           "save it as UTF-8");
    }
    std::size_t breaks = 0;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      const auto byte = static_cast<std::uint8_t>(c);
      if ((byte < 0x20 && c != '\t' && !is_break(c)) || byte == 0x7F) {
        fail(line_column(text_, i), "recipe_control_byte",
             fmt::format("control byte \\x{:02x}", byte), "remove it");
      }
      if (c == '%' && (i == 0 || is_break(text_[i - 1]))) {
        fail(line_column(text_, i), "recipe_unsupported_yaml",
             "YAML directives (%) are not supported", "remove the line");
      }
      if (is_break(c)) {
        ++breaks;
      } else if (c != ' ' && c != '\t') {
        breaks = 0;
      }
      if (breaks > kMaxBreaks) {
        fail(line_column(text_, i), "recipe_blank_lines",
             "more than 1000 blank lines in a row", "remove some");
      }
    }
  }

  // libfyaml 0.7.12 recycles a key twice, and crashes, where an explicit key ("? key") is
  // open and a tab stands between a ':' and an indicator that may not follow it.
  void check_explicit_keys() {
    std::size_t at = explicit_key_at(text_);
    while ((at = text_.find(':', at)) != std::string::npos) {
      const std::size_t tab = text_.find_first_not_of(' ', ++at);
      if (tab == std::string::npos || text_[tab] != '\t') continue;
      const std::size_t next = text_.find_first_not_of(" \t", tab);
      if (next == std::string::npos ||
          kIndicators.find(text_[next]) == std::string_view::npos)
        continue;
      fail(line_column(text_, tab), "recipe_unsupported_yaml",
           "a tab after ':' below an explicit key ('? ')", "write spaces");
    }
  }

  // False at the end of the stream.
  bool take_event() {
    const auto release = [this](fy_event* event) {
      fy_parser_event_free(parser_.get(), event);
    };
    const std::unique_ptr<fy_event, decltype(release)> event(
        fy_parser_parse(parser_.get()), release);
    if (!event) fail_syntax();
    if (const fy_mark* mark = fy_event_start_mark(event.get())) last_ = position(mark);
    switch (event->type) {
      case FYET_DOCUMENT_START:
        if (has_root_) {
          fail(last_, "recipe_documents", "a second YAML document; a file holds one",
               "remove the '---'");
        }
        break;
      case FYET_MAPPING_START:
        open(YamlNode::Kind::kMapping, event->mapping_start.anchor,
             event->mapping_start.tag);
        break;
      case FYET_SEQUENCE_START:
        open(YamlNode::Kind::kSequence, event->sequence_start.anchor,
             event->sequence_start.tag);
        break;
      case FYET_MAPPING_END:
      case FYET_SEQUENCE_END:
        close();
        break;
      case FYET_SCALAR:
        add(scalar(event.get()));
        break;
      case FYET_ALIAS: {
        YamlNode node;
        node.kind = YamlNode::Kind::kAlias;
        node.at = last_;
        add(std::move(node));
        break;
      }
      case FYET_STREAM_END:
        return false;
      default:
        break;
    }
    return true;
  }

  [[noreturn]] void fail_syntax() const {
    void* iterator = nullptr;
    const fy_diag_error* error = fy_diag_errors_iterate(diagnostics_.get(), &iterator);
    if (error == nullptr || error->msg == nullptr) {
      fail(last_, "recipe_syntax", "the file is not YAML 1.2");
    }
    const std::string_view message(error->msg);
    const bool about_tabs = message.find("tab ") != std::string_view::npos;
    fail({std::max(error->line, 1), std::max(error->column, 1)}, "recipe_syntax",
         printable(message), about_tabs ? "indent with spaces" : "");
  }

  YamlNode scalar(fy_event* event) const {
    YamlNode node;
    node.has_anchor = event->scalar.anchor != nullptr;
    node.has_tag = event->scalar.tag != nullptr;
    node.at = last_;
    if (event->scalar.value == nullptr) return node;
    std::size_t size = 0;
    if (const char* text = fy_token_get_text(event->scalar.value, &size))
      node.text.assign(text, size);
    const std::size_t start = fy_event_start_mark(event)->input_pos;
    const std::size_t end = std::min(fy_event_end_mark(event)->input_pos, text_.size());
    const std::string_view raw = start < end
                                     ? std::string_view(text_).substr(start, end - start)
                                     : std::string_view();
    const fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
    if (style == FYSS_LITERAL || style == FYSS_FOLDED) {
      finish_block(node, raw, style == FYSS_LITERAL);
      return node;
    }
    node.style = style == FYSS_PLAIN ? YamlNode::Style::kPlain : YamlNode::Style::kQuoted;
    if (raw == node.text) node.indent = 0;
    const bool has_escapes =
        (style == FYSS_DOUBLE_QUOTED && raw.find('\\') != std::string_view::npos) ||
        (style == FYSS_SINGLE_QUOTED && raw.find('\'') != std::string_view::npos);
    if (has_escapes ? !is_valid_utf8(node.text) : !has_same_characters(raw, node.text))
      fail_unreadable();
    return node;
  }

  void finish_block(YamlNode& node, std::string_view raw, bool is_literal) const {
    node.style = is_literal ? YamlNode::Style::kLiteral : YamlNode::Style::kFolded;
    const std::int64_t in_file = first_indent(raw);
    if (in_file < 0) {
      node.text.clear();
      return;
    }
    const std::int64_t parent_column = stack_.empty() ? 0 : stack_.back().node.at.column;
    if (in_file < parent_column) {
      fail({last_.line, in_file + 1}, "recipe_syntax",
           "a block scalar that is not indented more than its key",
           "indent its lines more, or give it a value");
    }
    if (!has_same_characters(raw, node.text)) fail_unreadable();
    const std::int64_t indent = std::max<std::int64_t>(
        in_file - std::max<std::int64_t>(first_indent(node.text), 0), 0);
    node.at.column = indent + 1;
    if (is_literal) node.indent = indent;
  }

  [[noreturn]] void fail_unreadable() const {
    fail(last_, "recipe_syntax", "a scalar that cannot be read reliably",
         "write it in another YAML style");
  }

  void open(YamlNode::Kind kind, const fy_token* anchor, const fy_token* tag) {
    if (stack_.size() >= kMaxDepth) {
      fail(last_, "recipe_depth", fmt::format("nested deeper than {}", kMaxDepth));
    }
    YamlNode node;
    node.kind = kind;
    node.has_anchor = anchor != nullptr;
    node.has_tag = tag != nullptr;
    node.at = last_;
    stack_.push_back({std::move(node), {}, false});
  }

  void close() {
    YamlNode node = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      has_root_ = true;
      return;
    }
    Level& level = stack_.back();
    if (level.node.kind == YamlNode::Kind::kSequence) {
      level.node.items.push_back(std::move(node));
    } else if (level.has_key) {
      level.node.entries.push_back({std::move(level.key), std::move(node)});
      level.has_key = false;
    } else {
      level.key = std::move(node);
      level.has_key = true;
    }
  }

  struct Level {
    YamlNode node;
    YamlNode key;
    bool has_key;
  };

  std::string text_;  // outlives parser_, which reads it in place
  const std::string& file_;
  Diagnostics diagnostics_;
  Parser parser_;  // uses diagnostics_
  LineColumn last_;
  std::vector<Level> stack_;
  YamlNode root_;
  bool has_root_ = false;
};

}  // namespace

bool YamlNode::is_null() const {
  return kind == Kind::kScalar && style == Style::kPlain &&
         (text.empty() || text == "~" || text == "null" || text == "Null" ||
          text == "NULL");
}

namespace {

// What stands for ${NAME} while YAML is read a second time; of the same length, so that
// positions stay.
constexpr std::string_view kReference = "${";
constexpr std::string_view kStandIn = "$(";

// Every "${NAME}" with round brackets; nothing where there is none, or where the text has
// such already, perhaps behind an escape.
std::optional<std::string> with_stand_ins(std::string_view text) {
  for (const std::string_view clash :
       {kStandIn, std::string_view("\\x"), std::string_view("\\u"),
        std::string_view("\\U")}) {
    if (text.find(clash) != std::string_view::npos) return std::nullopt;
  }
  std::string changed(text);
  bool any = false;
  for (auto at = changed.find(kReference); at != std::string::npos;
       at = changed.find(kReference, at + 1)) {
    const auto end = changed.find_first_not_of(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_", at + 2);
    if (end == std::string::npos || changed[end] != '}') continue;
    changed[at + 1] = '(';
    changed[end] = ')';
    any = true;
  }
  return any ? std::optional(std::move(changed)) : std::nullopt;
}

void restore_references(YamlNode& node) {
  for (auto at = node.text.find(kStandIn); at != std::string::npos;
       at = node.text.find(kStandIn, at + 1)) {
    node.text[at + 1] = '{';
    node.text[node.text.find(')', at)] = '}';
  }
  for (YamlNode& item : node.items) restore_references(item);
  for (YamlEntry& entry : node.entries) {
    restore_references(entry.key);
    restore_references(entry.value);
  }
}

}  // namespace

// In "{since: ${NAME}}" the inner brace ends YAML's plain text. Recipes are written so
// all the same, so what is no YAML is read once more with references that are.
YamlNode parse_yaml(std::string_view text, const std::string& file) {
  try {
    return Reader(text, file).run();
  } catch (const Error& error) {
    const auto changed =
        error.code() == "recipe_syntax" ? with_stand_ins(text) : std::nullopt;
    if (!changed) throw;
    YamlNode root = Reader(*changed, file).run();
    restore_references(root);
    return root;
  }
}

}  // namespace penstock
