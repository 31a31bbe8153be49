"""Seconds to money in whole numbers. The formula is docs/decision.md 3; the Rust core has the same one for calls.

Used where a whole column of prices is shown (reports, rate cards); a property test holds it equal to `lcr_core.rate_call`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

NANOS: Final = 1_000_000_000


class Price(NamedTuple):
    """Price of one dial code. Rates in nanos per minute, fee in nanos per call, increments in seconds."""

    rate_nanos: int
    first_rate_nanos: int | None = None
    connect_fee_nanos: int = 0
    initial_increment: int = 1
    next_increment: int = 1
    free_seconds: int = 0


def billed_seconds(price: Price, seconds: int) -> int:
    """Seconds that are paid: `n` up to the initial increment, then whole next increments; 0 for a free call."""
    if seconds <= 0 or (price.free_seconds and seconds <= price.free_seconds):
        return 0
    first, step = price.initial_increment, price.next_increment
    return first if seconds <= first else first + -(-(seconds - first) // step) * step


def amount60(price: Price, seconds: int) -> int:
    """Amount of a call in nanos × 60, exact."""
    billed = billed_seconds(price, seconds)
    if not billed:
        return 0
    first_rate = price.rate_nanos if price.first_rate_nanos is None else price.first_rate_nanos
    initial = price.initial_increment
    return 60 * price.connect_fee_nanos + first_rate * initial + price.rate_nanos * (billed - initial)


def comparable(price: Price, seconds: int, fx_nanos: int = NANOS) -> int:
    """What routes are ordered by: amount × 60 in the base currency, nanos × nanos, never rounded."""
    return amount60(price, seconds) * fx_nanos


@lru_cache(maxsize=1 << 16)
def effective_nanos(price: Price, seconds: int, fx_nanos: int = NANOS) -> int:
    """Cost per minute of a call of `seconds`, base currency, nanos, half-up: amount(d)/d·60."""
    divisor = seconds * NANOS
    return (2 * comparable(price, seconds, fx_nanos) + divisor) // (2 * divisor)
