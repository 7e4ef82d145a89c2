// Stage: base. A string that cannot be printed, compared by accident, or left in freed
// memory.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

/// Holds a DSN or a password. There is no conversion and no operator<<: the only way out
/// is `reveal()`, which is easy to find in a review. The bytes are overwritten on
/// destruction, and when another value takes their place. Copies are independent.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept { text_.swap(other.text_); }
  /// Takes its value by a swap, so that the old one is destroyed, and overwritten, as
  /// `other`.
  Secret& operator=(Secret other) noexcept {
    text_.swap(other.text_);
    return *this;
  }
  ~Secret();

  bool empty() const noexcept { return text_.empty(); }
  /// Valid as long as this object is neither assigned to nor destroyed. Never hand the
  /// result to a message.
  std::string_view reveal() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace penstock
