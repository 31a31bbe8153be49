"""Cells as they arrive in real files, and what they mean."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from rates.catalogue import CATALOGUE
from rates.parse.codes import BadCode, expand_range, parse_codes
from rates.parse.dates import AT_ONCE, guess_order, parse_date
from rates.parse.increments import parse_pairs
from rates.parse.money import guess_decimal_mark, parse_money
from rates.synonyms import EXACT, SYNONYMS, normal

UTC = ZoneInfo("UTC")


def codes(cell: str, country: str | None = None, spaces: str | None = None) -> list[str] | str:
    prefixes = None if country is None else pa.array([country])
    found, _, faults = parse_codes(pa.array([cell]), prefixes, spaces)
    return faults[0] or found.to_pylist()


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("44207", ["44207"]),
        ("4420,4421;4422", ["4420", "4421", "4422"]),
        ("447700-447709", ["44770"]),
        ("4477005-4477012", [f"44770{n:02}" for n in range(5, 13)]),
        ("998-1002", "range_invalid"),
        ("4422-4421", "range_invalid"),
        ("+44 20", "code_spaced"),
        ("+44", ["44"]),
        ("0044", ["44"]),
        ("44207.0", ["44207"]),
        ("4.47E+11", "code_shortened"),
        ("AFG", "bad_code"),
        ("044", "bad_code"),
        ("", "code_missing"),
        ("1234567890123456", "code_too_long"),
    ],
)
def test_a_code_cell(cell: str, expected: list[str] | str) -> None:
    assert codes(cell) == expected


def test_country_and_area_columns_make_codes() -> None:
    assert codes("20,121,161", "44") == ["4420", "44121", "44161"]
    assert codes("20-29", "+44") == ["442"]
    assert codes("", "44") == ["44"]
    assert codes("20", "GB") == "bad_code"


def test_blanks_inside_a_cell_wait_for_an_answer() -> None:
    assert codes("4420 4421", spaces="split") == ["4420", "4421"]
    assert codes("44 207", spaces="join") == ["44207"]


def test_a_range_that_crosses_a_digit_length_is_refused() -> None:
    with pytest.raises(BadCode, match="range_invalid"):
        expand_range("998", "1002")


@pytest.mark.parametrize(
    ("cell", "mark", "nanos", "fault"),
    [
        ("0.0123", ".", 12_300_000, None),
        ("0,0123", ",", 12_300_000, None),
        ("$ 0.5", ".", 500_000_000, None),
        ("0,50 €", ",", 500_000_000, None),
        ("1.234,5", ",", 1_234_500_000_000, None),
        ("1,234.5", ".", 1_234_500_000_000, None),
        ("1.2E-2", ".", 12_000_000, None),
        ("0.123456789", ".", 123_456_790, "rate_precision"),
        ("-0.1", ".", -1, "rate_negative"),
        ("", ".", -1, "rate_missing"),
        ("N/A", ".", -1, "rate_missing"),
        ("TBA", ".", -1, "rate_missing"),
        ("blocked", ".", -1, "blocked"),
        ("call us", ".", -1, "rate_invalid"),
        ("99999999", ".", -1, "rate_invalid"),
    ],
)
def test_a_rate_cell(cell: str, mark: str, nanos: int, fault: str | None) -> None:
    found, faults = parse_money(pa.array([cell]), mark)
    assert (int(found[0]), faults[0]) == (nanos, fault)


def test_the_decimal_mark_is_one_answer_for_the_file() -> None:
    assert guess_decimal_mark(pa.array(["0.1", "1.234"]))[0] == "."
    assert guess_decimal_mark(pa.array(["0,1", "1,234"]))[0] == ","
    assert guess_decimal_mark(pa.array(["1,234", "2,345"]))[0] is None
    assert guess_decimal_mark(pa.array(["0,1", "0.2"]))[0] is None


def test_the_order_of_day_and_month_is_one_answer_for_the_file() -> None:
    assert guess_order(pa.array(["22/02/2010", "03/04/2010"]))[0] == "dmy"
    assert guess_order(pa.array(["02/22/2010", "03/04/2010"]))[0] == "mdy"
    assert guess_order(pa.array(["03/04/2025"]))[0] is None
    assert guess_order(pa.array(["22/02/2010", "02/22/2010"]))[0] is None
    assert guess_order(pa.array(["05/05/2025", "2025-03-04"]))[0] == "ymd"


DAY = 86_400_000_000


@pytest.mark.parametrize(
    ("cell", "order", "expected"),
    [
        ("1970-01-02", "ymd", DAY),
        ("02/01/1990", "dmy", 7306 * DAY),
        ("01/02/1990", "mdy", 7306 * DAY),
        ("2-Jan-1990", "dmy", 7306 * DAY),
        ("32875", "ymd", 7306 * DAY),
        ("1990-01-02T01:00:00+01:00", "ymd", 7306 * DAY),
        ("Immediately", "ymd", AT_ONCE),
        ("TBA", "ymd", None),
    ],
)
def test_a_date_cell(cell: str, order: str, expected: int | None) -> None:
    if cell == "1970-01-02":
        assert parse_date(cell, order, UTC) == (None, "date_invalid")  # no deck is that old
    else:
        assert parse_date(cell, order, UTC) == (expected, None)


def test_serial_dates_of_1904_workbooks_are_four_years_and_a_day_later() -> None:
    early, late = parse_date("32875", None, UTC), parse_date("32875", None, UTC, date_1904=True)
    assert early[0] is not None
    assert late[0] is not None
    assert late[0] - early[0] == 1462 * DAY


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("30/6", (30, 6)),
        ("60", (60, 60)),
        ("1+1", (1, 1)),
        ("60/1 sec", (60, 1)),
        ("1/60/60", (60, 60)),
        ("0/1", "increment_invalid"),
        ("", (-1, -1)),
    ],
)
def test_an_increment_cell(cell: str, expected: tuple[int, int] | str) -> None:
    first, following, faults = parse_pairs(pa.array([cell]))
    assert (faults[0] or (int(first[0]), int(following[0]))) == expected


def test_a_header_word_means_one_field_only() -> None:
    words = [word for known in SYNONYMS.values() for word in known]
    assert len(words) == len(set(words)) == len(EXACT)
    assert [word for word in words if normal(word) != word] == []


def test_every_problem_id_stands_in_the_documentation() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "deck-format.md").read_text(encoding="utf-8")
    assert [id for id in CATALOGUE if f"`{id}`" not in page] == []
