"""Depth of market: who carries one number or code, by price, with the channels there are at and below each price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.market.search import by_code
from app.market.snapshot import MarketSnapshot


@dataclass(frozen=True)
class Level:
    """One offer. `channels` None: not stated; `up_to_here`: channels of this and all cheaper offers that state theirs."""

    offer: dict[str, Any]
    channels: int | None
    up_to_here: int
    own: bool


@dataclass(frozen=True)
class Depth:
    levels: list[Level]
    channels: int
    unstated: int


def depth(
    market: MarketSnapshot, digits: str, route_class: str, capacity: Mapping[int, int | None], company_id: int
) -> Depth:
    """`capacity`: channels by product. Cheapest first; empty without offers."""
    if market.offers.empty or not digits:
        return Depth([], 0, 0)
    rows = by_code(market, digits).to_pylist()
    fitting = [row for row in rows if not route_class or row["route_class"] == route_class]
    levels, whole = [], 0
    for row in sorted(fitting, key=lambda r: (r["eff180"], r["product_id"])):
        channels = capacity.get(row["product_id"])
        whole += channels or 0
        levels.append(Level(row, channels, whole, row["company_id"] == company_id))
    return Depth(levels, whole, sum(level.channels is None for level in levels))
