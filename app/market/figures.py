"""Quality figures from counts: when there are enough samples, how good, and one number to rank by.

Formulas: docs/glossary (ASR, NER, ACD, PDD, MOS); minimum samples as in docs/decision.md 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.market.reputation import interval_ppm

MIN = {"asr": 30, "ner": 30, "acd": 20, "pdd": 10, "mos": 10}
# figure -> (good from, fair from); PDD the other way round. ppm, ms, milli.
LIMITS = {
    "asr": (450_000, 350_000),
    "ner": (850_000, 700_000),
    "acd": (150_000, 90_000),
    "pdd": (3_000, 5_000),
    "mos": (4_000, 3_600),
}
COUNTERS = (
    "attempts",
    "answered",
    "effective",
    "talk_ms",
    "pdd_ms_sum",
    "pdd_samples",
    "mos_milli_sum",
    "mos_samples",
)


@dataclass(frozen=True)
class Figure:
    """One badge: `value` in ppm (ASR, NER), ms (ACD, PDD) or thousandths (MOS); None without a single sample."""

    name: str
    value: int | None
    samples: int
    tone: str
    text: str
    between: str = ""  # ASR and NER: the 95 % interval in words


def figure(name: str, total: int, samples: int) -> Figure:
    """`total` already in the figure's unit times samples; grey below the minimum of samples."""
    if samples <= 0:
        return Figure(name, None, 0, "none", "no data")
    value = total // samples
    good, fair = LIMITS[name]
    if samples < MIN[name]:
        tone = "none"
    elif name == "pdd":
        tone = "good" if value <= good else "fair" if value <= fair else "poor"
    else:
        tone = "good" if value >= good else "fair" if value >= fair else "poor"
    between = ""
    if name in ("asr", "ner"):
        low, high = interval_ppm(total // 1_000_000, samples)
        # Shown to a tenth of a percent, rounded outwards as the interval is.
        between = f"{_text(name, low)[:-2]} – {_text(name, -(-high // 1000) * 1000)}"
    return Figure(name, value, samples, tone, _text(name, value), between)


def _text(name: str, value: int) -> str:
    if name in ("asr", "ner"):
        return f"{value // 10_000}.{value % 10_000 // 1000} %"
    if name == "acd":
        return f"{value // 60_000}:{value // 1000 % 60:02d}"
    if name == "pdd":
        return f"{value // 1000}.{value % 1000 // 100} s"
    return f"{value // 1000}.{value % 1000 // 100}"


def figures(row: dict[str, Any]) -> dict[str, Figure]:
    """The five badges of a row that holds the counters."""
    return {
        "asr": figure("asr", row["answered"] * 1_000_000, row["attempts"]),
        "ner": figure("ner", row["effective"] * 1_000_000, row["attempts"]),
        "acd": figure("acd", row["talk_ms"], row["answered"]),
        "pdd": figure("pdd", row["pdd_ms_sum"], row["pdd_samples"]),
        "mos": figure("mos", row["mos_milli_sum"], row["mos_samples"]),
    }


def quality_ppm(counts: dict[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    """One number, 0 to 1,000,000: 35 % ASR against 60 %, 25 % NER, 20 % ACD against 180 s, 20 % PDD under 8 s.

    A figure without enough samples counts as half, so that an unmeasured route is neither best nor worst.
    """
    attempts, answered = counts["attempts"], counts["answered"]
    half = np.int64(500_000)

    def part(
        total: NDArray[np.int64], samples: NDArray[np.int64], least: int, target: int
    ) -> NDArray[np.int64]:
        share = np.minimum(total // np.maximum(samples, 1) * 1_000_000 // target, 1_000_000)
        return np.where(samples >= least, share, half)

    asr = part(answered * 1_000_000, attempts, 30, 600_000)
    ner = part(counts["effective"] * 1_000_000, attempts, 30, 1_000_000)
    acd = part(counts["talk_ms"], answered, 20, 180_000)
    pdd = np.where(
        counts["pdd_samples"] >= 10,
        1_000_000 - np.minimum(counts["pdd_ms_sum"] // np.maximum(counts["pdd_samples"], 1) * 125, 1_000_000),
        half,
    )
    whole: NDArray[np.int64] = (35 * asr + 25 * ner + 20 * acd + 20 * pdd) // 100
    return whole


def claimed(claims: dict[str, Any], measured: dict[str, Figure]) -> dict[str, tuple[str, str]]:
    """By figure what the seller promises in words, and `kept`, `missed` or `open` (too few samples) by measurement."""
    found = {}
    for name, word in (
        ("asr", "asr_ppm"),
        ("ner", "ner_ppm"),
        ("acd", "acd_ms"),
        ("pdd", "pdd_ms"),
        ("mos", "mos_milli"),
    ):
        if word not in claims:
            continue
        one, promise = measured[name], int(claims[word])
        if one.value is None or one.samples < MIN[name]:
            verdict = "open"
        else:
            verdict = (
                "kept" if (one.value <= promise if name == "pdd" else one.value >= promise) else "missed"
            )
        found[name] = (_text(name, promise), verdict)
    return found
