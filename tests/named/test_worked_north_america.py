"""Worked example J of the domain reference, and case 11: jurisdiction by the numbers and by the routing number."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.named.tiny import Desk, Exchange, row

NEW_YORK, PORTED, LRN = "12125550100", "17185550123", "19735550000"


def block(country: str, state: str | None, centre: str | None) -> dict[str, Any]:
    return {"country": country, "state": state, "rate_centre": centre}


BLOCKS = {
    "1212555": block("US", "NY", "NWYRCYZN01"),
    "1718555": block("US", "NY", "NWYRCYZN10"),
    "1646555": block("US", "NY", "NWYRCYZN03"),
    "1914555": block("US", "NY", "WHITEPLNS"),
    "1973555": block("US", "NJ", "NEWARK"),
    "1416555": block("CA", "ON", "TORONTO"),
    "1905555": block("CA", "ON", "HAMILTON"),
    "1876555": block("JM", None, None),
    "1787555": block("US", "PR", "SAN JUAN"),
}
NANP = {"blocks": BLOCKS, "pairs": {frozenset([("NY", "NWYRCYZN01"), ("NY", "NWYRCYZN03")])}}


def deck(*codes: str, without: tuple[str, ...] = ("local",)) -> list[dict[str, Any]]:
    prices = {"interstate": "0.0020", "intrastate": "0.0150", "indeterminate": "0.0180", "local": "0.0005"}
    return [row(c, p, jurisdiction=j) for c in codes for j, p in prices.items() if j not in without]


def market(decks: dict[str, list[dict[str, Any]]], root: Path, fallback: str = "max") -> Desk:
    rules = {name: {"jurisdiction": {"ij_fallback": fallback}} for name in decks}
    return Exchange(decks, rules=rules, nanp=NANP, offers={"L": {"lrn_rated": True}}).publish(root)


def test_j_a_ported_number_is_interstate_by_its_lrn_and_intrastate_as_dialled(tmp_path: Path) -> None:
    both = {"L": deck("1973555", "1718555"), "D": deck("1973555", "1718555")}
    desk = market(both, tmp_path)
    routes = {r["vendor"]: r for r in desk.ask(PORTED, ani=NEW_YORK, lrn=LRN)["routes"]}
    assert routes["L"]["jurisdiction"] == {
        "is": "interstate", "a_state": "NY", "b_state": "NJ", "keyed": "lrn", "lrn_unknown": False, "lrn_by": "query",
    }  # fmt: skip
    assert (routes["L"]["code"], Decimal(routes["L"]["rate"])) == ("1973555", Decimal("0.0020"))
    assert routes["D"]["jurisdiction"] == {
        "is": "intrastate", "a_state": "NY", "b_state": "NY", "keyed": "dialled", "lrn_unknown": False, "lrn_by": None,
    }  # fmt: skip
    assert (routes["D"]["code"], Decimal(routes["D"]["rate"])) == ("1718555", Decimal("0.0150"))


def test_j_a_toll_free_caller_is_indeterminate_in_both(tmp_path: Path) -> None:
    both = {"L": deck("1973555", "1718555"), "D": deck("1973555", "1718555")}
    desk = market(both, tmp_path)
    routes = desk.ask(PORTED, ani="18005550100", lrn=LRN)["routes"]
    assert [r["jurisdiction"]["is"] for r in routes] == ["indeterminate"] * 2
    assert [Decimal(r["rate"]) for r in routes] == [Decimal("0.0180")] * 2


def test_j_without_a_routing_number_the_dialled_one_counts_and_the_route_says_so(tmp_path: Path) -> None:
    desk = market({"L": deck("1718555")}, tmp_path)
    (route,) = desk.ask(PORTED, ani=NEW_YORK)["routes"]
    assert (route["jurisdiction"]["is"], route["jurisdiction"]["keyed"]) == ("intrastate", "dialled")
    assert route["jurisdiction"]["lrn_unknown"] is True


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (NEW_YORK, "19735550123", "interstate"),
        (NEW_YORK, "19145550123", "intrastate"),
        (NEW_YORK, PORTED, "intrastate"),
        (NEW_YORK, "16465550123", "local"),
        (NEW_YORK, "14165550123", "interstate"),
        ("14165550100", "19055550123", "intrastate"),
        ("14165550100", NEW_YORK, "interstate"),
        (NEW_YORK, "18765550123", "indeterminate"),
        ("17875550100", NEW_YORK, "indeterminate"),
        ("18005550100", NEW_YORK, "indeterminate"),
        ("33123456789", NEW_YORK, "indeterminate"),
        ("1212555", PORTED, "indeterminate"),
        ("12015550100", PORTED, "indeterminate"),
        (None, PORTED, "indeterminate"),
    ],
)
def test_case_11_callers_and_numbers_of_the_states_canada_jamaica_and_toll_free(
    tmp_path: Path, a: str | None, b: str, expected: str
) -> None:
    desk = market({"D": deck("1", without=())}, tmp_path)
    (route,) = desk.ask(b, ani=a)["routes"]
    assert route["jurisdiction"]["is"] == expected


def test_case_11_jamaica_is_kept_apart_from_the_rest_of_1(tmp_path: Path) -> None:
    desk = Exchange({"V": [row("1", "0.0020"), row("1876", "0.2900")]}, nanp=NANP).publish(tmp_path)
    assert [r["code"] for r in desk.ask("18765550123")["routes"]] == ["1876"]


@pytest.mark.parametrize(
    ("fallback", "rate"), [("max", "0.0150"), ("intrastate", "0.0150"), ("interstate", "0.0020")]
)
def test_a_deck_without_an_indeterminate_price_takes_what_the_contract_says(
    tmp_path: Path, fallback: str, rate: str
) -> None:
    desk = market({"D": deck("1", without=("indeterminate", "local"))}, tmp_path, fallback)
    (route,) = desk.ask(PORTED, ani=None)["routes"]
    assert Decimal(route["rate"]) == Decimal(rate)


def test_a_local_call_without_a_local_price_is_intrastate_money(tmp_path: Path) -> None:
    desk = market({"D": deck("1")}, tmp_path)
    (route,) = desk.ask("16465550123", ani=NEW_YORK)["routes"]
    assert (route["jurisdiction"]["is"], Decimal(route["rate"])) == ("local", Decimal("0.0150"))
