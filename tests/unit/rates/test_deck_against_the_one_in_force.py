"""Labels, modes, closings and guards: a deck compared with the one before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rates import store
from rates.deckcheck import CheckReport
from rates.options import Defaults
from tests.decks.checking import check_here, ids

HEAD = "code,destination,rate,increments,effective from\n"


def check_text(folder: Path, text: str, current: CheckReport | None = None, **options: Any) -> CheckReport:
    number = len(list(folder.iterdir()))
    path = folder / f"deck{number}.csv"
    path.write_text(HEAD + text, encoding="utf-8")
    options.setdefault("defaults", Defaults(currency="USD"))
    before = current.outputs.timeline if current else None
    return check_here(path, folder / f"out{number}", current=before, **options)


def diff(report: CheckReport) -> dict[str, dict[str, Any]]:
    assert report.status == "ready", report.problems
    rows = store.read_file(report.outputs.diff).to_pylist()  # type: ignore[arg-type]
    return {row["code"]: row for row in rows if row["label"] not in ("DUPLICATE", "CONFLICT")}


def labels(report: CheckReport) -> dict[str, str]:
    return {code: row["label"] for code, row in diff(report).items()}


BASE = (
    "44,UK,0.0040,1/1,2026-11-21\n447,UK Mobile,0.0180,1/1,2026-11-21\n49,Germany,0.0100,1/1,2026-11-21\n"
    "33,France,0.0090,1/1,2026-11-21\n336,France Mobile,0.0200,1/1,2026-11-21\n"
)


@pytest.fixture
def base(tmp_path: Path) -> CheckReport:
    report = check_text(tmp_path, BASE)
    assert set(labels(report).values()) == {"NEW"}
    return report


def test_every_code_gets_the_label_of_what_happens_to_its_price(base: CheckReport, tmp_path: Path) -> None:
    text = (
        "44,United Kingdom,0.0040,1/1,2026-12-15\n447,UK Mobile,0.0190,1/1,2026-12-15\n49,Germany,0.0090,1/1,2026-12-15\n"
        "33,France,0.0090,30/6,2026-12-15\n336,UK Mobile,0.0200,1/1,2026-12-15\n93,Afghanistan,0.2,1/1,2026-12-15\n"
        "4477,UK Mobile,blocked,,2026-12-15\n"
    )
    assert labels(check_text(tmp_path, text, base)) == {
        "44": "RENAMED",
        "447": "INCREASE",
        "49": "DECREASE",
        "33": "TERMS_CHANGED",
        "336": "MOVED",
        "93": "NEW",
        "4477": "BLOCKED",
    }


def test_coarser_increments_at_the_same_rate_are_an_increase_and_need_notice(
    base: CheckReport, tmp_path: Path
) -> None:
    report = check_text(tmp_path, "49,Germany,0.0100,60/60,2026-11-22\n", base, mode="partial")
    row = diff(report)["49"]
    assert (row["label"], row["effective_from"].isoformat()) == ("LATE", "2026-11-28T05:00:00+00:00")
    assert (row["old_eff30_nanos"], row["new_eff30_nanos"], row["pct_ppm"]) == (
        10_000_000,
        20_000_000,
        1_000_000,
    )
    assert ids(report) == {"notice_short": 1}


def test_a_refused_late_increase_stops_the_deck(base: CheckReport, tmp_path: Path) -> None:
    report = check_text(tmp_path, "49,Germany,0.02,1/1,2026-11-22\n", base, mode="partial", late="refuse")
    assert (report.status, ids(report, "error")) == ("rejected", {"notice_short": 1})


def test_a_full_deck_closes_what_it_does_not_name_and_says_what_it_falls_back_to(
    base: CheckReport, tmp_path: Path
) -> None:
    text = "44,UK,0.0040,1/1,2026-12-15\n49,Germany,0.0100,1/1,2026-12-15\n33,France,0.0090,1/1,2026-12-15\n"
    report = check_text(tmp_path, text, base)
    row = diff(report)["447"]
    assert (row["label"], row["falls_back_to"], row["pct_ppm"]) == ("CLOSED", "44", -777_778)
    assert (report.closing, report.closes_at) == (2, "2026-12-15T00:00:00+00:00")
    assert report.needs_second_person
    assert ids(report, "warning")["closes_many"] == 1


def test_the_rule_for_unlisted_codes_decides_what_a_closed_code_becomes(
    base: CheckReport, tmp_path: Path
) -> None:
    text = (
        "44,UK,0.0040,1/1,2026-12-15\n4420,London,0.0300,1/1,2026-12-15\n49,Germany,0.0100,1/1,2026-12-15\n"
    )

    def mobile(rule: str) -> list[tuple[int, int]]:
        report = check_text(tmp_path, text, base, unlisted_rule=rule, mode="full")
        rows = store.read_file(report.outputs.timeline).to_pylist()  # type: ignore[arg-type]
        return [(row["status"], row["rate_nanos"]) for row in rows if row["code"] == "447"]

    assert mobile("parent") == [(0, 18_000_000)]
    assert mobile("block") == [(0, 18_000_000), (2, 18_000_000)]
    assert mobile("highest_in_country") == [(0, 18_000_000), (0, 30_000_000)]


def test_full_per_country_leaves_the_countries_it_does_not_name(base: CheckReport, tmp_path: Path) -> None:
    report = check_text(tmp_path, "44,UK,0.0040,1/1,2026-12-15\n", base, mode="full_per_country")
    assert labels(report) == {"44": "UNCHANGED", "447": "CLOSED"}


def test_a_partial_deck_closes_nothing(base: CheckReport, tmp_path: Path) -> None:
    assert labels(check_text(tmp_path, "44,UK,0.0040,1/1,2026-12-15\n", base, mode="partial")) == {
        "44": "UNCHANGED"
    }


def test_a_deck_sent_again_changes_nothing_at_all(base: CheckReport, tmp_path: Path) -> None:
    again = check_text(tmp_path, BASE, base)
    assert set(labels(again).values()) == {"UNCHANGED"}
    assert store.read_file(again.outputs.timeline).equals(store.read_file(base.outputs.timeline))  # type: ignore[arg-type]


def test_a_rate_times_ten_calls_a_second_person(base: CheckReport, tmp_path: Path) -> None:
    report = check_text(tmp_path, "49,Germany,0.2000,1/1,2026-12-15\n", base, mode="partial")
    assert report.needs_second_person
    assert ids(report)["rate_jump"] == 1


def test_another_currency_needs_an_exchange_rate(base: CheckReport, tmp_path: Path) -> None:
    report = check_text(
        tmp_path, "49,Germany,0.01,1/1,2026-12-15\n", base, mode="partial", defaults=Defaults(currency="EUR")
    )
    assert ids(report, "error") == {"currency_changed": 1}


def test_the_mode_must_be_stated(tmp_path: Path) -> None:
    report = check_text(tmp_path, BASE, mode=None)
    assert (report.status, ids(report)) == ("needs_mapping", {"mode_missing": 1})


def test_the_same_code_twice_is_dropped_when_equal_and_an_error_when_not(tmp_path: Path) -> None:
    same = check_text(tmp_path, "44,UK,0.1,1/1,2026-12-15\n44,UK,0.1,1/1,2026-12-15\n")
    assert (same.status, ids(same), same.labels["DUPLICATE"]) == ("ready", {"duplicate_code": 1}, 1)
    text = "44,UK,0.1,1/1,2026-12-15\n44,UK,0.2,1/1,2026-12-15\n"
    assert ids(check_text(tmp_path, text), "error") == {"duplicate_code": 2}
    kept = check_text(tmp_path, text, repairs=("keep_last_duplicate",))
    assert diff(kept)["44"]["new_rate_nanos"] == 200_000_000


def test_every_skipped_row_is_reported_and_trailing_blank_rows_are_harmless(tmp_path: Path) -> None:
    report = check_text(tmp_path, "44,UK,0.1,1/1,2026-12-15\n,Europe,,,\n,,,,\n\n\n")
    assert (report.status, report.codes, ids(report)) == ("ready", 1, {"text_row": 1})
    assert report.problems[0].examples[0].row == 3


def test_current_and_future_rows_of_one_code_follow_each_other(base: CheckReport, tmp_path: Path) -> None:
    text = "49,Germany,0.0100,1/1,2026-11-21\n49,Germany,0.0300,1/1,2026-12-15\n"
    report = check_text(tmp_path, text, base, mode="partial")
    rows = [r for r in store.read_file(report.outputs.timeline).to_pylist() if r["code"] == "49"]  # type: ignore[arg-type]
    assert [
        (r["rate_nanos"], r["effective_from"].day, r["effective_until"] and r["effective_until"].day)
        for r in rows
    ][-2:] == [(10_000_000, 21, 15), (30_000_000, 15, None)]
