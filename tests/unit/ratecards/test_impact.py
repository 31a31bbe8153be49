"""What a deck does to money, against figures worked out by hand; and a sum that must hold for any traffic."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ratecards.amount import Price, amount60
from ratecards.impact import Flow, Prices, amount60_of, impact_of, money
from rates.schema import BLOCKED, TIMELINE

AT = datetime(2026, 12, 1, tzinfo=UTC)


def deck(*rows: tuple[str, str, str, str] | tuple[str, str, str, str, dict[str, Any]]) -> Prices:
    """(code, destination, rate, increments[, more])."""
    found = []
    for code, name, rate, steps, *more in rows:
        first, following = steps.split("/")
        row = {
            "code": code, "destination": name, "rate_nanos": int(Decimal(rate) * 10**9), "connect_fee_nanos": 0,
            "initial_increment": int(first), "next_increment": int(following), "free_seconds": 0, "currency": "USD",
            "status": 0, "effective_from": AT, "received_at": AT, "deck_id": 1, "deck_row": 1,
        }  # fmt: skip
        found.append({**row, **(more[0] if more else {})})
    return Prices(pa.Table.from_pylist(found, schema=TIMELINE), AT)


def test_the_same_rate_in_whole_minutes_costs_more_because_amounts_are_compared() -> None:
    """1/1 → 60/60 at 0.0257: 1,000 calls of 125 s each are 180 billed seconds instead of 125 (domain 4.2)."""
    before, after = deck(("52", "Mexico", "0.0257", "1/1")), deck(("52", "Mexico", "0.0257", "60/60"))
    found = impact_of([Flow("52", 1000, 125_000)], before, after, AT)
    [line] = found.lines
    assert line.old_cost == Decimal("53.541667")
    assert line.new_cost == Decimal("77.100000")
    assert line.delta == Decimal("23.558333")


def test_a_fee_is_paid_by_every_call() -> None:
    before = deck(("44", "UK", "0.0100", "1/1"))
    after = deck(("44", "UK", "0.0100", "1/1", {"connect_fee_nanos": 1_000_000}))
    found = impact_of([Flow("44", 5000, 300_000)], before, after, AT)
    assert found.total.delta == Decimal("5.000000")


def test_codes_are_matched_by_their_longest_prefix_on_each_side_and_named_by_the_new_deck() -> None:
    before = deck(("44", "UK", "0.0040", "1/1"))
    after = deck(("44", "UK", "0.0040", "1/1"), ("447", "UK Mobile", "0.0180", "1/1"))
    found = impact_of([Flow("4420", 10, 600), Flow("447911", 10, 600)], before, after, AT)
    by_name = {line.destination: line.delta for line in found.lines}
    assert by_name == {"UK Mobile": Decimal("0.140000"), "UK": Decimal("0.000000")}


def test_traffic_that_loses_its_price_is_counted_apart_and_never_as_a_saving() -> None:
    before = deck(("44", "UK", "0.0040", "1/1"), ("33", "France", "0.01", "1/1"))
    after = deck(("44", "UK", "0.0040", "1/1"), ("33", "France", "0.01", "1/1", {"status": BLOCKED}))
    found = impact_of([Flow("33", 10, 6000), Flow("44", 1, 60), Flow("999", 1, 90)], before, after, AT)
    france = next(line for line in found.lines if line.destination == "France")
    assert (france.delta, france.lost_seconds, france.lost_cost) == (Decimal(0), 6000, Decimal("1.000000"))
    assert found.total.delta == 0
    assert found.unpriced_seconds == 90


def test_margin_is_the_cards_amount_less_the_cost_in_the_decks_currency() -> None:
    before, after = deck(("44", "UK", "0.0040", "1/1")), deck(("44", "UK", "0.0060", "1/1"))
    card = deck(("44", "UK", "0.0050", "1/1"))
    found = impact_of([Flow("44", 100, 60_000)], before, after, AT, card=card, card_to_deck=Decimal("1.1"))
    [line] = found.lines
    assert line.revenue == Decimal("5.500000")
    assert (line.old_margin, line.new_margin) == (Decimal("1.500000"), Decimal("-0.500000"))


def test_without_a_sell_price_for_some_of_it_no_margin_is_claimed() -> None:
    before = after = deck(("44", "UK", "0.0040", "1/1"), ("33", "France", "0.01", "1/1"))
    found = impact_of(
        [Flow("44", 1, 60), Flow("33", 1, 60)], before, after, AT, card=deck(("44", "UK", "0.005", "1/1"))
    )
    assert {line.destination: line.revenue for line in found.lines} == {
        "UK": Decimal("0.005000"),
        "France": None,
    }
    assert found.total.revenue is None


def test_prices_that_depend_on_the_caller_count_at_the_dearest() -> None:
    layered = deck(
        ("49", "Germany", "0.003", "1/1", {"origin": "EEA"}),
        ("49", "Germany", "0.12", "1/1", {"origin": "Rest"}),
    )
    found = impact_of([Flow("49", 1, 60)], layered, layered, AT)
    assert found.total.old_cost == Decimal("0.120000")


@given(st.integers(1, 10_000), st.integers(0, 3_000_000), st.sampled_from([(1, 1), (30, 6), (60, 60)]))
def test_calls_of_whole_seconds_add_up_to_the_talk_time(
    calls: int, seconds: int, steps: tuple[int, int]
) -> None:
    """The split into whole seconds keeps the sum, so at 1/1 the cost is that of the seconds, exactly."""
    price = Price(6_000_000, None, 0, *steps)
    each, longer = divmod(seconds, calls)
    by_hand = sum(amount60(price, each + 1) for _ in range(longer)) + sum(
        amount60(price, each) for _ in range(calls - longer)
    )
    assert amount60_of(price, calls, seconds) == by_hand
    if steps == (1, 1):
        assert amount60_of(price, calls, seconds) == 6_000_000 * seconds


def test_amounts_are_rounded_once_half_up_to_six_places() -> None:
    assert money(60 * 1500) == Decimal("0.000002")
    assert money(60 * 1499) == Decimal("0.000001")
