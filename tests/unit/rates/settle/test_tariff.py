"""What a deck asks for a call: the core's match, whatever routing says."""

from __future__ import annotations

from pathlib import Path

from rates.rules import OriginGroup, OriginRules, with_rules
from tests.named.calls import bill, call, deck_of, from_, money, tariffs, us


def test_the_longest_code_in_force_prices_the_call_and_is_remembered(tmp_path: Path) -> None:
    found = tariffs(
        tmp_path,
        cost=deck_of(
            from_("2025-01-01", "44", "0.01"),
            from_("2025-03-01", "4420", "0.02", deck_id=7, deck_row=9),
            from_("2025-01-01", "447", "0.03", status=1),
        ),
    )
    early, late = (bill(found, call(at, 60_000)) for at in ("2025-02-28 23:59:59", "2025-03-01"))
    assert (early.match.code, early.amount_nanos) == ("44", money("0.01"))
    assert (late.match.code, late.match.deck_id, late.match.deck_row) == ("4420", 7, 9)
    assert found.match(1, call("2025-03-01", 60_000, "447700900123")) is None  # blocked
    assert found.match(1, call("2025-03-01", 60_000, "33123456789")) is None
    assert found.match(2, call("2025-03-01", 60_000)) is None  # no such timeline


def test_a_price_by_origin_group_needs_the_caller(tmp_path: Path) -> None:
    rows = deck_of(
        from_("2025-01-01", "49", "0.0030", origin="EEA"), from_("2025-01-01", "49", "0.1200", origin="Rest")
    )
    groups = (OriginGroup(name="EEA", prefixes=("33", "49")), OriginGroup(name="Rest"))
    rules = OriginRules(groups=groups, rest_group="Rest")
    found = tariffs(tmp_path, cost=with_rules(rows, rules, None))
    amounts = [
        bill(found, call("2025-05-05", 60_000, "4915112345678", ani=ani)).amount_nanos
        for ani in ("33123456789", "2348012345678", "anonymous")
    ]
    assert amounts == [money("0.0030"), money("0.1200"), money("0.1200")]


def test_the_price_is_that_of_the_day_however_long_ago(tmp_path: Path) -> None:
    rows = deck_of(
        from_("2021-01-01", "44", "0.05", effective_until=us("2022-01-01")), from_("2022-01-01", "44", "0.01")
    )
    found = tariffs(tmp_path, "2026-01-01", cost=rows)
    assert bill(found, call("2021-06-01", 60_000)).amount_nanos == money("0.05")
    assert bill(found, call("2025-06-01", 60_000)).amount_nanos == money("0.01")
