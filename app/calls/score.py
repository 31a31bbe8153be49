"""MOS of each second of a call from what was lost in it: ITU-T G.107 with the values of G.113, as the edge computes the
whole call's (docs/media.md). Not money: figures for a chart, rounded to thousandths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

R_BEST: Final = 93.2


@dataclass(frozen=True)
class Codec:
    """Impairment `ie` and robustness `bpl` of G.113, appendix I."""

    ie: float
    bpl: float


CODECS: Final = {
    "PCMA": Codec(0, 25.1), "PCMU": Codec(0, 25.1), "G729": Codec(11, 19), "G723": Codec(15, 16.1), "GSM-EFR": Codec(5, 10),
}  # fmt: skip
UNKNOWN: Final = Codec(0, 25)


def delay_impairment(one_way_ms: float) -> float:
    """Idd of G.107: 0 up to 100 ms; 0.16, 3.04, 14.76, 24.07 at 150, 200, 300, 400."""
    if one_way_ms <= 100:
        return 0.0
    x = math.log2(one_way_ms / 100)
    return float(25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2))


def mos_milli(codec: Codec, loss_percent: float, one_way_ms: float) -> int:
    """Random loss (BurstR 1). Thousandths, 1000 to 4500."""
    effective = codec.ie + (95 - codec.ie) * loss_percent / (loss_percent + codec.bpl)
    r = R_BEST - delay_impairment(one_way_ms) - effective
    if r < 0:
        return 1000
    if r > 100:
        return 4500
    return round(1000 * max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6))


def mos_of_seconds(figures: dict[str, Any], seconds: list[list[Any]]) -> list[int | None]:
    """One a row of `seconds` ([second, packets, expected, lost, discarded, …]); None where nothing was expected."""
    codec = CODECS.get(str(figures.get("codec") or "").upper(), UNKNOWN)
    one_way = (figures.get("one_way_us") or 0) / 1000
    found: list[int | None] = []
    for row in seconds:
        expected, lost, discarded = row[2] or 0, row[3] or 0, row[4] or 0
        gone = min(max(lost, 0) + discarded, expected)
        found.append(mos_milli(codec, 100 * gone / expected, one_way) if expected > 0 else None)
    return found
