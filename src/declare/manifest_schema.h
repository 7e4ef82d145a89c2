// The manifest's JSON Schema and starter.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

std::string manifest_schema();

inline constexpr std::string_view kManifestStarter =
    R"yaml(# A manifest: a read-only tree of files, each made from its query when it is read.
#   export PENSTOCK_SHOP_DSN=sqlite:///shop.db
#   penstock validate shop.yaml
#   penstock store shop.yaml tree
#   penstock store shop.yaml get reports/daily.parquet
# Keys behind a # are optional; they show their default or an example.

name: shop                            # A-Z a-z 0-9 _ -
# description: The shop's reports
dsn_env: PENSTOCK_SHOP_DSN            # the variable with the DSN, which never stands here

# strict: true                        # false, with discover: views as views/SCHEMA/VIEW
# discover: views

# cache: {path: .cache, ttl: 15m, size: 10GiB}   # keep results; ttl in s, m, h or d

# connections: 8                      # at once, 1 to 64
# connect_timeout_seconds: 10         # 1 to 60
# statement_timeout_seconds: 300      # 1 to 1800, from executing to the last row
# limits: {rows: 5000000, bytes: 2GiB, seconds: 900}
# types: {on_lossy: error}            # as in a recipe
# allow_privileged: false             # accept a superuser's account

queries:                              # .parquet .csv .csv.gz .jsonl .jsonl.gz .arrow .ipc .arrows
  reports/daily.parquet: |
    SELECT date(paid_at) AS day, sum(total) AS total
    FROM orders
    GROUP BY day

  # A key with parameters: bound, never spliced. {region} stands in the path, the others
  # behind it: orders/eu.csv?since=2026-02-01
  orders/{region}.csv:
    description: Orders of a region
    query: SELECT * FROM orders WHERE region = :region AND paid_at >= :since
    parameters:
      region: {type: str, choices: [eu, us], description: a continent}
      since: {type: str, default: "2026-01-01"}
    # query_file: orders.sql          # instead of query: a file beside this one
    # limits: {rows: 1000}            # and types, statement_timeout_seconds: of this key
)yaml";

}  // namespace penstock
