"""Timelines at an instant, and exact numbers out of text."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc


def in_force(timeline: pa.Table, at: datetime) -> pa.Table:
    """The rows valid at `at` (`from ≤ at < until`): one per code, sorted by code, blocked and closed ones included."""
    instant = pa.scalar(at, pa.timestamp("us", tz="UTC"))
    begun = pc.less_equal(timeline["effective_from"], instant)
    ended = pc.fill_null(pc.less_equal(timeline["effective_until"], instant), False)
    return timeline.filter(pc.and_(begun, pc.invert(ended)))


def to_nanos(text: str | Decimal) -> int:
    """Nanos of an exact decimal; raises ValueError below a nano."""
    nanos = Decimal(text).scaleb(9)
    if nanos != nanos.to_integral_value():
        raise ValueError(f"{text} has more than nine decimals")
    return int(nanos)
