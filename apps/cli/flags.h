// The flags that more than one command has, told to CLI11 by one set of functions.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/options.h"
#include "penstock/error.h"

namespace penstock::cli {

// Each adds to `command` what fills `options` when it is parsed; `options` must outlive
// the command. What a flag cannot take is Error{kUsage}, code "bad_option_value".

/// An argument without a dash; several are taken in the order in which they are added.
void add_argument(CLI::App* command, Options& options, const std::string& name,
                  const std::string& help);
/// Any flag that takes a text; `type` is what help calls it: PATH and FILE are completed
/// as files.
void add_text(CLI::App* command, const std::string& name, const std::string& type,
              const std::function<void(const std::string&)>& read,
              const std::string& help, const std::string& group);
void add_messages(CLI::App* command, Options& options, bool with_progress);
void add_json(CLI::App* command, Options& options);
void add_parameters(CLI::App* command, Options& options, bool with_variables);
void add_inputs(CLI::App* command, Options& options);
void add_types(CLI::App* command, Options& options);
void add_output_path(CLI::App* command, Options& options, const std::string& help);
/// `otherwise`: where the rows go without -o.
void add_output(CLI::App* command, Options& options, const std::string& otherwise);
void add_limits(CLI::App* command, Options& options);
void add_partitions(CLI::App* command, Options& options);
void add_lock(CLI::App* command, Options& options);

/// A DSN in the wrong place is never repeated.
Error bad_value(std::string_view option, std::string_view takes, std::string_view value);

/// The words that `option` takes, in the order of help; empty: any text.
std::vector<std::string> choices_of(const CLI::Option& option);

/// Throws Error{kUsage}, code "unfit_option", if one of `flags` was given, by its long
/// name, to what takes none of them: `whom` ("a task").
void refuse_flags(const Options& options, std::initializer_list<std::string_view> flags,
                  std::string_view whom, std::string_view hint);

}  // namespace penstock::cli
