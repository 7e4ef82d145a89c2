"""Penstock's Python package: the whole result in pandas (Arrow columns), polars or pyarrow."""

import peer
import penstock

options = peer.arguments()
rows = penstock.read(options.query, dsn_env="PENSTOCK_BENCH_DSN")
frame = getattr(rows, f"to_{options.into}")()
peer.print_frame(frame, options)
