"""What the calls give back, as plain values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class LossyColumn:
    """Values of one column that had no exact place, and what became of them: counts of values."""

    column: str
    nulled: int = 0
    as_text: int = 0
    clamped: int = 0

    @classmethod
    def _all_of(cls, counts: dict[str, dict[str, int]]) -> list[LossyColumn]:
        """Of a receipt, whose JSON has the counts by column."""
        return [cls(name, **of_column) for name, of_column in counts.items()]


@dataclass(frozen=True)
class Partitions:
    """A read that was asked to be partitioned.

    Attributes:
        how: "ctid ranges of public.t", or why it was not partitioned.
        rows: of each part, so far; empty where one connection read all.
    """

    how: str
    rows: Sequence[int]


@dataclass(frozen=True)
class Receipt:
    """What a run of fetch() did.

    Attributes:
        recipe: the recipe's name.
        query_hash: SHA-256 of the SQL text, hex.
        dialect: "sqlite", "postgresql" or "mysql".
        version: of Penstock.
        run_id: of this run, as in its events.
        output: the file's path.
        format: "parquet", "csv", "jsonl", "arrow" or "arrows".
        started, finished: RFC 3339, UTC.
        seconds: from the one to the other.
        rows, batches: of the result.
        bytes: of the file.
        arrow_bytes: of the rows as Arrow data.
        content_hash: "sha256:" and hex, or "" unless content_hash=True.
        lossy: columns with at least one lossy value.
        partitions: None where none were asked for.
    """

    recipe: str
    query_hash: str
    dialect: str
    version: str
    run_id: str
    output: str
    format: str
    started: str
    finished: str
    seconds: float
    rows: int
    bytes: int
    arrow_bytes: int
    batches: int
    content_hash: str
    lossy: Sequence[LossyColumn] = ()
    partitions: Partitions | None = None

    @classmethod
    def _of_json(cls, text: str) -> Receipt:
        facts: dict[str, Any] = json.loads(text)
        facts["lossy"] = LossyColumn._all_of(facts["lossy"])
        if "partitions" in facts:
            facts["partitions"] = Partitions(**facts["partitions"])
        return cls(**facts)


@dataclass(frozen=True)
class PlanColumn:
    """A column of a result that has not been read.

    Attributes:
        name: of the column.
        declared: the database's own type name, or "".
        arrow: the Arrow type; "by the first rows" where only values can tell.
        hint: what to do about it, or "".
    """

    name: str
    declared: str
    arrow: str
    hint: str


@dataclass(frozen=True)
class Plan:
    """Everything that is known of a query without reading a row.

    Attributes:
        dialect: "sqlite", "postgresql" or "mysql".
        columns: of the result, in its order.
        explain: the database's own EXPLAIN, a line each.
        account: what the account could do beyond reading.
        routes: where a connection would go; never credentials.
    """

    dialect: str
    columns: Sequence[PlanColumn]
    explain: Sequence[str]
    account: Sequence[str]
    routes: Sequence[str]


@dataclass(frozen=True)
class Validation:
    """What validate() found.

    Attributes:
        dialect: None if the DSN's variable is not set (offline only): then the query was not scanned.
        parameters: names of the query's parameters in order of first use.
        connected: whether SELECT 1 was answered.
    """

    dialect: str | None
    parameters: Sequence[str] = field(default_factory=tuple)
    connected: bool = False
