"""An offer's prices at an instant, cut to the codes asked for, column by column."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from app.reports.timelines import in_force
from ratecards.amount import Price
from rates.store import Store

PRICE = (
    "rate_nanos",
    "first_rate_nanos",
    "connect_fee_nanos",
    "initial_increment",
    "next_increment",
    "free_seconds",
)


def covering(code: str) -> list[str]:
    """The code and every shorter one: those whose price it may inherit."""
    return [code[:length] for length in range(1, len(code) + 1)]


def under(table: pa.Table, codes: Iterable[str]) -> pa.Table:
    """Rows at, below or above any of `codes`; all rows for none."""
    codes = list(codes)
    if not codes:
        return table
    column = table["code"]
    keep = pc.is_in(
        column, value_set=pa.array(sorted({part for code in codes for part in covering(code)}), pa.utf8())
    )
    for code in codes:
        keep = pc.or_(keep, pc.starts_with(column, pattern=code))
    return table.filter(keep)


class OfferPrices:
    """Rows in force of one offer as Python lists, sorted by code."""

    def __init__(self, table: pa.Table) -> None:
        self.code: list[str] = table["code"].to_pylist()
        self.destination: list[str] = table["destination"].to_pylist()
        self.status: list[int] = table["status"].to_pylist()
        self.currency: list[str] = table["currency"].to_pylist()
        self._price = [table[name].to_pylist() for name in PRICE]

    def price(self, row: int) -> Price:
        return Price(*(column[row] for column in self._price))


def deck_at(store: Store, timeline_key: str, at: datetime, codes: Iterable[str] = ()) -> pa.Table:
    """What a deck says at `at` for `codes` (all for none)."""
    return in_force(under(store.open(timeline_key), codes), at)
