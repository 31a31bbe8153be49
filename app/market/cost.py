"""What a call costs per minute, increments and fee included: docs/decision.md 3, exactly, in integers."""

from __future__ import annotations

from typing import NamedTuple

BASE = 10**9


class Terms(NamedTuple):
    """Money in nanos of the deck's currency per minute (fee: per call), times in seconds."""

    rate: int
    first_rate: int
    fee: int
    initial: int
    next: int
    free: int


def billed_seconds(terms: Terms, seconds: int) -> int:
    """Seconds billed for a call of `seconds`; 0 within the free ones."""
    if seconds == 0 or seconds <= terms.free:
        return 0
    if seconds <= terms.initial:
        return terms.initial
    return terms.initial + -(-(seconds - terms.initial) // terms.next) * terms.next


def eff_nanos(terms: Terms, seconds: int, fx_nanos: int) -> int:
    """Nanos of the base currency per minute of a call of `seconds`, half-up.

    `fx_nanos`: nanos of the base currency for one unit of the deck's currency.
    """
    billed = billed_seconds(terms, seconds)
    if billed == 0:
        return 0
    amount60 = 60 * terms.fee + terms.first_rate * terms.initial + terms.rate * (billed - terms.initial)
    whole = seconds * BASE
    return (2 * amount60 * fx_nanos + whole) // (2 * whole)
