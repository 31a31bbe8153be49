"""Margin traps: a sell code that covers dearer, longer cost codes (domain rule 3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from ratecards.match import eff_nanos, longest, terms_by_code
from rates.schema import OPEN


@dataclass(frozen=True)
class Trap:
    """Numbers below `cost_code` are sold at `sell_code`'s rate and bought dearer. Nanos per minute, card's currency."""

    sell_code: str
    cost_code: str
    destination: str
    sell_nanos: int
    cost_nanos: int

    @property
    def loss_nanos(self) -> int:
        return self.cost_nanos - self.sell_nanos


def find_traps(
    card: pa.Table, cost_view: pa.Table, fx_nanos: Mapping[str, int], *, reference_seconds: int = 180
) -> list[Trap]:
    """Every open cost code that costs more than the card earns for the same numbers, worst first.

    `fx_nanos`: nanos of the card's currency for one unit of the cost's. A currency without a rate raises KeyError.
    """
    sells = terms_by_code(card)
    traps = []
    for code, cost in terms_by_code(cost_view).items():
        sell = longest(sells, code)
        if cost.status != OPEN or sell is None or sell.status != OPEN:
            continue
        fx = 1_000_000_000 if cost.currency == sell.currency else fx_nanos[cost.currency]
        cost_nanos = -(-eff_nanos(cost, reference_seconds) * fx // 1_000_000_000)
        sell_nanos = eff_nanos(sell, reference_seconds)
        if cost_nanos > sell_nanos:
            traps.append(Trap(sell.code, code, cost.destination, sell_nanos, cost_nanos))
    return sorted(traps, key=lambda t: (-t.loss_nanos, t.cost_code))
