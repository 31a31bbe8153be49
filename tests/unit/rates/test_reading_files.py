"""Files as carriers send them: encodings, delimiters, preambles, workbooks, archives."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt

from rates import store
from rates.deckcheck import CheckReport
from rates.options import Defaults
from tests.decks.checking import check_here, ids

TABLE = (("Code", "Destination", "Rate"), ("44", "Großbritannien", "0.01"), ("33", "Réunion", "0.02"))


def text_of(rows: Any = TABLE, delimiter: str = ",") -> str:
    return "".join(delimiter.join(row) + "\n" for row in rows)


def check_bytes(folder: Path, content: bytes, name: str = "deck.csv", **options: Any) -> CheckReport:
    path = folder / name
    path.write_bytes(content)
    return check_here(path, folder / "out", **options)


def names(report: CheckReport) -> list[tuple[str, str, int]]:
    assert report.status == "ready", report.problems
    rows = store.read_file(report.outputs.rows).to_pylist()  # type: ignore[arg-type]
    return [(row["code"], row["destination"], row["rate_nanos"]) for row in rows]


WANTED = [("44", "Großbritannien", 10_000_000), ("33", "Réunion", 20_000_000)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_found_by_itself(encoding: str, tmp_path: Path) -> None:
    assert names(check_bytes(tmp_path, text_of().encode(encoding))) == WANTED


def test_a_stated_encoding_wins(tmp_path: Path) -> None:
    report = check_bytes(tmp_path, text_of().encode("cp1252"), encoding="cp1252")
    assert names(report) == WANTED
    wrong = check_bytes(tmp_path, text_of().encode("cp1252"), encoding="utf-8")
    assert (wrong.status, set(ids(wrong))) == ("needs_mapping", {"encoding_error"})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~"])
def test_the_delimiter_is_found_and_shown(delimiter: str, tmp_path: Path) -> None:
    report = check_bytes(tmp_path, text_of(delimiter=delimiter).encode())
    assert names(report) == WANTED
    assert report.guess is not None
    assert report.guess.delimiter.value == delimiter


def test_the_header_is_found_below_a_preamble_and_row_numbers_count_from_the_top(tmp_path: Path) -> None:
    text = (
        "ACME Carrier Ltd\n\nValid for,premium,route\nContact,noc@example.com\n"
        + text_of()
        + "99x,Nowhere,0.1\n"
    )
    report = check_bytes(tmp_path, text.encode())
    assert report.guess is not None
    assert report.guess.header_row.value == "5"
    assert [(g.id, g.examples[0].row, g.examples[0].text) for g in report.problems] == [
        ("bad_code", 8, "99x")
    ]


def test_an_xlsx_keeps_codes_dates_and_rates_exact(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "deck.xlsx"))
    book.add_worksheet("Cover").write(0, 0, "read me")
    sheet = book.add_worksheet("Rates")
    date = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(2, 1, ("Code", "Destination", "Rate", "Effective date"))
    sheet.write_row(3, 1, (447700900123, "Far", 0.1 + 0.2))
    sheet.write_datetime(3, 4, dt.datetime(2026, 12, 3), date)
    sheet.write_row(4, 1, ("44", "UK", 0.0123, 46359))
    book.close()
    report = check_here(tmp_path / "deck.xlsx", tmp_path / "out", defaults=Defaults(currency="EUR"))
    assert names(report) == [("447700900123", "Far", 300_000_000), ("44", "UK", 12_300_000)]
    rows = store.read_file(report.outputs.rows).to_pylist()  # type: ignore[arg-type]
    assert [(r["row"], r["effective_from"].date()) for r in rows] == [
        (4, dt.date(2026, 12, 3)),
        (5, dt.date(2026, 12, 3)),
    ]


def test_a_formula_without_a_stored_value_is_named_by_its_cell(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "deck.xlsx"))
    sheet = book.add_worksheet("Rates")
    for number, row in enumerate(TABLE):
        sheet.write_row(number, 0, row)
    sheet.write_formula("C3", "=C2*2", None, "")
    book.close()
    report = check_here(tmp_path / "deck.xlsx", tmp_path / "out")
    assert report.status == "rejected"
    [found] = [g.examples[0] for g in report.problems if g.id == "formula_cell"]
    assert (found.row, found.column) == (3, "C")


def test_a_formula_is_reported_on_its_own_sheet_only(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "deck.xlsx"))
    for name in ("Notes & sums", "Rates"):
        sheet = book.add_worksheet(name)
        for number, row in enumerate(TABLE):
            sheet.write_row(number, 0, row)
        if name != "Rates":
            sheet.write_formula("C3", "=C2*2", None, "")
    book.close()
    report = check_here(tmp_path / "deck.xlsx", tmp_path / "out", sheets=("Rates",))
    assert names(report) == WANTED
    wrong = check_here(tmp_path / "deck.xlsx", tmp_path / "out", sheets=("Notes & sums",))
    assert ids(wrong)["formula_cell"] == 1


def test_an_old_xls_is_read(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Rates")
    for number, row in enumerate(TABLE):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
    book.save(str(tmp_path / "deck.xls"))
    assert names(check_here(tmp_path / "deck.xls", tmp_path / "out")) == WANTED


def test_an_archive_lists_its_decks_as_sheets_and_several_make_one_deck(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "deck.zip", "w") as archive:
        archive.writestr("a.csv", text_of(TABLE[:2]))
        archive.writestr("b.csv", text_of((TABLE[0], TABLE[2])))
        archive.writestr("notes.pdf", "x")
    report = check_here(tmp_path / "deck.zip", tmp_path / "out", sheets=("a.csv", "b.csv"))
    assert names(report) == WANTED
    assert report.guess is not None
    assert report.guess.sheets == ("a.csv", "b.csv")


def test_peak_and_off_peak_that_differ_wait_for_a_choice(tmp_path: Path) -> None:
    text = "Code,Destination,Peak,Off-Peak\n44,UK,0.01,0.02\n33,France,0.02,0.02\n"
    report = check_bytes(tmp_path, text.encode())
    assert ids(report, "error") == {"rates_differ": 1}
    chosen = check_bytes(tmp_path, text.encode(), repairs=("use_highest_rate",))
    assert [rate for _, _, rate in names(chosen)] == [20_000_000, 20_000_000]


def test_rates_per_second_and_per_increment_become_rates_per_minute(tmp_path: Path) -> None:
    text = "Code,Destination,Rate,Billing increment\n1,USA,0.001,6/6\n"
    assert names(check_bytes(tmp_path, text.encode(), rate_unit="per_second"))[0][2] == 60_000_000
    assert names(check_bytes(tmp_path, text.encode(), rate_unit="per_increment"))[0][2] == 10_000_000


def test_two_currencies_in_one_deck_are_refused_row_by_row(tmp_path: Path) -> None:
    text = "Code,Destination,Rate,Currency\n1,USA,0.1,USD\n44,UK,0.1,GBP\n33,France,0.1,USD\n49,Germany,0.1,XXQ\n"
    report = check_bytes(tmp_path, text.encode())
    assert ids(report, "error") == {"currency_mixed": 1, "currency_unknown": 1}


def test_dates_that_read_both_ways_are_asked_once_for_the_file(tmp_path: Path) -> None:
    text = "Code,Destination,Rate,Effective date\n1,USA,0.1,03/04/2027\n44,UK,0.1,05/06/2027\n"
    report = check_bytes(tmp_path, text.encode())
    assert (report.status, ids(report)) == ("needs_mapping", {"date_ambiguous": 1})
    told = check_bytes(tmp_path, text.encode(), date_order="dmy")
    assert told.effective_first == "2027-04-03T00:00:00+00:00"


def test_a_carrier_template_maps_the_next_file(tmp_path: Path) -> None:
    text = "Breakout thing,Vendor word,Zahl\n44,UK,0.1\n"
    template = {"Breakout thing": "code", "Vendor word": "destination", "zahl": "rate"}
    assert names(check_bytes(tmp_path, text.encode(), header_row=1, headers=template)) == [
        ("44", "UK", 100_000_000)
    ]
