"""The first rows of a report as the page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from app.reports.chart import Chart, chart_of
from app.reports.table import NO_DATA, Column, Kind, Report, cell_text

SCANNED, SHOWN = 2000, 100


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    kind: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """`rows`: the first `SHOWN`; `scanned` rows were counted for chart and total; `more`: the report goes on."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    scanned: int
    more: bool
    chart: Chart | None
    hidden: int


_TONES = {
    "INCREASE": "poor", "CLOSED": "poor", "BLOCKED": "poor", "blocked": "poor", "closed": "poor", "DECREASE": "good", "NEW": "primary",
    "REOPENED": "primary", "few": "fair", "none": "muted",
}  # fmt: skip
_BADGED = {"Change", "Status", "Samples"}


def preview(report: Report, *, every_column: bool) -> Preview:
    """Reads at most `SCANNED` + 1 rows."""
    rows = list(islice(report.rows, SCANNED + 1))
    more = len(rows) > SCANNED
    rows = rows[:SCANNED]
    kept = [i for i, column in enumerate(report.columns) if every_column or not column.wide]
    columns = tuple(report.columns[i] for i in kept)
    shown = tuple(tuple(_cell(report.columns[i], row[i]) for i in kept) for row in rows[:SHOWN])
    return Preview(
        report.title, columns, shown, len(rows), more, chart_of(report, rows), len(report.columns) - len(kept)
    )


def _cell(column: Column, value: object) -> Cell:
    text = cell_text(column.kind, value)
    if column.kind is Kind.INSTANT:
        text = text[:16].replace("T", " ")
    if column.kind is Kind.COUNT and isinstance(value, int):
        text = f"{value:,}".replace(",", "\u202f")
    tone = ""
    if column.title in _BADGED:
        tone = _TONES.get(text, "muted")
        text = text.replace("_", " ").capitalize() if text.isupper() or "_" in text else text
    elif column.title == "Change %" and isinstance(value, int) and value:
        tone = "up" if value > 0 else "down"
        text = f"+{text}" if value > 0 else text
    elif text == NO_DATA:
        tone = "empty"
    return Cell(text, column.kind.value, tone)
