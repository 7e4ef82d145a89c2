// The commented task that `penstock init task` writes, and its JSON Schema.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

std::string task_json_schema();

inline constexpr std::string_view kTaskStarter =
    R"yaml(# A task: a query with typed inputs; its rows, or its change in one transaction.
#   export PENSTOCK_SHOP_DSN=sqlite:///shop.db
#   penstock run restock.yaml --describe
#   penstock run restock.yaml -i sku=P-001 -i amount=5
# Keys behind a # are optional; they show their default or an example.

name: restock                         # A-Z a-z 0-9 _ -
# description: Adds pieces to the stock

connection:
  dsn_env: PENSTOCK_SHOP_DSN          # the variable with the DSN; or, without a password:
  # uri: postgresql://app@db.example:5432/shop
  # connect_args: {connect_timeout: 5}
  # secret_connect_args:              # where a secret is kept, never what it is
  #   password: {group: shop, key: db-password}
  #   password: {command: [cloud, db, token]}

access: read_write                    # read_only is the default: one query

inputs:
  sku: str
  amount: {type: int, default: 10, description: pieces to add}
  # int float str bool date datetime timedelta bytes none, "list[int]";
  # identifier (a table's or column's name), {choice: [ASC, DESC]}

# {{ .inputs.NAME }} is a bound value, never SQL text. With read_write, several
# statements with ';' between them; the last one's rows are the output.
query: |
  UPDATE stock
  SET pieces = pieces + {{ .inputs.amount }}
  WHERE sku = {{ .inputs.sku }}
  RETURNING sku, pieces
# query_file: restock.sql             # instead of query: a file beside this one

output:                               # or: none; left out: whatever the query gives
  sku: str
  pieces: {type: int, nullable: false}
# extra_columns: error                # of the result: error, drop or keep

# connect_timeout_seconds: 10         # 1 to 60
# statement_timeout_seconds: 300      # 1 to 1800, of each statement
# limits: {rows: 5000000, bytes: 2GiB, seconds: 900}
# types: {numeric: text}              # as in a recipe
# allow_privileged: false             # accept a superuser's account
)yaml";

}  // namespace penstock
