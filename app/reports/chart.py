"""A few bars out of the rows that are shown: no second look at the data, so picture and table agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.reports.table import Report, Row

BARS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """`share` 0–100 of the longest bar; `shown` the figure in words."""

    label: str
    shown: str
    share: int
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    bars: tuple[Bar, ...]


def chart_of(report: Report, rows: Sequence[Row]) -> Chart | None:
    """The picture of a report, or None where none helps."""
    titles = [column.title for column in report.columns]
    if not rows:
        return None
    if report.name == "lcr-by-code":
        return _counts(
            "Cheapest vendor, by number of codes",
            Counter(row[titles.index("#1 vendor")] for row in rows if row[2]),
        )
    if report.name in {"lcr-by-offer", "lcr-by-destination"}:
        rank, vendor = titles.index("Rank"), titles.index("Vendor")
        return _counts(
            "First place, by number of rows", Counter(row[vendor] for row in rows if row[rank] == 1)
        )
    if report.name == "rate-changes":
        tones = {"INCREASE": "poor", "DECREASE": "good"}
        return _counts("Changes by kind", Counter(row[titles.index("Change")] for row in rows), tones)
    if report.name == "deck":
        return _counts(
            "Codes by price per minute",
            Counter(_band(row[titles.index("At 180 s")]) for row in rows),
            ordered=True,
        )
    if report.name == "quality":
        return _asr(rows, titles)
    if report.name == "coverage":
        return _bars("Open codes", [(f"{row[0]}, {row[1]}", row[4]) for row in rows])
    return None


def _counts(
    title: str, counts: Counter[str], tones: dict[str, str] | None = None, *, ordered: bool = False
) -> Chart:
    found = sorted(counts.items()) if ordered else counts.most_common(BARS)
    return _bars(title, found, tones, keep_order=ordered)


def _bars(
    title: str,
    pairs: Sequence[tuple[str, int]],
    tones: dict[str, str] | None = None,
    *,
    keep_order: bool = False,
) -> Chart:
    top = pairs if keep_order else sorted(pairs, key=lambda pair: -pair[1])[:BARS]
    longest = max((value for _, value in top), default=1) or 1
    bars = (
        Bar(
            _plain(label),
            f"{value:,}".replace(",", "\u202f"),
            100 * value // longest,
            (tones or {}).get(label, ""),
        )
        for label, value in top
    )
    return Chart(title, tuple(bars))


_BANDS = ((2, "a  below 0.002"), (5, "b  0.002 – 0.005"), (10, "c  0.005 – 0.01"), (50, "d  0.01 – 0.05"), (100, "e  0.05 – 0.10"),
          (500, "f  0.10 – 0.50"))  # fmt: skip


def _band(nanos: int) -> str:
    return next((name for limit, name in _BANDS if nanos < limit * 1_000_000), "g  0.50 and more")


def _asr(rows: Sequence[Row], titles: list[str]) -> Chart:
    """ASR of each vendor over the rows shown: Σ answered / Σ attempts."""
    sums: dict[str, list[int]] = {}
    vendor, attempts, answered = titles.index("Vendor"), titles.index("Attempts"), titles.index("Answered")
    for row in rows:
        seen = sums.setdefault(row[vendor], [0, 0])
        seen[0] += row[answered]
        seen[1] += row[attempts]
    shares = sorted(((1000 * a // n, name) for name, (a, n) in sums.items() if n), reverse=True)[:BARS]
    bars = (Bar(name, f"{Decimal(share) / 10} %", share // 10) for share, name in shares)
    return Chart("ASR by vendor, all rows below", tuple(bars))


def _plain(label: str) -> str:
    """Bands carry a letter that sorts them; people need not see it."""
    return label[3:] if label[1:3] == "  " else label.replace("_", " ")
