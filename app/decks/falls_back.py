"""Codes that a deck closes: which of them a shorter code prices afterwards, and at what change."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

EXAMPLES = 4


@dataclass(frozen=True)
class FallsBack:
    """`closing` codes in all; `priced` of them fall back to a shorter code; examples: (code, falls back to, change in ppm),
    the largest change first."""

    closing: int
    priced: int
    examples: list[tuple[str, str, int | None]]

    @property
    def unpriced(self) -> int:
        return self.closing - self.priced


def falls_back(diff: pa.Table) -> FallsBack:
    """From a deck's comparison (rates.schema.DIFF)."""
    closed = diff.filter(pc.equal(diff["label"], "CLOSED"))
    kept = closed.filter(pc.is_valid(closed["falls_back_to"]))
    sized = kept.append_column("size", pc.abs(pc.fill_null(kept["pct_ppm"], 0)))
    top = sized.sort_by([("size", "descending"), ("code", "ascending")]).slice(0, EXAMPLES)
    examples = [(row["code"], row["falls_back_to"], row["pct_ppm"]) for row in top.to_pylist()]
    return FallsBack(closed.num_rows, kept.num_rows, examples)
