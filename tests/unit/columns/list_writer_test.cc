#include "columns/list_writer.h"

#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>
#include <unistd.h>

#include <arrow/array.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "penstock/error.h"
#include "unit/columns/show.h"

namespace penstock {
namespace {

using testing::shown;

TEST(ListWriter, ListsEmptyListsAndNullsAreRowsOfTheirOwn) {
  ListWriter list(arrow::list(arrow::int32()));
  list.start(4);
  list.reserve_elements(2);
  list.elements().set(list.next_element(), std::int32_t{7});
  list.elements().set_null(list.next_element());
  list.end_row();
  list.end_row();
  list.end_null_row();
  list.reserve_elements(1);
  list.elements().set(list.next_element(), std::int32_t{8});
  list.end_row();
  const auto array = list.finish(4);
  ASSERT_TRUE(array->ValidateFull().ok());
  EXPECT_EQ(array->null_count(), 1);
  EXPECT_TRUE(array->IsNull(2));
  const auto& lists = static_cast<const arrow::ListArray&>(*array);
  EXPECT_EQ(lists.value_length(0), 2);
  EXPECT_EQ(lists.value_length(1), 0);
  EXPECT_EQ(shown(*lists.values()), (std::vector<std::string>{"7", "NULL", "8"}));
}

#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // they end the process

// Ends with 0 if finish() throws what it should in a process that may have no more
// memory.
[[noreturn]] void finish_without_memory() {
  constexpr std::int64_t kRows = std::int64_t{1} << 24;  // 64 MiB of offsets
  ListWriter list(arrow::list(arrow::boolean()));
  list.start(kRows);
  for (std::int64_t row = 0; row < kRows; ++row) list.end_row();
  long pages = 0;
  std::FILE* sizes = std::fopen("/proc/self/statm", "r");
  if (sizes == nullptr || std::fscanf(sizes, "%ld", &pages) != 1) std::_Exit(2);
  std::fclose(sizes);
  const rlim_t limit = static_cast<rlim_t>(pages) * sysconf(_SC_PAGESIZE) + (1 << 24);
  const rlimit limits{limit, limit};
  if (setrlimit(RLIMIT_AS, &limits) != 0) std::_Exit(3);
  try {
    list.finish(kRows);
  } catch (const Error& error) {
    const bool right =
        error.category() == Category::kLimit && error.code() == "out_of_memory";
    std::_Exit(right ? 0 : 4);
  }
  std::_Exit(5);
}

TEST(ListWriterDeathTest, MemoryThatIsNotThereIsAnErrorNotTheProcesssEnd) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // jemalloc has a thread of its own
  EXPECT_EXIT(finish_without_memory(), ::testing::ExitedWithCode(0), "");
}

#endif

}  // namespace
}  // namespace penstock
