"""Volume steps of a deal. Incremental: each step at its own rate. Retroactive: all volume at the reached step's rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rates.settle.exact import divide


@dataclass(frozen=True, slots=True)
class Tier:
    """Up to this volume of billed seconds (None = without end), at this rate a minute, nanos."""

    until_seconds: int | None
    rate_nanos: int


def parts(before: int, seconds: int, tiers: Sequence[Tier]) -> list[tuple[Tier, int]]:
    """How one call of `seconds` billed lies in the steps, when `before` were billed in the period already."""
    found: list[tuple[Tier, int]] = []
    at, end = before, before + seconds
    for tier in tiers:
        top = end if tier.until_seconds is None else min(end, tier.until_seconds)
        if top > at:
            found.append((tier, top - at))
            at = top
    if at < end:
        raise ValueError("The last tier must be without end.")
    return found


def incremental(before: int, seconds: int, tiers: Sequence[Tier]) -> int:
    """Amount in nanos of one call (or of a whole volume, before = 0), rounded once."""
    return divide(sum(tier.rate_nanos * part for tier, part in parts(before, seconds, tiers)), 60)


def retroactive(volume: int, tiers: Sequence[Tier]) -> int:
    """Amount in nanos of the whole volume at the step its last second lies in."""
    return divide(_reached(volume, tiers).rate_nanos * volume, 60)


def retroactive_step(before: int, seconds: int, tiers: Sequence[Tier]) -> int:
    """What one call adds to the period's total: its own amount, and what crossing a step changes of all before it.

    May be negative. Posted as a difference; no earlier call's record is touched."""
    return retroactive(before + seconds, tiers) - retroactive(before, tiers)


def _reached(volume: int, tiers: Sequence[Tier]) -> Tier:
    return next(t for t in tiers if t.until_seconds is None or volume <= t.until_seconds)
