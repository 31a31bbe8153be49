"""Worked example I of the domain reference, and case 10: prices by where the caller is, in both readings."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.named.tiny import Desk, Exchange, nanos, row

MOBILE = "4915112345678"
FRENCH, NIGERIAN = "33123456789", "2348012345678"


def groups(reading: str = "origin_first", **more: Any) -> dict[str, Any]:
    origin = {
        "reading": reading,
        "groups": [
            {"name": "EEA", "prefixes": ["33", "49", "39"]},
            {"name": "Rest", "prefixes": []},
            {"name": "Invalid", "prefixes": []},
        ],
        "rest_group": "Rest",
        "invalid_group": "Invalid",
        "surcharges": [],
    }
    return {"origin": origin | more}


def tabs() -> list[dict[str, Any]]:
    return [
        row("4915", "0.0030", origin="EEA"),
        row("4915", "0.1200", origin="Rest"),
        row("4915", "0.2500", origin="Invalid"),
    ]


def paid(desk: Desk, ani: str | None, number: str = MOBILE) -> tuple[Decimal, str | None, bool]:
    """(rate, group, whether the origin is unknown) of the one route."""
    (route,) = desk.ask(number, ani=ani)["routes"]
    return Decimal(route["rate"]), route["origin"]["group"], route["origin"]["unknown"]


@pytest.mark.parametrize(
    ("ani", "expected"),
    [
        (FRENCH, (Decimal("0.0030"), "EEA", False)),
        (NIGERIAN, (Decimal("0.1200"), "Rest", False)),
        ("anonymous", (Decimal("0.2500"), "Invalid", True)),
        ("1234", (Decimal("0.2500"), "Invalid", True)),
        (None, (Decimal("0.2500"), "Invalid", True)),
    ],
)
def test_i_the_price_depends_on_where_the_caller_is(
    tmp_path: Path, ani: str | None, expected: tuple[Decimal, str, bool]
) -> None:
    desk = Exchange({"V": tabs()}, rules={"V": groups()}).publish(tmp_path)
    assert paid(desk, ani) == expected


def test_i_without_a_group_for_unknown_callers_the_dearest_list_is_taken(tmp_path: Path) -> None:
    desk = Exchange({"V": tabs()[:2]}, rules={"V": groups(invalid_group=None)}).publish(tmp_path)
    assert paid(desk, None) == (Decimal("0.1200"), "Rest", True)


@pytest.mark.parametrize(("reading", "rate"), [("origin_first", "0.01"), ("code_first", "0.30")])
def test_the_two_readings_of_a_long_code_for_all_and_a_short_one_for_some(
    tmp_path: Path, reading: str, rate: str
) -> None:
    deck = [row("4475", "0.30"), row("447", "0.01", origin="EEA")]
    desk = Exchange({"V": deck}, rules={"V": groups(reading)}).publish(tmp_path)
    assert paid(desk, FRENCH, "447501234567")[0] == Decimal(rate)
    assert paid(desk, NIGERIAN, "447501234567")[0] == Decimal("0.30")


@pytest.mark.parametrize("reading", ["origin_first", "code_first"])
def test_case_10_callers_from_the_eea_and_without_number_to_one_mobile_in_both_readings(
    tmp_path: Path, reading: str
) -> None:
    desk = Exchange({"V": tabs()}, rules={"V": groups(reading)}).publish(tmp_path)
    assert paid(desk, FRENCH)[0] == Decimal("0.0030")
    assert paid(desk, None)[0] == Decimal("0.2500")


def test_a_base_rate_with_a_surcharge_is_the_other_shape_of_such_a_deck(tmp_path: Path) -> None:
    charged = groups(
        groups=[{"name": "EEA", "prefixes": ["33"]}, {"name": "Rest", "prefixes": []}],
        invalid_group=None,
        surcharges=[{"group": "Rest", "nanos": nanos("0.25")}],
    )
    desk = Exchange({"V": [row("4915", "0.0100")]}, rules={"V": charged}).publish(tmp_path)
    assert paid(desk, FRENCH)[0] == Decimal("0.0100")
    assert paid(desk, NIGERIAN)[0] == Decimal("0.2600")
    (route,) = desk.ask(MOBILE, ani=NIGERIAN)["routes"]
    assert route["origin"]["surcharge"] == "0.25"
    assert paid(desk, None) == (Decimal("0.2600"), "Rest", True)


def test_vendors_with_other_groups_are_compared_on_what_this_caller_costs(tmp_path: Path) -> None:
    desk = Exchange({"V": tabs(), "W": [row("49", "0.0500")]}, rules={"V": groups()}).publish(tmp_path)
    assert desk.order(MOBILE, ani=FRENCH) == ["V", "W"]
    assert desk.order(MOBILE, ani=NIGERIAN) == ["W", "V"]
    assert desk.order(MOBILE, ani=None) == ["W", "V"]
