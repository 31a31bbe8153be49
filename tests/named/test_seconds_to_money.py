"""Worked examples of the rating formula: the table, precision, talk time."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

import lcr_core
from tests.named.tiny import nanos


def rate(
    ms: int,
    per_minute: str,
    terms: str = "1/1",
    fee: str = "0",
    rounding: dict[str, object] | None = None,
    **more: int,
) -> tuple[int, Decimal]:
    first, following = terms.split("/")
    words = {
        "rate_nanos": nanos(per_minute),
        "connect_fee_nanos": nanos(fee),
        "initial_increment": int(first),
        "next_increment": int(following),
    } | more
    found = json.loads(lcr_core.rate_call(json.dumps(words), ms, json.dumps(rounding) if rounding else None))
    return found["billed_seconds"], Decimal(found["amount_nanos"]).scaleb(-9)


@pytest.mark.parametrize(
    ("ms", "per_minute", "terms", "fee", "billed", "amount"),
    [
        (0, "0.0123", "30/6", "0.01", 0, "0"),
        (1_000, "0.0123", "1/1", "0", 1, "0.000205"),
        (30_001, "0.0123", "30/6", "0", 36, "0.007380"),
        (37_000, "0.0123", "30/6", "0", 42, "0.008610"),
        (37_000, "0.0123", "1/1", "0.01", 37, "0.017585"),
        (61_000, "0.0123", "60/60", "0", 120, "0.024600"),
        (61_000, "0.0123", "60/1", "0", 61, "0.012505"),
        (5_000, "0.0048", "6/6", "0", 6, "0.000480"),
        (205_000, "0.00137", "6/6", "0", 210, "0.004795"),
        (125_000, "0.0257", "60/60", "0", 180, "0.077100"),
    ],
)
def test_each_line_of_the_table_of_worked_calls(
    ms: int, per_minute: str, terms: str, fee: str, billed: int, amount: str
) -> None:
    assert rate(ms, per_minute, terms, fee) == (billed, Decimal(amount))


@pytest.mark.parametrize(
    ("ms", "rounding", "billed"),
    [
        (400, "up", 1),
        (400, "nearest", 0),
        (400, "down", 0),
        (500, "nearest", 1),
        (30_000, "up", 30),
        (30_001, "up", 31),
        (30_001, "nearest", 30),
        (30_999, "down", 30),
        (86_400_000, "up", 86_400),
    ],
)
def test_case_9_calls_of_a_fraction_of_a_second_a_boundary_and_a_day(
    ms: int, rounding: str, billed: int
) -> None:
    assert rate(ms, "0.06", rounding={"seconds": rounding})[0] == billed


def test_a_call_that_rounds_to_no_second_costs_nothing_not_even_the_connect_fee() -> None:
    assert rate(499, "0.06", fee="0.05", rounding={"seconds": "nearest"}) == (0, Decimal(0))


def test_free_seconds_are_a_threshold() -> None:
    assert rate(5_000, "0.06", free_seconds=5) == (0, Decimal(0))
    assert rate(6_000, "0.06", free_seconds=5) == (6, Decimal("0.006"))


@pytest.mark.parametrize(
    ("places", "mode", "total"),
    [(4, "half_up", "500.00"), (4, "up", "600.00"), (6, "half_up", "502.00")],
)
def test_a_million_calls_of_seven_seconds_depend_on_where_each_is_rounded(
    places: int, mode: str, total: str
) -> None:
    _, amount = rate(7_000, "0.0043", rounding={"places": places, "mode": mode})
    assert amount * 1_000_000 == Decimal(total)


def test_a_million_calls_of_seven_seconds_without_rounding_are_501_67() -> None:
    _, amount = rate(7_000, "0.0043", rounding={"mode": "none"})
    assert (amount * 1_000_000).quantize(Decimal("0.01")) == Decimal("501.67")


def test_a_thousand_calls_of_0_004_rounded_to_cents_are_nothing_instead_of_4() -> None:
    _, cents = rate(60_000, "0.004", rounding={"places": 2})
    _, exact = rate(60_000, "0.004")
    assert (cents * 1_000, exact * 1_000) == (Decimal(0), Decimal(4))


@pytest.mark.parametrize(
    ("mode", "amount"), [("half_up", "0.03"), ("half_even", "0.02"), ("up", "0.03"), ("down", "0.02")]
)
def test_a_tie_is_rounded_as_the_agreement_says(mode: str, amount: str) -> None:
    assert rate(60_000, "0.025", rounding={"places": 2, "mode": mode})[1] == Decimal(amount)


@pytest.mark.parametrize(
    ("balance", "per_minute", "terms", "fee", "seconds"),
    [
        ("10", "0.12", "30/6", "0", 4998),
        ("0.05", "0.12", "30/6", "0", 0),
        ("0.50", "0.12", "60/60", "0.01", 240),
    ],
)
def test_talk_time_that_a_balance_buys(
    balance: str, per_minute: str, terms: str, fee: str, seconds: int
) -> None:
    first, following = terms.split("/")
    words = {
        "rate_nanos": nanos(per_minute),
        "connect_fee_nanos": nanos(fee),
        "initial_increment": int(first),
        "next_increment": int(following),
    }
    assert lcr_core.talk_time(json.dumps(words), nanos(balance)) == seconds


def test_a_free_route_lasts_without_end() -> None:
    assert lcr_core.talk_time(json.dumps({"rate_nanos": 0}), 0) is None
