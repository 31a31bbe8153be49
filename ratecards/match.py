"""Longest match over the view of one deck at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class Terms:
    """What one row of a deck says. Rates in nanos per minute of `currency`."""

    code: str
    destination: str
    rate_nanos: int
    first_rate_nanos: int | None
    connect_fee_nanos: int
    initial_increment: int
    next_increment: int
    free_seconds: int
    currency: str
    status: int

    def amount_60(self, seconds: int) -> int:
        """Amount of a call of `seconds` in nanos x 60, exact (docs/decision.md 3)."""
        n, m = self.initial_increment, self.next_increment
        if seconds <= 0 or (self.free_seconds > 0 and seconds <= self.free_seconds):
            return 0
        billed = n if seconds <= n else n + -(-(seconds - n) // m) * m
        first = self.rate_nanos if self.first_rate_nanos is None else self.first_rate_nanos
        return 60 * self.connect_fee_nanos + first * n + self.rate_nanos * (billed - n)


COLUMNS = tuple(Terms.__dataclass_fields__)


def terms_by_code(view: pa.Table) -> dict[str, Terms]:
    """The rows of a view (one per code, valid at one instant) by code."""
    columns = [view.column(name).to_pylist() for name in COLUMNS]
    return {row[0]: Terms(*row) for row in zip(*columns, strict=True)}


def longest(terms: Mapping[str, Terms], number: str) -> Terms | None:
    """The row whose code is the longest prefix of `number`; blocked and closed rows match too."""
    for length in range(len(number), 0, -1):
        found = terms.get(number[:length])
        if found is not None:
            return found
    return None


def eff_nanos(row: Terms, seconds: int) -> int:
    """Cost per minute of a call of `seconds`, half-up to a whole nano, in the row's currency."""
    amount: Any = row.amount_60(seconds)
    return int((2 * amount + seconds) // (2 * seconds))
