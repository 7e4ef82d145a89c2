// What an unquoted YAML scalar means, and whether every reader agrees.
#pragma once

#include <string_view>

#include "penstock/value.h"

namespace penstock {

/// A plain scalar by the core schema of YAML 1.2
/// (https://yaml.org/spec/1.2.2/#103-core-schema). Where YAML 1.1 reads it otherwise, or
/// it has no exact value, `trouble` says so and `value` is not to be used. Neither text
/// holds the scalar.
struct PlainScalar {
  Value value;  // monostate: null
  std::string_view trouble;
  std::string_view hint;
};
PlainScalar resolve_plain(std::string_view text);

/// [A-Za-z_][A-Za-z0-9_]*: what a query's `:name` can name.
bool is_parameter_name(std::string_view text);

}  // namespace penstock
