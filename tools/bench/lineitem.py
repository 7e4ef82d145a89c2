"""TPC-H's lineitem, and the sums that every contender must agree on before it is timed.

The sums are whole numbers, so that agreement is exact: keys as they are, decimals in hundredths, dates in days since
1970, text in bytes of UTF-8.
"""

KEY, HUNDREDTHS, DAYS, BYTES = "key", "hundredths", "days", "bytes"

# Name, the type that TPC-H declares (identifiers as BIGINT), what its sum counts.
COLUMNS = (
    ("l_orderkey", "BIGINT", KEY),
    ("l_partkey", "BIGINT", KEY),
    ("l_suppkey", "BIGINT", KEY),
    ("l_linenumber", "INTEGER", KEY),
    ("l_quantity", "DECIMAL(15,2)", HUNDREDTHS),
    ("l_extendedprice", "DECIMAL(15,2)", HUNDREDTHS),
    ("l_discount", "DECIMAL(15,2)", HUNDREDTHS),
    ("l_tax", "DECIMAL(15,2)", HUNDREDTHS),
    ("l_returnflag", "CHAR(1)", BYTES),
    ("l_linestatus", "CHAR(1)", BYTES),
    ("l_shipdate", "DATE", DAYS),
    ("l_commitdate", "DATE", DAYS),
    ("l_receiptdate", "DATE", DAYS),
    ("l_shipinstruct", "CHAR(25)", BYTES),
    ("l_shipmode", "CHAR(10)", BYTES),
    ("l_comment", "VARCHAR(44)", BYTES),
)
