"""Decks on their way out: whole and changes only, in our columns and in the carrier's; line by line for streamed answers."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import python_calamine

from rates.decimals import decimal_text, decimal_texts
from rates.export import csv_lines, write_csv, write_xlsx
from rates.layout import of_template
from rates.notice import Terms
from rates.options import DeckOptions
from rates.parse.dates import micros
from rates.schema import ROWS, TIMELINE
from rates.timeline import apply
from rates.view import as_of, changed_rows, changes_between

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = FIRST + timedelta(days=30)


def rows(*cells: tuple[str, str, int], start: datetime = FIRST, **more: Any) -> pa.Table:
    """(code, destination, nanos)."""
    usual = {
        "sheet": "s", "first_rate_nanos": None, "connect_fee_nanos": 0, "initial_increment": 60, "next_increment": 1,
        "free_seconds": 0, "currency": "USD", "status": 0, "effective_from": start, "effective_until": None,
    }  # fmt: skip
    return pa.Table.from_pylist(
        [
            usual | {"row": number, "code": code, "destination": name, "rate_nanos": nanos} | more
            for number, (code, name, nanos) in enumerate(cells, start=2)
        ],
        schema=ROWS,
    )


def received(timeline: pa.Table | None, deck: pa.Table, when: datetime, mode: str = "full") -> pa.Table:
    options = DeckOptions(mode=mode, notice_days=0)  # type: ignore[arg-type]
    at = micros(when)
    return apply(timeline, deck, Terms(received_us=at, deck_from_us=at, deck_id=1, options=options))


OLD = received(
    None, rows(("44", "UK", 4_000_000), ("447", "UK Mobile", 18_000_000), ("33", "France", 5_000_000)), FIRST
)
NEW = received(
    OLD, rows(("44", "UK", 3_500_000), ("33", "France", 5_000_000), ("49", "=Germany", 6), start=SECOND), SECOND
)  # fmt: skip


def test_a_deck_goes_out_line_by_line_as_it_is_written_whole() -> None:
    whole = io.StringIO(newline="")
    write_csv(as_of(NEW, SECOND), whole)
    lines = list(csv_lines(as_of(NEW, SECOND)))
    assert "".join(lines) == whole.getvalue()
    assert lines[0] == (
        "Code,Destination,Rate,First rate,Connection fee,Initial increment,Next increment,Free seconds,Currency,Status,"
        "Effective from,Effective until\n"
    )
    assert [line.split(",")[0] for line in lines] == ["Code", "33", "44", "49"]
    assert "'=Germany" in lines[3]


def test_a_deck_goes_out_in_the_columns_of_the_carrier_s_template() -> None:
    template = DeckOptions(
        headers={"CC": "country_code", "Area": "area_code", "Name": "destination", "Notes": "comment", "Bill": "increments",
                 "USD/min": "rate", "Start": "effective_from"}
    )  # fmt: skip
    lines = list(csv_lines(as_of(OLD, FIRST), of_template(template)))
    assert lines == [
        "CC,Area,Name,Notes,Bill,USD/min,Start,Currency\n",
        "33,,France,,60/1,0.005,2026-03-01,USD\n",
        "44,,UK,,60/1,0.004,2026-03-01,USD\n",
        "44,7,UK Mobile,,60/1,0.018,2026-03-01,USD\n",
    ]


def test_nothing_the_deck_says_is_lost_for_want_of_a_column() -> None:
    deck = received(None, rows(("44", "UK", 4_000_000), connect_fee_nanos=10_000_000, status=1), FIRST)
    layout = of_template(DeckOptions(headers={"Prefix": "code", "Price": "rate"}))
    head = next(csv_lines(deck, layout))
    assert head == (
        "Prefix,Price,Destination,Connection fee,Initial increment,Next increment,Currency,Status,Effective from\n"
    )


def test_a_workbook_keeps_every_digit_as_text(tmp_path: Path) -> None:
    path = tmp_path / "deck.xlsx"
    with path.open("wb") as sink:
        write_xlsx(
            as_of(NEW, SECOND), sink, of_template(DeckOptions(headers={"Rate": "rate", "Code": "code"}))
        )
    cells = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_name("Rates").to_python()
    assert [row[:2] for row in cells] == [
        ["Rate", "Code"],
        ["0.005", "33"],
        ["0.0035", "44"],
        ["0.000000006", "49"],
    ]


def test_changes_between_two_instants_are_told_by_code() -> None:
    changes = {r["code"]: r for r in changes_between(NEW, FIRST, SECOND).to_pylist()}
    assert {code: r["label"] for code, r in changes.items()} == {
        "44": "DECREASE",
        "49": "NEW",
        "447": "CLOSED",
    }
    assert changes["44"]["pct_ppm"] == -125_000
    assert changes["447"]["falls_back_to"] == "44"
    assert {r["effective_from"] for r in changes.values()} == {SECOND}
    assert changes_between(NEW, SECOND, SECOND).num_rows == 0


def test_a_deck_of_changes_only_makes_the_old_deck_the_new_one() -> None:
    partial = changed_rows(NEW, FIRST, SECOND)
    assert partial.schema.equals(TIMELINE)
    assert sorted((r["code"], r["status"]) for r in partial.to_pylist()) == [("44", 0), ("447", 2), ("49", 0)]
    asked = partial.select([n for n in ROWS.names if n in TIMELINE.names]).append_column(
        "row", partial["deck_row"]
    )
    again = received(OLD, asked, SECOND, "partial")
    shown = ["code", "destination", "rate_nanos", "status"]
    assert as_of(again, SECOND).select(shown).to_pylist() == as_of(NEW, SECOND).select(shown).to_pylist()


def test_a_column_of_amounts_reads_like_each_amount() -> None:
    nanos = [0, 1, 10, 999_999_999, 10**9, 123_456_789_012, -5, -(10**9), 10**13, None]
    assert decimal_texts(pa.array(nanos, pa.int64())).to_pylist() == [decimal_text(n) for n in nanos]


GERMAN = DeckOptions(
    headers={"Vorwahl": "code", "Bemerkung": "comment", "Preis": "rate", "Gültig ab": "effective_from"},
    decimal_mark=",", date_order="dmy", money_unit="cent",
)  # fmt: skip


def test_a_deck_goes_out_with_the_carrier_s_marks_units_and_dates() -> None:
    deck = received(None, rows(("44", "UK", 4_250_000), initial_increment=1), FIRST)
    layout = of_template(GERMAN, ["Preis", "Bemerkung", "Vorwahl", "Gültig ab"])
    assert list(csv_lines(deck, layout, GERMAN)) == [
        "Preis;Bemerkung;Vorwahl;Gültig ab\n",
        "0,425;;44;01.03.2026\n",
    ]


def test_rates_by_second_and_by_increment_are_written_as_the_carrier_writes_them() -> None:
    deck = received(
        None, rows(("44", "UK", 60_000_000), first_rate_nanos=120_000_000, next_increment=6), FIRST
    )
    head = {"Code": "code", "First": "first_rate", "Rate": "rate", "Fee": "connect_fee", "Step": "increments"}
    found = {}
    for unit in ("per_second", "per_increment"):
        options = DeckOptions(headers=head, rate_unit=unit)  # type: ignore[arg-type]
        found[unit] = list(csv_lines(deck, of_template(options), options))[1]
    assert found == {"per_second": "44,0.002,0.001,0,60/6\n", "per_increment": "44,0.12,0.006,0,60/6\n"}


def test_a_carrier_s_own_columns_grow_only_by_what_its_files_do_not_leave_to_the_agreement() -> None:
    options = DeckOptions(headers={"Prefix": "code", "Price": "rate"})
    per_second = received(None, rows(("44", "UK", 4_000_000), initial_increment=1), FIRST)
    assert next(csv_lines(per_second, of_template(options), options)) == "Prefix,Price\n"
    odd = received(
        None, rows(("44", "UK", 4_000_000), connect_fee_nanos=10_000_000, free_seconds=5, status=1), FIRST
    )
    assert next(csv_lines(odd, of_template(options), options)) == (
        "Prefix,Price,Connection fee,Initial increment,Free seconds,Status\n"
    )


def test_a_heading_or_a_group_is_never_a_formula_and_a_closed_code_has_no_rate() -> None:
    deck = received(None, rows(("44", "UK", 4_000_000), origin="=Group"), FIRST)
    place = deck.schema.get_field_index("status")
    deck = deck.set_column(place, TIMELINE.field(place), pa.array([2], pa.int8()))
    [head, line] = csv_lines(
        deck, (("=Code", "code"), ("Rate", "rate"), ("Origin", "origin"), ("State", "status"))
    )
    assert head.startswith("'=Code,")
    assert line.startswith("44,,'=Group,closed,")
