"""Each sanity check by its name: what it finds, from which threshold on, and that it warns, blocks or keeps still as told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from rates import store
from rates.check import check
from rates.deckcheck import CheckReport
from rates.options import SellCard
from rates.thresholds import SANITY_CHECKS, Thresholds
from tests.decks.checking import ids, request_for

HEAD = "Code,Destination,Rate,Increments\n"
COUNTRIES = [code for code in COUNTRY_CODE_TO_REGION_CODE if 1 < code < 800 and code != 39]


def run(
    folder: Path, text: str, *, before: str | None = None, limits: Thresholds | None = None, **options: Any
) -> CheckReport:
    """Check a deck against the one `before`."""
    cards = options.pop("cards", ())
    if price := options.pop("sold", None):
        cards = (card(folder, "Bigbuy", ("44", "UK", price)),)
    current = None if before is None else run(folder, before).outputs.timeline
    number = len(list(folder.iterdir()))
    path = folder / f"deck{number}.csv"
    path.write_text(text, encoding="utf-8")
    options.setdefault("notice_days", 0)
    request = request_for(path, folder / f"out{number}", current=current, **options)
    request = msgspec.structs.replace(request, thresholds=limits or Thresholds(), cards=cards)
    return check(request, lambda step, done, total: None)


def card(folder: Path, name: str, *cells: tuple[str, str, str]) -> SellCard:
    """A rate card in force that sells these codes."""
    sold = run(folder, rows(*cells)).outputs.timeline
    assert sold is not None
    return SellCard(name=name, path=sold)


def rows(*cells: tuple[str, str, str]) -> str:
    return HEAD + "".join(f"{code},{name},{rate},1/1\n" for code, name, rate in cells)


def found(report: CheckReport, check: str) -> tuple[int, str | None]:
    """(how often, as what) a check has spoken."""
    for group in report.problems:
        if group.id == check:
            return group.count, group.severity
    return 0, None


def long_sheet(last_row: int) -> str:
    return HEAD + "".join(f"{440_000_000 + n},UK,0.01,1/1\n" for n in range(last_row - 1))


WORLD = sorted(f"{country}{area}" for country in COUNTRIES for area in (1, 2))
OLD = rows(
    *((f"44{n}", "UK", "0.010") for n in range(10, 40)),
    *((f"49{n}", "Germany", "0.020") for n in range(10, 40)),
)

CASES: dict[str, tuple[str | None, str, dict[str, Any]]] = {
    "truncated_rows": (None, long_sheet(65_536), {}),
    "truncated_area": (OLD, "".join(OLD.splitlines(keepends=True)[:51]), {}),
    "rate_like_code": (None, rows(("44", "UK", "44"), ("33", "France", "33"), ("49", "Germany", "0.01")), {}),
    "price_leap": (OLD, OLD.replace("4410,UK,0.010", "4410,UK,0.067"), {}),
    "decimal_slip": (OLD, OLD.replace("4410,UK,0.010", "4410,UK,0.100"), {}),
    "unknown_country": (None, rows(("2101", "Nowhere", "0.01")), {}),
    "closes_many": (OLD, "".join(OLD.splitlines(keepends=True)[:41]), {}),
    "changes_many": (OLD, OLD.replace("0.020", "0.021"), {}),
    "rate_jump": (OLD, OLD.replace("4410,UK,0.010", "4410,UK,0.110"), {}),
    "currency_mixed": (None, rows(("44", "UK", "$0.01"), ("33", "France", "€0.01")), {}),
    "duplicate_rows": (None, rows(*((f"44{n // 2}", "UK", "0.01") for n in range(20, 60))), {}),
    "overlap": (
        None,
        "Code,Destination,Rate,Effective from,Effective until\n44,UK,0.01,2026-12-01,2026-12-31\n44,UK,0.02,2026-12-15,\n",
        {},
    ),
    "code_conflict": (None, rows(("44", "UK", "0.01"), ("44", "UK", "0.02")), {}),
    "origin_conflict": (
        None,
        "Code,Destination,Rate,Origin\n4475,UK Mobile,0.30,\n447,UK Mobile,0.01,EEA\n44,UK,0.01,EEA\n",
        {"origin_groups": {"EEA": ("33", "49")}},
    ),
    "steep_code": (None, rows(("44", "UK", "0.0040"), ("4470", "UK Personal", "0.3")), {}),
    "margin_trap": (None, rows(("44", "UK", "0.0040"), ("447", "UK Mobile", "0.0060")), {"sold": "0.0050"}),
}  # fmt: skip
PROBLEM = {"code_conflict": "duplicate_code"}


def test_every_check_of_the_settings_page_has_a_case() -> None:
    assert list(CASES) == [check.id for check in SANITY_CHECKS]


@pytest.mark.parametrize("id", [check.id for check in SANITY_CHECKS])
def test_each_check_warns_blocks_or_keeps_still_as_the_carrier_s_threshold_says(
    id: str, tmp_path: Path
) -> None:
    before, text, options = CASES[id]
    problem = PROBLEM.get(id, id)
    for level, severity in (("warn", "warning"), ("block", "error"), ("off", None)):
        if level == "off" and next(check for check in SANITY_CHECKS if check.id == id).fixed:
            continue
        limits = Thresholds(levels={id: level})  # type: ignore[dict-item]
        report = run(tmp_path, text, before=before, limits=limits, **options)
        assert found(report, problem)[1] == severity, (level, report.problems)
        assert (report.status == "rejected") == bool(ids(report, "error"))
        if severity == "error":
            assert report.outputs.timeline is None
            accepted = run(tmp_path, text, before=before, limits=limits, accept_warnings=(id,), **options)
            assert found(accepted, problem)[1] == "warning"
            assert accepted.needs_second_person


def test_an_honest_deck_of_the_world_says_nothing(tmp_path: Path) -> None:
    text = rows(*((code, f"Place {code}", "0.010") for code in [*WORLD, "9981"]))
    assert run(tmp_path, text).problems == ()
    assert run(tmp_path, text, before=text).problems == ()


def test_a_sorted_world_that_ends_before_the_nines_is_cut_off(tmp_path: Path) -> None:
    cut = [code for code in WORLD if code < "8"]
    report = run(tmp_path, rows(*((code, f"Place {code}", "0.010") for code in cut)))
    assert found(report, "truncated_area") == (1, "warning")


@pytest.mark.parametrize(
    ("before", "text", "numbers", "speaks"),
    [
        (OLD, OLD.replace("4410,UK,0.010", "4410,UK,0.031"), {"leap_factor": 3}, "price_leap"),
        (OLD, OLD.replace("4410,UK,0.010", "4410,UK,0.049"), {}, None),
        (OLD, OLD.replace("0.020", "0.021"), {"changes_pct": 60}, None),
        (OLD, "".join(OLD.splitlines(keepends=True)[:41]), {"closes_pct": 40}, "truncated_area"),
        (None, rows(("2101", "Nowhere", "0.01")), {"unknown_rows": 2}, None),
        (None, rows(("44", "UK", "0.0040"), ("4470", "UK", "0.0070")), {}, None),
        (None, rows(("44", "UK", "0.0040"), ("4470", "UK", "0.0070")), {"steep_pct": 50}, "steep_code"),
    ],
)
def test_the_number_of_a_check_says_from_when_it_speaks(
    before: str | None, text: str, numbers: dict[str, int], speaks: str | None, tmp_path: Path
) -> None:
    report = run(tmp_path, text, before=before, limits=Thresholds(**numbers))  # type: ignore[arg-type]
    assert [group.id for group in report.problems] == ([speaks] if speaks else [])


def test_a_decimal_slip_shows_beside_the_other_codes_of_its_destination(tmp_path: Path) -> None:
    text = rows(
        ("441", "UK", "0.012"), ("442", "UK", "0.012"), ("443", "UK", "0.12"), ("33", "France", "0.12")
    )
    report = run(tmp_path, text)
    [group] = [g for g in report.problems if g.id == "decimal_slip"]
    assert [(p.code, p.text) for p in group.examples] == [("443", "0.12 beside others of its name")]


def test_a_sell_code_over_dearer_cost_codes_is_one_trap_naming_the_card_its_rate_and_the_codes(
    tmp_path: Path,
) -> None:
    cards = (card(tmp_path, "Bigbuy", ("44", "UK", "0.0100")),)
    deck = rows(("44", "UK", "0.0090"), ("447", "UK Mobile", "0.0110"), ("4470", "UK Personal", "0.0150"))
    report = run(tmp_path, deck, cards=cards)
    [group] = [g for g in report.problems if g.id == "margin_trap"]
    assert [(p.row, p.code, p.text) for p in group.examples] == [
        (4, "44", "sold at 0.01 (Bigbuy); costs 4470 0.015, 447 0.011")
    ]
    assert "sell rate of their own" in group.hint


def test_the_codes_of_a_trap_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    cards = (card(tmp_path, "Bigbuy", ("44", "UK", "0.0100")),)
    dear = [(f"44{n}", "UK", "0.0150") for n in range(10, 40)]
    [group] = [g for g in run(tmp_path, rows(*dear), cards=cards).problems if g.id == "margin_trap"]
    [only] = group.examples
    assert only.text == "sold at 0.01 (Bigbuy); costs 4410 0.015, 4411 0.015, 4412 0.015 and 27 more"


def test_a_trap_speaks_from_the_carrier_s_own_percentage(tmp_path: Path) -> None:
    cards = (card(tmp_path, "Bigbuy", ("44", "UK", "0.0100")),)
    deck = rows(("447", "UK Mobile", "0.0110"))
    for percent, times in ((0, 1), (9, 1), (10, 0)):
        report = run(tmp_path, deck, cards=cards, limits=Thresholds(trap_pct=percent))
        assert found(report, "margin_trap")[0] == times, percent


def test_codes_the_file_leaves_unchanged_or_cheaper_are_no_new_trap(tmp_path: Path) -> None:
    cards = (card(tmp_path, "Bigbuy", ("44", "UK", "0.0100")),)
    before = rows(("447", "UK Mobile", "0.0300"), ("448", "UK", "0.0300"))
    after = rows(("447", "UK Mobile", "0.0300"), ("448", "UK", "0.0200"))
    assert found(run(tmp_path, after, before=before, cards=cards), "margin_trap")[0] == 0


def test_moves_are_written_out_in_effective_prices(tmp_path: Path) -> None:
    report = run(tmp_path, OLD.replace("4410,UK,0.010", "4410,UK,0.067"), before=OLD)
    table = store.read_file(report.outputs.problems).to_pylist()  # type: ignore[arg-type]
    assert [(p["id"], p["code"], p["text"]) for p in table] == [("price_leap", "4410", "0.01 → 0.067")]
