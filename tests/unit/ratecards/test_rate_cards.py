"""Rate cards: margin, longest match, rounding up, traps and change lists."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from ratecards.build import CardOptions, CostDeck, build_card
from ratecards.changes import card_changes
from ratecards.rules import MarginRule, RuleError, rule_for, sell_rate
from ratecards.traps import find_traps
from rates.schema import TIMELINE

NOW = datetime(2026, 11, 21, tzinfo=UTC)
USD = CardOptions("USD", {"EUR": 1_100_000_000})


def view(*rows: tuple[str, str, str], currency: str = "USD", **more: Any) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "code": code,
                "destination": name,
                "rate_nanos": int(Decimal(rate) * 10**9),
                "first_rate_nanos": None,
                "connect_fee_nanos": 0,
                "initial_increment": 1,
                "next_increment": 1,
                "free_seconds": 0,
                "currency": currency,
                "status": 0,
                "effective_from": NOW,
                "effective_until": None,
                "received_at": NOW,
                "deck_id": 1,
                "deck_row": i,
            }
            | more
            for i, (code, name, rate) in enumerate(rows)
        ],
        schema=TIMELINE,
    )


def prices(card: pa.Table) -> dict[str, int]:
    return dict(zip(card["code"].to_pylist(), card["rate_nanos"].to_pylist(), strict=True))


def test_the_sell_rate_is_rounded_up_once_and_never_below_the_margin() -> None:
    assert sell_rate(3_100_000, MarginRule(percent_ppm=100_000)) == 3_500_000  # 0.00341 -> 0.0035
    assert sell_rate(3_100_000, MarginRule(percent_ppm=100_000, places=5)) == 3_410_000
    assert sell_rate(1_000_000, MarginRule(percent_ppm=10, fixed_nanos=500_000)) == 1_500_000
    assert sell_rate(0, MarginRule(minimum_nanos=200_000)) == 200_000


def test_the_rule_with_the_longest_code_wins() -> None:
    rules = [MarginRule(), MarginRule(code="44"), MarginRule(code="447", percent_ppm=1)]
    assert rule_for("447700", rules) == rules[2]
    assert rule_for("4420", rules) == rules[1]
    assert rule_for("33", rules[1:]) is None


def test_a_rule_that_makes_no_sense_is_refused_with_its_code() -> None:
    with pytest.raises(RuleError, match="44x"):
        MarginRule(code="44x")
    with pytest.raises(RuleError, match="not negative"):
        MarginRule(percent_ppm=-1)


def test_each_deck_is_matched_by_longest_code_before_the_cheapest_is_taken() -> None:
    decks = [
        CostDeck("a", view(("44", "UK", "0.0200"), ("447700", "UK Mobile", "0.0150"))),
        CostDeck("b", view(("44", "UK", "0.0040"))),
    ]
    built = build_card(decks, [MarginRule(percent_ppm=100_000)], USD, effective_from=NOW, received_at=NOW)
    assert prices(built.card) == {"44": 4_400_000}  # 447700 costs 0.0040 at b too: no row of its own
    second = CardOptions("USD", {}, basis="second")
    built = build_card(decks, [MarginRule(percent_ppm=100_000)], second, effective_from=NOW, received_at=NOW)
    assert prices(built.card) == {"44": 22_000_000, "447700": 16_500_000}


def test_another_currency_is_converted_and_one_without_rate_is_reported() -> None:
    built = build_card(
        [CostDeck("e", view(("33", "France", "0.01"), currency="EUR"))],
        [MarginRule()],
        USD,
        effective_from=NOW,
        received_at=NOW,
    )
    assert prices(built.card) == {"33": 11_000_000}
    built = build_card(
        [CostDeck("g", view(("33", "France", "0.01"), currency="GBP"))],
        [MarginRule()],
        USD,
        effective_from=NOW,
        received_at=NOW,
    )
    assert built.card.num_rows == 0
    assert built.unpriced == {"33": "no exchange rate for GBP"}


def test_a_blocked_code_is_never_priced() -> None:
    built = build_card(
        [CostDeck("a", view(("53", "Cuba", "0.5"), status=1))],
        [MarginRule()],
        USD,
        effective_from=NOW,
        received_at=NOW,
    )
    assert built.card.num_rows == 0
    assert "blocked" in built.unpriced["53"]


def test_a_code_blocked_by_every_deck_is_not_sold_at_the_shorter_codes_rate() -> None:
    decks = [
        CostDeck(
            "a",
            pa.concat_tables([view(("44", "UK", "0.004")), view(("4470", "UK Personal", "0.3"), status=1)]),
        )
    ]
    built = build_card(decks, [MarginRule()], USD, effective_from=NOW, received_at=NOW)
    assert dict(zip(built.card["code"].to_pylist(), built.card["status"].to_pylist(), strict=True)) == {
        "44": 0,
        "4470": 1,
    }
    assert "4470" in built.unpriced


def test_a_sell_code_over_a_dearer_longer_cost_code_is_a_trap() -> None:
    card = view(("44", "UK", "0.0040"))
    cost = view(("44", "UK", "0.0030"), ("4470", "UK Personal", "0.30"))
    [trap] = find_traps(card, cost, {})
    assert (trap.sell_code, trap.cost_code, trap.loss_nanos) == ("44", "4470", 296_000_000)


def test_changes_are_told_on_effective_price_through_longest_match() -> None:
    old = view(("44", "UK", "0.0040"), ("33", "France", "0.01"))
    new = view(("44", "UK", "0.0040"), ("447", "UK Mobile", "0.0180"), ("49", "Germany", "0.01"))
    told = {c.code: c.label for c in card_changes(old, new)}
    assert told == {"447": "INCREASE", "33": "CLOSED", "49": "NEW"}
    minutes = view(("44", "UK", "0.0040"), initial_increment=60, next_increment=60)
    assert [c.label for c in card_changes(view(("44", "UK", "0.0040")), minutes)] == ["INCREASE"]
