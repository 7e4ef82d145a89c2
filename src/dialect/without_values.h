// Keeps what a user binds out of what a server says about it.
#pragma once

#include <vector>

#include "penstock/error.h"
#include "penstock/value.h"

namespace penstock {

/// `error`, which a server reported of a statement that had `values` bound, with "***" in
/// their place: where one stands between quotes, or the start of one of four characters
/// or more does (servers cut long ones), and where one of four characters or more stands
/// anywhere, in any form that Redactor finds. Pure.
Error without_values(const Error& error, const std::vector<Value>& values);

}  // namespace penstock
