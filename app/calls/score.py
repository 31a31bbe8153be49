"""MOS of each second of a call from what was lost in it, by the core's E-model (docs/media.md)."""

from __future__ import annotations

from typing import Any

from lcr_core import mos_of_moments


def mos_of_seconds(figures: dict[str, Any], seconds: list[list[Any]]) -> list[int | None]:
    """Thousandths, one a row of `seconds` ([second, packets, expected, lost, discarded, …]); None where nothing was expected,
    and everywhere for a codec without published values."""
    moments: list[tuple[int, int]] = []
    for row in seconds:
        expected, lost, discarded = max(row[2] or 0, 0), row[3] or 0, row[4] or 0
        moments.append((expected, max(lost, 0) + max(discarded, 0)))
    one_way_us = max(int(figures.get("one_way_us") or 0), 0)
    scores = mos_of_moments(str(figures.get("codec") or ""), one_way_us, moments)
    return [None] * len(moments) if scores is None else scores
