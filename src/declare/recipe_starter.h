// The commented recipe that `penstock init` writes.
#pragma once

#include <string_view>

namespace penstock {

inline constexpr std::string_view kRecipeStarter =
    R"yaml(# A recipe: one query, and the file its rows become.
#   export PENSTOCK_SHOP_DSN=sqlite:///shop.db
#   penstock validate orders.yaml
#   penstock fetch orders.yaml
# Keys behind a # are optional; they show their default or an example.

name: orders                          # A-Z a-z 0-9 _ -
# description: Paid orders since a day

source:
  type: sql                           # or: penstock
  dsn_env: PENSTOCK_SHOP_DSN          # the variable with the DSN, which never stands here
  query: |
    SELECT id, customer_id, total, paid_at
    FROM orders
    WHERE paid_at >= :since
  # query_file: orders.sql            # instead of query: a file beside this one

  # Values of the query's :name parameters: bound, never spliced. Quote what is text.
  query_parameters:
    since: "2026-01-01"
    # since: ${PENSTOCK_PARAM_SINCE}  # or RECOTEM_RECIPE_*: from the environment

  # connect_timeout_seconds: 10       # 1 to 60
  # statement_timeout_seconds: 300    # 1 to 1800, from executing to the last row

  # limits:                           # passing one is an error, and no file appears
  #   rows: 5000000
  #   bytes: 2GiB                     # KiB MiB GiB KB MB GB, or a whole number
  #   seconds: 900                    # the whole run

  # partition:                        # read in parts, side by side
  #   column: id
  #   count: 4
  #   range: [1, 1000000]             # default: the database is asked

  # types:
  #   on_lossy: error                 # what does not fit: error, null, text or clamp
  #   numeric: text                   # no precision: text, float64 or "decimal(p,s)"
  #   tinyint1: int8                  # MySQL's TINYINT(1): int8 or bool
  #   bit1: uint64                    # MySQL's BIT(1): uint64 or bool
  #   duplicates: error               # columns of one name: error, rename (a, a_1), keep
  #   columns:
  #     total: "decimal(12,2)"

  # allow_privileged: false           # accept a superuser's account

sink:
  path: orders.parquet                # .csv .csv.gz .jsonl .jsonl.gz .arrow .ipc .arrows
  # format: parquet                   # default: by the path's extension
  # compression: zstd:3               # none, snappy, gzip, brotli, zstd, lz4; a level
  # row_group_rows: 1000000
)yaml";

}  // namespace penstock
