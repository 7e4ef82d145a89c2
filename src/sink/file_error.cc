#include "sink/file_error.h"

#include <cerrno>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/text.h"

namespace penstock {
namespace {

struct Reason {
  const char* code;
  const char* hint;
};

Reason reason_of(int error) {
  switch (error) {
    case ENOSPC:
      return {"output_full", "free some space there, or write to another place"};
    case EDQUOT:
      return {"output_full",
              "the quota there is used up; free some space, or write elsewhere"};
    case EFBIG:
      return {"output_too_large",
              "raise the limit on file sizes (ulimit -f), or write to a file system that "
              "holds larger files"};
    case EACCES:
    case EPERM:
    case EROFS:
      return {"output_denied", "write to a folder that this account may write to"};
    default:
      return {"output_failed", ""};
  }
}

}  // namespace

Error output_error(std::string_view action, std::string_view path, int error) {
  const Reason reason = reason_of(error);
  return Error(Category::kOutput, reason.code,
               fmt::format("cannot {} {}: {}", action, printable(path, 1024),
                           std::generic_category().message(error)),
               reason.hint);
}

}  // namespace penstock
