// Where the memory of batches comes from.
#pragma once

#include <utility>

#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include "penstock/error.h"

namespace penstock {

/// Of every buffer of a batch: jemalloc's pool, where Arrow has it, else the C library's.
/// A batch is filled by a thread that ends with its query and let go by another, later.
/// Arrow's default, mimalloc, keeps what such a thread has left behind: a million rows of
/// TPC-H lineitem read whole into Python take a fifth more memory by it and half as much
/// time again, a stream of them 10 MB more. The C library's is as quick as jemalloc, but
/// does not give back what lies between what is still in use.
inline arrow::MemoryPool* memory_pool() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they see into it
  arrow::MemoryPool* pool = nullptr;
  if (arrow::jemalloc_memory_pool(&pool).ok()) return pool;
#endif
  return arrow::system_memory_pool();
}

/// What a batch allocated. Throws Error{kLimit}, code "out_of_memory", if that failed.
template <typename T>
T allocated(arrow::Result<T> result) {
  if (!result.ok()) {
    throw Error(Category::kLimit, "out_of_memory",
                "not enough memory for a batch of rows",
                "make batches smaller: --batch-rows, --batch-bytes");
  }
  return std::move(result).ValueUnsafe();
}

}  // namespace penstock
