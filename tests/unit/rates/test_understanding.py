"""What a file is taken for: kinds of sheets, columns with their confidence and reason, codes that come from elsewhere."""

# ruff: noqa: E501 - headings stand beside their fields

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from rates import store
from rates.deckcheck import CheckReport, Column
from rates.options import Defaults
from rates.parse.names import name_key
from rates.parse.words import _ENDS, closes
from rates.read import coded
from rates.read.headers import layer_of, score_header, unit_in
from rates.rules import OriginGroup, Surcharge, origin_rules
from tests.decks.checking import RECEIVED, check_here, ids
from tests.decks.corpus.writers import WORKBOOKS, text_bytes, xlsx_bytes
from tests.unit.rates.test_layers import deck


def check(tmp_path: Path, content: bytes, name: str = "deck.csv", **options: Any) -> CheckReport:
    path = tmp_path / name
    path.write_bytes(content)
    return check_here(path, tmp_path / "out", **options)


def columns(report: CheckReport) -> dict[str, Column]:
    assert report.guess is not None
    return {column.header: column for column in report.guess.columns}


def test_every_column_says_how_sure_its_field_is_and_why(tmp_path: Path) -> None:
    text = b"Dial Code,Destintion,Rate in USD,Foo,Remarks\n44,UK,0.1,0.5,x\n33,FR,0.2,0.6,y\n"
    found = columns(check(tmp_path, text))
    assert (found["Dial Code"].field, found["Dial Code"].confidence, found["Dial Code"].reason) == (
        "code",
        100,
        "known heading",
    )
    assert found["Destintion"].reason.startswith("heading is like")
    assert (found["Rate in USD"].field, found["Rate in USD"].confidence) == ("rate", 95)
    assert (found["Foo"].field, found["Foo"].reason) == (None, "column C is surer to be this field")
    assert found["Remarks"].field == "comment"


def test_a_file_without_header_proposes_a_field_for_each_column(tmp_path: Path) -> None:
    report = check(tmp_path, b"355,Albania,0.066,22/02/2031,USD\n35538,Albania Tirana,0.067,22/02/2031,USD\n")
    assert report.guess is not None
    assert [column.field for column in report.guess.columns] == [
        "code",
        "destination",
        "rate",
        "effective_from",
        "currency",
    ]
    assert all(75 <= column.confidence < 90 and column.reason for column in report.guess.columns)


@pytest.mark.parametrize(
    ("heading", "field"),
    [("Rate (EEA)", "rate:EEA"), ("EEA", "rate:EEA"), ("Price from UK", "rate:UK"), ("Rate Rest of World", "rate:Rest Of World"),
     ("Invalid CLI rate", "rate:Invalid Cli"), ("Zone 2", "rate:Zone 2"), ("Interstate Rate", "rate_interstate"),
     ("Rate (Intrastate)", "rate_intrastate"), ("IJ", "rate_indeterminate"), ("Rate", None), ("Destination", None), ("Origin", None)],
)  # fmt: skip
def test_a_heading_may_name_whose_calls_its_prices_are_for(heading: str, field: str | None) -> None:
    assert layer_of(heading) == field


@pytest.mark.parametrize(
    ("heading", "unit"),
    [("Rate/min", None), ("Rate per second", "per_second"), ("Preis pro Sekunde", "per_second"), ("$ / 6 sec", "per_increment"),
     ("Rate per 6 seconds", "per_increment")],
)  # fmt: skip
def test_a_heading_may_name_the_unit_of_its_prices(heading: str, unit: str | None) -> None:
    assert unit_in(heading) == unit


@pytest.mark.parametrize(
    ("heading", "field"),
    [("PREFIJO", "code"), ("Indicatif pays", "country_code"), ("Zielland", "destination"), ("Minutenpreis", "rate"), ("Prix (EUR/min)", "rate"),
     ("Válido desde", "effective_from"), ("Entrée en vigueur", "effective_from"), ("Gültig bis", "effective_until"), ("Taktung", "increments"),
     ("Scatto alla risposta", "connect_fee"), ("Moeda", "currency"), ("Situação", "status"), ("Durée minimum", "initial_increment")],
)  # fmt: skip
def test_headings_are_known_in_five_languages(heading: str, field: str) -> None:
    assert score_header(heading)[0].field == field


def test_sheets_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    sheets = {
        "Welcome": [["Dear partner"], ["see the other sheets"]],
        "Price list": [("Destination", "Rate"), ("UK", "0.1"), ("France", "0.1")],
        "Dial plan": [("Destination", "Dial codes"), ("UK", "44"), ("France", "33")],
        "Origins": [("Origin", "Country"), ("EEA", "Austria"), ("", "Germany")],
        "Recent changes": [("Destination", "Rate"), ("UK", "0.1")],
    }
    report = check(tmp_path, WORKBOOKS["xlsx"](sheets), "deck.xlsx")
    assert report.guess is not None
    assert {table.name: table.kind.value for table in report.guess.tables} == {
        "Welcome": "ignore", "Price list": "rates", "Dial plan": "codes", "Origins": "origins", "Recent changes": "ignore",
    }  # fmt: skip
    assert ids(report) == {"sheets_unsure": 1}


def test_every_sheet_may_have_a_mapping_of_its_own(tmp_path: Path) -> None:
    sheets = {"A": [("x", "y", "z"), ("44", "UK", "0.1")], "B": [("ignored",), ("0.2", "33", "France")]}
    tables = {
        "A": {"mapping": {0: "code", 1: "destination", 2: "rate"}, "header_row": 1},
        "B": {"mapping": {0: "rate", 1: "code", 2: "destination"}, "header_row": 1},
    }
    from rates.options import options_from_dict

    stated = options_from_dict({"tables": tables}).tables
    report = check(tmp_path, xlsx_bytes(sheets), "deck.xlsx", tables=stated)
    assert report.status == "ready"
    assert [
        (r["sheet"], r["row"], r["code"], r["rate_nanos"])
        for r in store.read_file(str(report.outputs.rows)).to_pylist()
    ] == [
        ("A", 2, "44", 100_000_000),
        ("B", 2, "33", 200_000_000),
    ]


NAMES_ONLY = b"Destination,Rate\nGERMANY - MOB,0.02\n"


def test_codes_come_from_the_deck_in_force_or_from_our_own_when_a_person_says_so(tmp_path: Path) -> None:
    from rates.notice import Terms
    from rates.parse.dates import micros
    from rates.timeline import apply

    at = micros(RECEIVED)
    known = deck(("4915", None, None, 1), ("4916", None, None, 1))
    known = known.set_column(3, "destination", pa.array(["Germany Mobile"] * 2))
    current = apply(None, known, Terms(received_us=at, deck_from_us=at, deck_id=1))
    store.write_file(current, tmp_path / "current.arrow")
    asked = check(tmp_path, NAMES_ONLY, current=str(tmp_path / "current.arrow"))
    assert ids(asked, "error") == {"column_missing": 1}
    assert "deck in force" in asked.problems[0].hint
    told = check(tmp_path, NAMES_ONLY, current=str(tmp_path / "current.arrow"), codes_from="deck_in_force")
    assert told.status == "ready"
    assert store.read_file(str(told.outputs.rows))["code"].to_pylist() == ["4915", "4916"]


def test_names_of_destinations_match_as_people_mean_them() -> None:
    assert name_key("ALBANIA - Mob.") == name_key("Albania  mobile")
    assert name_key("São Tomé & Príncipe") == name_key("Sao Tome and Principe")
    assert name_key("UK Mobile O2") != name_key("UK Mobile")


def test_origin_lists_may_stand_in_columns_and_may_name_countries(tmp_path: Path) -> None:
    sheets = {
        "Rates": [("Code", "Destination", "Rate", "Rate EEA"), ("49", "Germany", "0.1", "0.01")],
        "A numbers": [("EEA", "GCC"), ("33", "971"), ("34-36", "966")],
        "Extra": [("Origin", "Surcharge per minute"), ("GCC", "0.05"), ("Unknown CLI", "0.2")],
    }
    kinds = {
        "Rates": {"mapping": {0: "code", 1: "destination", 2: "rate", 3: "rate:EEA"}},
        "A numbers": {"kind": "origins"},
        "Extra": {"kind": "surcharges"},
    }
    from rates.options import options_from_dict

    report = check(
        tmp_path, xlsx_bytes(sheets), "deck.xlsx", tables=options_from_dict({"tables": kinds}).tables
    )
    assert report.status == "ready", report.problems
    rules = origin_rules(store.read_file(str(report.outputs.timeline)))
    assert rules is not None
    assert rules.groups == (
        OriginGroup(name="EEA", prefixes=("33", "34", "35", "36")),
        OriginGroup(name="GCC", prefixes=("971", "966")),
        OriginGroup(name="Unknown CLI"),
    )
    assert rules.invalid_group == "Unknown CLI"
    assert rules.surcharges == (
        Surcharge(group="GCC", nanos=50_000_000),
        Surcharge(group="Unknown CLI", nanos=200_000_000),
    )


def test_a_state_column_is_no_status(tmp_path: Path) -> None:
    report = check(
        tmp_path,
        text_bytes([("NPANXX", "State", "Rate"), ("212555", "NY", "0.1")]),
        defaults=Defaults(currency="USD", effective_from="receipt"),
    )
    assert report.status == "ready"
    assert columns(report)["State"].reason == "cells are no words of a status"


def test_one_remark_that_closes_is_found_among_many_whatever_its_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coded, "MANY_REMARKS", 3)
    many = [f"good quality {number}" for number in range(5)]
    assert coded.remarks_count(pd.Series(many)) is None
    for word in sorted(_ENDS):
        assert closes(word.upper())
        found = coded.remarks_count(pd.Series([*many, word]))
        assert found == ("remark", 80, "some remarks close or block a code"), word
