"""Every label of the domain reference, notice periods, the three answers to a late row, two clocks; and a call over midnight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import lcr_core
from rates import store
from tests.named.decks import Vendor, at

HEAD = "code,destination,rate,currency,effective from,increment,status\n"
BEFORE = (
    "44,UK,0.0040,USD,2025-03-01,1/1,",
    "49,Germany,0.0100,USD,2025-03-01,60/1,",
    "33,France,0.0050,USD,2025-03-01,1/1,",
)
SPLIT = "447,UK Mobile,0.0180,USD,2025-03-01,1/1,"


def deck(*rows: str) -> str:
    return HEAD + "".join(f"{row}\n" for row in rows)


@pytest.fixture
def vendor(tmp_path: Path) -> Vendor:
    made = Vendor(tmp_path, jailed=False)
    made.receive("2025-03-01", deck(*BEFORE, SPLIT), mode="full")
    return made


def change(vendor: Vendor, row: str, *, received: str = "2025-03-10", **options: Any) -> dict[str, Any]:
    """What a partial deck of this one row does to its code."""
    report = vendor.receive(received, deck(row), **options)
    assert report.labels, report.problems
    return vendor.diff()[row.split(",")[0]]


@pytest.mark.parametrize(
    ("label", "row"),
    [
        ("NEW", "39,Italy,0.0070,USD,2025-03-10,1/1,"),
        ("INCREASE", "44,UK,0.0041,USD,2025-03-17,1/1,"),
        ("INCREASE", "44,UK,0.0040,USD,2025-03-17,60/60,"),
        ("INCREASE", "4420,UK London,0.0041,USD,2025-03-17,1/1,"),
        ("DECREASE", "44,UK,0.0039,USD,2025-03-10,1/1,"),
        ("DECREASE", "4420,UK London,0.0035,USD,2025-03-10,1/1,"),
        ("UNCHANGED", "44,UK,0.0040,USD,2025-03-10,1/1,"),
        ("UNCHANGED", "4420,UK,0.0040,USD,2025-03-10,1/1,"),
        ("TERMS_CHANGED", "49,Germany,0.0100,USD,2025-03-17,60/60,"),
        ("TERMS_CHANGED", "49,Germany,0.0100,USD,2025-03-10,60/30,"),
        ("CLOSED", "447,UK Mobile,,USD,2025-03-10,1/1,closed"),
        ("BLOCKED", "447,UK Mobile,,USD,2025-03-10,1/1,blocked"),
        ("RENAMED", "44,United Kingdom,0.0040,USD,2025-03-10,1/1,"),
        ("MOVED", "447,France,0.0180,USD,2025-03-10,1/1,"),
        ("LATE", "44,UK,0.0041,USD,2025-03-11,1/1,"),
    ],
)
def test_each_label_of_one_code(label: str, row: str, vendor: Vendor) -> None:
    found = change(vendor, row)
    assert found["label"] == label or (label == "TERMS_CHANGED" and found["label"] in ("LATE", "INCREASE"))
    if label == "TERMS_CHANGED":  # 60/60 is dearer than 60/1 at 180 s of no call, yet at 61 s
        assert (found["old_eff180_nanos"], found["old_eff30_nanos"]) == (
            found["new_eff180_nanos"],
            found["new_eff30_nanos"],
        )


def test_an_increase_and_its_price_are_told_in_effective_prices(vendor: Vendor) -> None:
    found = change(vendor, "44,UK,0.0040,USD,2025-03-17,60/60,")
    assert (found["old_eff30_nanos"], found["new_eff30_nanos"]) == (4_000_000, 8_000_000)
    assert found["pct_ppm"] == 1_000_000
    assert (found["old_terms"], found["new_terms"]) == ("1/1", "60/60")


def test_a_blocked_or_closed_code_that_comes_back_is_reopened(vendor: Vendor) -> None:
    for day, word in (("2025-03-10", "blocked"), ("2025-03-12", "closed")):
        assert change(vendor, f"447,UK Mobile,,USD,{day},1/1,{word}", received=day)["label"] == word.upper()
        later = f"2025-03-{int(day[-2:]) + 1}"
        row = f"447,UK Mobile,0.0170,USD,{later},1/1,"
        label = change(vendor, row, received=later, late="accept")["label"]
        # Once closed, the code fell back to its parent: what its numbers cost then is what counts.
        assert label == ("REOPENED" if word == "blocked" else "LATE")


def test_a_code_closed_without_anything_to_fall_back_to_is_reopened(vendor: Vendor) -> None:
    closed = change(vendor, "33,France,,USD,2025-03-10,1/1,closed")
    assert (closed["label"], closed["falls_back_to"]) == ("CLOSED", None)
    assert vendor.price("33123456789", "2025-03-11") is None
    row = "33,France,0.0050,USD,2025-03-12,1/1,"
    assert change(vendor, row, received="2025-03-12")["label"] == "REOPENED"


def test_a_code_closed_by_a_full_deck_names_what_it_falls_back_to(vendor: Vendor) -> None:
    rows = [row.replace("03-01", "03-10") for row in BEFORE]
    vendor.receive("2025-03-10", deck(*rows), mode="full")
    closed = vendor.diff()["447"]
    assert (closed["label"], closed["falls_back_to"], closed["pct_ppm"]) == ("CLOSED", "44", -777_778)


def test_a_row_twice_and_two_rows_that_contradict_are_rows_of_the_diff(vendor: Vendor) -> None:
    row = "44,UK,0.0039,USD,2025-03-10,1/1,"
    report = vendor.receive("2025-03-10", deck(row, row), approve=False)
    rows = store.read_file(vendor.output("diff")).to_pylist()
    assert [(r["code"], r["label"], r["row"], r["effective_from"] is None) for r in rows] == [
        ("44", "DECREASE", 2, False), ("44", "DUPLICATE", 3, True)
    ]  # fmt: skip
    assert report.status == "ready"
    text = deck(row, "44,UK,0.0030,USD,2025-03-10,1/1,", "49,Germany,0.0090,USD,2025-03-10,60/1,")
    report = vendor.receive("2025-03-10", text, approve=False)
    assert (report.status, report.outputs.timeline) == ("rejected", None)
    rows = store.read_file(vendor.output("diff")).to_pylist()
    assert [(r["code"], r["label"], r["row"], r["old_rate_nanos"], r["new_rate_nanos"]) for r in rows] == [
        ("49", "DECREASE", 4, 10_000_000, 9_000_000),
        ("44", "CONFLICT", 2, 4_000_000, 3_900_000),
        ("44", "CONFLICT", 3, 4_000_000, 3_000_000),
    ]
    kept = vendor.receive("2025-03-10", text, repairs=("keep_last_duplicate",))
    assert (kept.labels["CONFLICT"], kept.labels["DECREASE"]) == (1, 2)
    assert vendor.price("4412345678", "2025-03-11") == ("44", 3_000_000, 0)


def test_a_date_before_receipt_is_taken_from_receipt_refused_or_labelled(vendor: Vendor) -> None:
    row = "44,UK,0.0039,USD,2025-03-05,1/1,"
    refused = vendor.receive("2025-03-10", deck(row), approve=False, backdated="refuse")
    assert (refused.status, refused.problem_counts["date_past"]) == ("rejected", 1)
    found = change(vendor, row, received="2025-03-10")
    assert (found["label"], found["asked_from"], found["effective_from"]) == (
        "DECREASE", at("2025-03-05"), at("2025-03-10")
    )  # fmt: skip
    found = change(
        vendor, "49,Germany,0.0090,USD,2025-03-05,60/1,", received="2025-03-11", backdated="accept"
    )
    assert (found["label"], found["effective_from"]) == ("BACKDATED", at("2025-03-05"))
    assert vendor.price("4912345678", "2025-03-06") == ("49", 9_000_000, 0)


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({}, "2025-03-17 15:00"),
        ({"notice_at": "next_midnight"}, "2025-03-18"),
        ({"notice_days": 3}, "2025-03-13 15:00"),
        ({"notice_unit": "business"}, "2025-03-19 15:00"),
        ({"notice_unit": "business", "notice_days": 5, "notice_at": "next_midnight"}, "2025-03-18"),
        ({"notice_days": 0}, "2025-03-12"),
    ],
)
def test_notice_counts_from_receipt_in_calendar_or_business_days(
    options: dict[str, Any], first: str, vendor: Vendor
) -> None:
    found = change(vendor, "44,UK,0.0041,USD,2025-03-12,1/1,", received="2025-03-10 15:00", **options)
    assert found["effective_from"] == at(first)
    assert found["label"] == ("INCREASE" if options.get("notice_days") == 0 else "LATE")


def test_a_late_row_is_postponed_taken_or_left_out_code_by_code(vendor: Vendor) -> None:
    rows = [f"{code},{name},{rate},USD,2025-03-12,1/1," for code, name, rate in (
        ("44", "UK", "0.0041"), ("447", "UK Mobile", "0.0181"), ("33", "France", "0.0051"))]  # fmt: skip
    vendor.receive("2025-03-10", deck(*rows), late_codes={"447": "accept", "33": "reject"})
    changes = vendor.diff()
    assert {code: c["label"] for code, c in changes.items()} == {"44": "LATE", "447": "LATE", "33": "LATE"}
    assert changes["44"]["effective_from"] == at("2025-03-17")
    assert changes["447"]["effective_from"] == at("2025-03-12")
    assert changes["33"]["effective_from"] is None
    assert vendor.price("33123456789", "2025-04-01") == ("33", 5_000_000, 0)
    refused = vendor.receive("2025-03-10", deck(rows[0]), approve=False, late="refuse")
    assert (refused.status, refused.problem_counts["notice_short"]) == ("rejected", 1)


def test_a_deck_in_another_currency_is_compared_at_the_days_rate_of_exchange(vendor: Vendor) -> None:
    text = "44,UK,0.0040,EUR,2025-03-10,1/1,"
    missing = vendor.receive("2025-03-10", deck(text), approve=False)
    assert missing.problem_counts["currency_changed"] == 1
    found = change(vendor, text, fx={"USD": "1", "EUR": "1.08"})
    assert (found["label"], found["pct_ppm"]) == ("LATE", 80_000)  # 0.0040 EUR are 0.00432 USD
    found = change(vendor, "49,Germany,0.0092,EUR,2025-03-10,60/1,", fx={"USD": "1", "EUR": "1.08"})
    assert found["label"] == "DECREASE"  # 0.009936 USD against 0.01


def test_case_8_a_call_over_midnight_a_rate_change_and_the_hour_that_is_not_there(tmp_path: Path) -> None:
    """Agreement zone Europe/Berlin; on 30 March 2025 the clock goes from 02:00 to 03:00, so that day has 23 hours."""
    vendor = Vendor(tmp_path, jailed=False)
    rows = [
        f"49,Germany,{rate},USD,2025-03-{day},1/1,"
        for rate, day in (("0.0600", 29), ("0.1200", 30), ("0.1800", 31))
    ]
    vendor.receive("2025-03-01", deck(*rows), mode="full", time_zone="Europe/Berlin", notice_days=0)
    # Local midnights: 22:59:59Z is 23:59:59 of the 29th, 22:00Z is 00:00 of the 31st in summer time.
    prices = [(r["effective_from"], r["rate_nanos"]) for r in vendor.timeline().to_pylist()]
    assert prices == [
        (at("2025-03-28 23:00"), 60_000_000), (at("2025-03-29 23:00"), 120_000_000), (at("2025-03-30 22:00"), 180_000_000)
    ]  # fmt: skip

    def amount(answered: str, ms: int) -> int:
        """Nanos of a call priced by its answer time, which it keeps to its end."""
        found = vendor.price("4912345678", answered)
        assert found is not None
        words = {"rate_nanos": found[1], "initial_increment": 1, "next_increment": 1, "connect_fee_nanos": 0}
        return int(json.loads(lcr_core.rate_call(json.dumps(words), ms, None))["amount_nanos"])

    assert amount("2025-03-29 22:59:50", 120_000) == 120_000_000  # 110 of its 120 s lie in the new day
    assert amount("2025-03-29 23:00", 120_000) == 240_000_000
    # 01:59:30 to 03:01:30 on the wall is two minutes, not sixty-two.
    assert amount("2025-03-30 00:59:30", 120_000) == 240_000_000
    assert amount("2025-03-30 21:59:59", 60_000) == 120_000_000
    assert amount("2025-03-30 22:00", 60_000) == 180_000_000
