"""A call record in money, on both sides, by the core's own arithmetic: what is quoted is what is billed."""

from __future__ import annotations

import json
from dataclasses import dataclass

import lcr_core
from rates.records.attempt import Attempt
from rates.settle.exact import convert
from rates.settle.tariff import Match


@dataclass(frozen=True, slots=True)
class Rounding:
    """Of the agreement: whole seconds `up`, `nearest` or `down`; then `places` decimals by `mode` (docs/decision.md 7)."""

    seconds: str = "up"
    places: int = 6
    mode: str = "half_up"

    def words(self) -> str:
        return json.dumps({"seconds": self.seconds, "places": self.places, "mode": self.mode})


@dataclass(frozen=True, slots=True)
class Rated:
    """One side of one call: the row it used, what is billed. A rated call keeps this for ever; re-rating posts a difference."""

    match: Match
    billed_seconds: int
    amount_nanos: int


def rate(record: Attempt, match: Match, rounding: Rounding | None = None) -> Rated:
    """The call keeps the price of its answer to its end, over midnights, rate changes and clock changes. Unanswered: 0."""
    duration = record.duration_ms if record.answered else 0
    found = json.loads(lcr_core.rate_call(match.terms(), duration, (rounding or Rounding()).words()))
    return Rated(match, int(found["billed_seconds"]), int(found["amount_nanos"]))


def margin(sell: Rated, cost: Rated, fx: dict[str, int], currency: str) -> int:
    """Sell − cost in nanos of `currency`. `fx`: nanos of the base currency for one unit, of the day of the call."""
    to = fx[currency]
    return convert(sell.amount_nanos, fx[sell.match.currency], to) - convert(
        cost.amount_nanos, fx[cost.match.currency], to
    )
