// What stands at the other end of a standard stream, and safe ways to write to it.
#pragma once

#include <string>
#include <string_view>

#include "penstock/environment.h"

namespace penstock::cli {

struct Terminal {
  bool is_terminal = false;
  bool color = false;  // never without a terminal, under NO_COLOR or TERM=dumb
  int columns = 80;
};
Terminal terminal_of(int descriptor, const Environment& environment);

/// Whether `path` names a terminal: /dev/tty, or /dev/stdout where that is one.
bool is_terminal(const std::string& path);

/// Throws Error{kBrokenPipe} if the reader went away, Error{kOutput} for any other
/// failure.
void write_stdout(std::string_view text);
/// Writes all of it; an error is ignored, there is nobody left to tell.
void write_stderr(std::string_view text) noexcept;

/// `text` between the escape sequences of `sgr` ("1", "31", ...), or as it is.
std::string paint(std::string_view text, std::string_view sgr, bool color);

/// The text without what a terminal would act on: control characters become \n, \t or
/// \xNN, characters that change the direction of writing \u{NNNN}, bytes that are not
/// UTF-8 \xNN.
std::string harmless(std::string_view text);
/// Columns that harmless text takes on a terminal.
int display_width(std::string_view text);
/// The text cut to `columns`, with "…" at its end if anything was cut.
std::string cut_to_width(std::string_view text, int columns);

}  // namespace penstock::cli
