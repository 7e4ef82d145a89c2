// Values of a task's inputs, read by their declared types.
#pragma once

#include <string>
#include <string_view>

#include "declare/yaml.h"
#include "penstock/task.h"

namespace penstock {

/// Reads a value as a file has it. Throws Error{kTask}, `place` before its message; never
/// with the value.
InputValue input_of_node(const Input& input, const YamlNode& node,
                         const std::string& place);

/// Where a connection holds a password for all to read: "uri" (in its authority or its
/// query), "connect_args", or "".
std::string_view place_of_password(const ConnectionConfig& connection);

/// Whether `value` may be given for `input`.
bool fits(const Input& input, const InputValue& value);

}  // namespace penstock
