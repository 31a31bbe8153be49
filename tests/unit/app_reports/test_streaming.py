"""Rows are made while they are written; text cannot become a formula."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.reports.table import Column, Kind, Report, Row, cell_text
from app.reports.write_csv import csv_chunks
from app.reports.write_xlsx import write_xlsx

COLUMNS = (
    Column("Code", Kind.CODE),
    Column("Destination", Kind.TEXT),
    Column("Rate", Kind.NANOS),
    Column("ASR %", Kind.FIGURE),
)


def many(count: int, made: list[int]) -> Iterator[Row]:
    for number in range(count):
        made.append(1)
        yield f"44{number:08d}", "United Kingdom - Mobile", 12_345_678, Decimal("47.12")


def test_the_first_chunk_is_out_before_the_last_row_is_made() -> None:
    made: list[int] = []
    chunks = csv_chunks(Report("r", "R", COLUMNS, many(50_000, made)))
    next(chunks)
    assert len(made) <= 1_000


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_memory_does_not_grow_with_the_rows(form: str) -> None:
    def peak(count: int) -> int:
        rows = ((f"44{n:08d}", "United Kingdom - Mobile", 12_345_678, None) for n in range(count))
        report = Report("r", "R", COLUMNS, rows)
        tracemalloc.start()
        if form == "csv":
            for _ in csv_chunks(report):
                pass
        else:
            with open("/dev/null", "wb") as out:
                write_xlsx(report, out)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(12_000) < peak(2_000) + 600_000


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_looks_like_a_formula_is_quoted_and_numbers_keep_their_sign(start: str) -> None:
    columns = (Column("Destination", Kind.TEXT), Column("Spread", Kind.NANOS), Column("Change %", Kind.PPM))
    text = "".join(
        csv_chunks(Report("r", "R", columns, iter([(start + "cmd|' /C calc'!A0", -1_500_000, -42_500)])))
    )
    cells = list(csv.reader(io.StringIO(text, newline="")))[1]
    assert cells == ["'" + start + "cmd|' /C calc'!A0", "-0.0015", "-4.25"]


def test_cells_are_exact() -> None:
    instant = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
    assert cell_text(Kind.NANOS, 1) == "0.000000001"
    assert cell_text(Kind.NANOS, 12_000_000_000) == "12.0000"
    assert cell_text(Kind.PPM, 123_456) == "12.35"
    assert cell_text(Kind.INSTANT, instant) == "2026-11-21T05:00:00Z"
    assert (cell_text(Kind.FIGURE, None), cell_text(Kind.NANOS, None)) == ("no data", "")
