"""Prints the rows and sums of a Parquet file, and its codec and row groups, as JSON: check_file.py FILE."""

import json
import sys

import peer
import pyarrow.parquet

file = pyarrow.parquet.ParquetFile(sys.argv[1])
tally = peer.Tally(verify=True)
for batch in file.iter_batches():
    tally.add(batch)
codecs = {
    file.metadata.row_group(group).column(column).compression
    for group in range(file.num_row_groups)
    for column in range(file.metadata.num_columns)
}
print(
    json.dumps(
        {
            "rows": tally.rows,
            "sums": tally.sums,
            "codecs": sorted(codecs),
            "row_groups": file.num_row_groups,
        }
    )
)
