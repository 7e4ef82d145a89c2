// Bytes as text and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// The reverse of to_hex (base/text.h), in any case; nothing for what is not that.
std::optional<std::string> from_hex(std::string_view text);
/// RFC 4648, section 4, with its padding.
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace penstock
