#include "declare/yaml.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <libfyaml.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {
namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024;
constexpr std::size_t kMaxDepth = 64;

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

// Columns that the lines of a block scalar are indented by, given its raw and its final
// text: the first line with something on it tells. -1: there is none.
std::int64_t block_indent(std::string_view raw, std::string_view text) {
  const auto leading = [](std::string_view lines) -> std::int64_t {
    while (true) {
      const auto first = lines.find_first_not_of(' ');
      if (first == std::string_view::npos) return -1;
      if (lines[first] != '\n' && lines[first] != '\r')
        return static_cast<std::int64_t>(first);
      lines.remove_prefix(first + 1);
    }
  };
  const std::int64_t in_file = leading(raw);
  const std::int64_t in_text = leading(text);
  return in_file < 0 || in_text < 0 ? -1 : in_file - in_text;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file)
      : text_(text),
        file_(file),
        diagnostics_(make_diagnostics()),
        parser_(nullptr, fy_parser_destroy) {}

  YamlNode run() {
    check_bytes();
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
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const auto byte = static_cast<std::uint8_t>(text_[i]);
      if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F) {
        fail(line_column(text_, i), "recipe_control_byte",
             fmt::format("control byte \\x{:02x}", byte), "remove it");
      }
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
    const std::string_view raw =
        start < end ? text_.substr(start, end - start) : std::string_view();
    switch (fy_token_scalar_style(event->scalar.value)) {
      case FYSS_PLAIN:
        if (raw == node.text) node.indent = 0;
        break;
      case FYSS_LITERAL:
        node.style = YamlNode::Style::kLiteral;
        node.indent = block_indent(raw, node.text);
        node.at.column = std::max<std::int64_t>(node.indent, 0) + 1;
        break;
      case FYSS_FOLDED:
        node.style = YamlNode::Style::kFolded;
        node.at.column = std::max<std::int64_t>(block_indent(raw, node.text), 0) + 1;
        break;
      default:
        node.style = YamlNode::Style::kQuoted;
        if (raw == node.text) node.indent = 0;
        break;
    }
    return node;
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

  std::string_view text_;
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

YamlNode parse_yaml(std::string_view text, const std::string& file) {
  return Reader(text, file).run();
}

}  // namespace penstock
