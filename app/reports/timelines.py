"""Timelines at an instant, and exact numbers out of text."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pyarrow as pa

from rates.view import as_of
from rates.worst import for_anybody


def in_force(timeline: pa.Table, at: datetime) -> pa.Table:
    """The rows valid at `at` (`from ≤ at < until`): one per code, sorted by code, blocked and closed ones included; of a deck with
    layers the dearest price of each code, which is what a call without a known caller costs."""
    return for_anybody(as_of(timeline, at))


def to_nanos(text: str | Decimal) -> int:
    """Nanos of an exact decimal; raises ValueError below a nano."""
    nanos = Decimal(text).scaleb(9)
    if nanos != nanos.to_integral_value():
        raise ValueError(f"{text} has more than nine decimals")
    return int(nanos)
