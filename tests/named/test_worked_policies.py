"""The policies and filters of the domain reference (9.1, 9.3) and the cases that ask for them, one small market each."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.named.tiny import AT_US, DAY_US, TRUNK, Desk, Exchange, nanos, row

UK = "442079460000"
HOUR_US = DAY_US // 24


def market(root: Path, policy: dict[str, Any] | None = None, **more: Any) -> Desk:
    decks = {"A": [row("44", "0.0100")], "B": [row("44", "0.0104")], "C": [row("44", "0.0200")]}
    return Exchange(decks, policy or {}, **more).publish(root)


def test_percentage_shares_ten_thousand_calls_within_one_and_a_half_points(tmp_path: Path) -> None:
    weights = {"A": 50, "B": 30, "C": 20}
    offers = {name: {"weight": weight} for name, weight in weights.items()}
    desk = market(tmp_path, {"kind": "percentage"}, offers=offers)
    calls = pa.table({"dnis": [UK] * 10_000, "call_id": [f"call-{n}@192.0.2.1" for n in range(10_000)]})
    common = json.dumps({"trunk": TRUNK, "at_us": AT_US})
    table = pa.table(desk.snapshot.decide_many(common, calls))
    first = Counter(x["offer_id"] for x in table.to_pylist() if x["rank"] == 1)
    for number, (name, weight) in enumerate(weights.items(), 1):
        assert abs(first[number] / 100 - weight) <= 1.5, (name, first)


def test_the_same_call_is_drawn_the_same_way_and_every_route_stays(tmp_path: Path) -> None:
    offers = {name: {"weight": 1} for name in "ABC"}
    desk = market(tmp_path, {"kind": "percentage"}, offers=offers)
    orders = {tuple(desk.order(UK, call_id="one call")) for _ in range(20)}
    assert len(orders) == 1
    assert {frozenset(desk.order(UK, call_id=f"{n}")) for n in range(20)} == {frozenset("ABC")}


def test_an_exclusive_route_leaves_the_others_out_and_a_forced_one_comes_first(tmp_path: Path) -> None:
    desk = market(tmp_path)
    assert desk.verdicts(UK, policy={"only_offers": [2]}) == {
        "B": "selected",
        "A": "not_exclusive",
        "C": "not_exclusive",
    }
    assert desk.order(UK, policy={"first_offers": [3]}) == ["C", "A", "B"]


def test_costs_within_delta_are_equal_then_priority_decides(tmp_path: Path) -> None:
    desk = market(
        tmp_path, {"kind": "cost_delta", "delta_nanos": nanos("0.0005")}, offers={"B": {"priority": 1}}
    )
    assert desk.order(UK) == ["B", "A", "C"]


@pytest.mark.parametrize(
    ("guard", "kept"),
    [
        ({"guard": "off"}, ["A", "B", "C"]),
        ({"guard": "no_loss"}, ["A", "B"]),
        ({"guard": "min_margin", "min_pct_ppm": 50_000}, ["A"]),
        ({"guard": "loss_allowed", "loss_nanos": nanos("0.01"), "loss_first": 3}, ["A", "B", "C"]),
        ({"guard": "loss_allowed", "loss_nanos": nanos("0.01"), "loss_first": 2}, ["A", "B"]),
    ],
)
def test_the_profit_guard_in_its_four_modes(tmp_path: Path, guard: dict[str, Any], kept: list[str]) -> None:
    desk = market(tmp_path, guard, card=[row("44", "0.0106")])
    assert desk.order(UK) == kept


def test_the_real_mix_of_durations_can_turn_the_order(tmp_path: Path) -> None:
    decks = {"minutes": [row("44", "0.0100", "60/60")], "seconds": [row("44", "0.0110", "1/1")]}
    mix = ((12, 400), (95, 350), (610, 250))
    desk = Exchange(decks, {"use_mix": True}, durations={"44": mix}, reference_seconds=60).publish(tmp_path)
    answer = desk.ask(UK)
    assert answer["mix"] == "44"
    assert [r["vendor"] for r in answer["routes"]] == ["seconds", "minutes"]
    talked = sum(seconds * weight for seconds, weight in mix)
    billed = 60 * 400 + 120 * 350 + 660 * 250
    expected = Decimal("0.0100") * billed / talked
    assert Decimal(answer["routes"][1]["eff"]) == expected.quantize(Decimal("0.000000001"))
    assert desk.order(UK, reference_seconds=60) == ["minutes", "seconds"]


def test_the_caller_identity_the_signature_and_the_length_filter_routes(tmp_path: Path) -> None:
    offers = {"A": {"keeps_cli": False}, "B": {"keeps_identity": True}, "C": {"max_digits": 11}}
    desk = market(tmp_path, offers=offers)
    found = desk.verdicts(UK, policy={"need_cli": True, "need_signature": True})
    assert found == {"A": "cli", "B": "selected", "C": "signature"}
    assert desk.verdicts(UK)["C"] == "number_length"


def test_a_demoted_route_is_the_last_resort_and_keeps_a_share_of_trials(tmp_path: Path) -> None:
    desk = market(tmp_path)
    down = {"offer_id": 1, "code": "44", "level": "critical", "trial_ppm": 20_000}
    state = {"demoted": [down]}
    calls = [desk.ask(UK, state=state, call_id=f"call {n}") for n in range(2_000)]
    first = Counter(answer["routes"][0]["vendor"] for answer in calls)
    assert 10 <= first["A"] <= 80
    assert all({r["vendor"] for r in answer["routes"]} == {"A", "B", "C"} for answer in calls)
    assert {answer["routes"][0]["trial"] for answer in calls if answer["routes"][0]["vendor"] == "A"} == {
        True
    }
    alone = desk.ask(UK, state=state, offers=[1], call_id="call 1")
    assert [r["vendor"] for r in alone["routes"]] == ["A"]


def test_m_a_customer_without_credit_gets_no_route_and_a_reason(tmp_path: Path) -> None:
    answer = market(tmp_path).ask(UK, state={"company_credit_out": [99]})
    assert (answer["status"], answer["reason"], answer["routes"]) == ("no_credit", "company", [])


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ({"disabled_offers": [1]}, "disabled"),
        ({"blocks": [{"offer_id": 1, "code": "4420"}]}, "destination_blocked"),
        ({"vendor_credit_out": [11]}, "vendor_credit"),
        ({"cap_reached": [1]}, "cap_reached"),
        ({"channels_full": [1], "cps_full": [1]}, "channels_full"),
        ({"cps_full": [1]}, "cps_full"),
    ],
)
def test_each_dynamic_state_refuses_without_falling_back_to_a_shorter_code(
    tmp_path: Path, state: dict[str, Any], verdict: str
) -> None:
    desk = Exchange({"A": [row("44", "0.0010"), row("4420", "0.0900")]}).publish(tmp_path)
    answer = desk.ask(UK, state=state)
    assert answer["routes"] == []
    assert [(e["verdict"], e["code"]) for e in answer["explain"]] == [(verdict, "4420")]


def test_case_8_a_rate_changes_at_midnight_to_the_microsecond(tmp_path: Path) -> None:
    midnight = AT_US - AT_US % DAY_US + DAY_US
    deck = [
        row("44", "0.0100", effective_until=midnight),
        row("44", "0.0200", effective_from=midnight),
    ]
    desk = Exchange({"A": deck}).publish(tmp_path)
    rates = [desk.ask(UK, at_us=t)["routes"][0]["rate"] for t in (midnight - 1, midnight, midnight + 1)]
    assert [Decimal(rate) for rate in rates] == [Decimal("0.01"), Decimal("0.02"), Decimal("0.02")]
    assert desk.ask(UK, at_us=midnight - 1)["valid_until"].endswith("T00:00:00.000000Z")


def test_case_8_a_schedule_over_the_hour_that_comes_twice_and_the_one_that_is_left_out(
    tmp_path: Path,
) -> None:
    hours = {"zone": "Europe/Berlin", "open": [["sun 02:00", "sun 03:00"]]}
    desk = market(tmp_path, offers={"A": {"schedule": hours}})
    back = 1_792_886_400_000_000  # 25 October 2026 00:00 UTC, 02:00 in Berlin; at 01:00 UTC it is 02:00 again
    on = 1_806_195_600_000_000  # 28 March 2027 01:00 UTC: 01:59 in Berlin is followed by 03:00
    for start, open_hours in ((back, [False, True, True, False]), (on, [False, False, False, False])):
        times = [start + (n - 1) * HOUR_US for n in range(4)]
        assert ["A" in desk.order(UK, at_us=t) for t in times] == open_hours
    assert desk.verdicts(UK, at_us=back + 2 * HOUR_US)["A"] == "schedule"


def test_case_15_a_vendor_that_is_also_the_customer_never_gets_its_own_call_back(tmp_path: Path) -> None:
    desk = market(tmp_path, trunk={"company_id": 11})
    assert desk.verdicts(UK) == {"B": "selected", "C": "selected", "A": "loop"}
