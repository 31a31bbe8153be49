"""The cheapest basket: for every destination of a profile the cheapest offer that passes the floors, over all offers at once.

A line prices the code it names: in each product the longest dial code that begins it decides, as in routing; a blocked
code leaves the product out. Costs are nanos of the base currency a minute for a call of 180 s, increments and fee included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.market.offers import Mask, Offers
from app.market.profile import ProfileLine
from app.market.snapshot import MarketSnapshot

NONE = np.iinfo(np.int64).max
SHOWN = ["key", "product_id", "company_id", "seller", "product", "route_class", "country", "destination"]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Floors:
    """What an offer must show by measurement (ppm, ms, milli); None: not asked. `unmeasured`: too few samples pass too."""

    classes: tuple[str, ...] = ()
    asr_ppm: int | None = None
    acd_ms: int | None = None
    pdd_ms: int | None = None
    mos_milli: int | None = None
    unmeasured: bool = True


@dataclass(frozen=True)
class Held:
    """A product the buyer has now; `rates`: negotiated (code, base nanos a minute of 180 s, also for longer codes)."""

    product_id: int
    rates: tuple[tuple[str, int, bool], ...] = ()


@dataclass(frozen=True)
class Chosen:
    """One line of the basket. `offer` is the market's row (None: nobody fits), `fitting` of `offered` products pass the floors."""

    line: ProfileLine
    offer: dict[str, Any] | None
    code: str
    cost_nanos: int | None
    paid_nanos: int | None
    offered: int
    fitting: int

    @property
    def amount_nanos(self) -> int:
        return self.line.minutes * (self.cost_nanos or 0)

    @property
    def saving_nanos(self) -> int | None:
        """Against what is paid now; None where one of the two is not known."""
        if self.cost_nanos is None or self.paid_nanos is None:
            return None
        return self.line.minutes * (self.paid_nanos - self.cost_nanos)


@dataclass(frozen=True)
class Basket:
    """`paid_nanos` and `saving_nanos` count the lines where both costs are known; `sellers` (name, lines, minutes, amount)."""

    lines: list[Chosen]
    amount_nanos: int
    paid_nanos: int
    saving_nanos: int
    compared: int
    sellers: list[tuple[str, int, int, int]]

    @property
    def without(self) -> int:
        return sum(one.offer is None for one in self.lines)


def cheapest_basket(
    market: MarketSnapshot,
    lines: Sequence[ProfileLine],
    floors: Floors,
    *,
    not_of: Sequence[int] = (),
    held: Sequence[Held] = (),
) -> Basket:
    """`not_of`: companies whose offers are left out (one's own)."""
    offers, codes = market.offers, market.codes
    if offers.empty or not len(market.code_keys):
        return _summed([Chosen(line, None, "", None, line.paid_nanos, 0, 0) for line in lines])
    products, columns = market.product_columns
    match = _matches(market, [line.code for line in lines], columns, len(products))
    group = codes["group"].to_numpy()
    costs = _costs(market)
    cost = np.where(match >= 0, costs[match], NONE)
    passes = _passes(offers, floors)
    if len(not_of):
        passes &= ~offers.among("company_id", tuple(not_of))
    fits = passes[np.maximum(group, 0)][match] & (cost < NONE)
    fitting = np.where(fits, cost, NONE)
    best = np.argmin(fitting, axis=1)
    rows = np.arange(len(lines))
    place = match[rows, best]
    found = fitting[rows, best] < NONE
    taken = offers.table.select(SHOWN).take(np.where(found, group[place], 0)).to_pylist()
    matched = codes["code"].take(np.where(found, place, 0)).to_pylist()
    offered, fitting_count = (cost < NONE).sum(axis=1), fits.sum(axis=1)
    now = _paid_now(market, lines, match, cost, products, held)
    chosen = []
    for n, line in enumerate(lines):
        paid = line.paid_nanos if line.paid_nanos is not None else now[n]
        chosen.append(
            Chosen(
                line, taken[n] if found[n] else None, matched[n] if found[n] else "", int(fitting[n, best[n]]) if found[n] else None,
                paid, int(offered[n]), int(fitting_count[n]),
            )
        )  # fmt: skip
    return _summed(chosen)


def _matches(market: MarketSnapshot, asked: Sequence[str], columns: NDArray[np.int64], products: int) -> Ints:
    """By line and product the position of the longest code that begins the line's, −1 without one."""
    match = np.full((len(asked), products), -1, np.int64)
    for length in range(1, max(map(len, asked), default=0) + 1):
        lines = np.array([n for n, code in enumerate(asked) if len(code) >= length])
        keys = np.array([int("1" + asked[n][:length]) for n in lines], np.int64)
        first = np.searchsorted(market.code_keys, keys, side="left")
        count = np.searchsorted(market.code_keys, keys, side="right") - first
        total = int(count.sum())
        if not total:
            continue
        position = np.arange(total) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
        match[np.repeat(lines, count), columns[position]] = position
    return match


def _costs(market: MarketSnapshot) -> Ints:
    """Base nanos a minute by position in the codes; NONE where blocked, closed or without exchange rate."""
    column = market.codes["eff180"]
    values = column.fill_null(NONE).to_numpy().astype(np.int64, copy=False)
    return np.where(market.codes["group"].to_numpy() < 0, NONE, values)


def _passes(offers: Offers, floors: Floors) -> Mask:
    passes = np.ones(offers.size, dtype=bool)
    if floors.classes:
        passes &= offers.among("route_class", floors.classes)
    for name, least in (
        ("asr", floors.asr_ppm),
        ("acd", floors.acd_ms),
        ("mos", floors.mos_milli),
        ("pdd", floors.pdd_ms),
    ):
        if least is None:
            continue
        values, known = offers.numbers(name)
        good = values <= least if name == "pdd" else values >= least
        passes &= np.where(known, good, floors.unmeasured)
    return passes


def _paid_now(
    market: MarketSnapshot, lines: Sequence[ProfileLine], match: Ints, cost: Ints, products: Ints, held: Sequence[Held]
) -> list[int | None]:  # fmt: skip
    """The cheapest of the products held, at negotiated rates where there are."""
    found: list[int | None] = [None] * len(lines)
    codes = market.codes["code"]
    for one in held:
        place = int(np.searchsorted(products, one.product_id))
        listed = place < len(products) and products[place] == one.product_id
        rates: Mapping[str, tuple[int, bool]] = {code: (nanos, below) for code, nanos, below in one.rates}
        for n, line in enumerate(lines):
            price = int(cost[n, place]) if listed and cost[n, place] < NONE else None
            known = len(codes[int(match[n, place])].as_py()) if listed and match[n, place] >= 0 else 0
            for length in range(len(line.code), 0, -1):
                rate = rates.get(line.code[:length])
                if rate is not None:
                    if length >= known or (rate[1] and price is not None):
                        price = rate[0]
                    break
            if price is not None and (found[n] is None or price < (found[n] or 0)):
                found[n] = price
    return found


def _summed(lines: list[Chosen]) -> Basket:
    both = [one for one in lines if one.saving_nanos is not None]
    sellers: dict[str, list[int]] = {}
    for one in lines:
        if one.offer is not None:
            sums = sellers.setdefault(one.offer["seller"], [0, 0, 0])
            for place, value in enumerate((1, one.line.minutes, one.amount_nanos)):
                sums[place] += value
    return Basket(
        lines, sum(one.amount_nanos for one in lines), sum(one.line.minutes * (one.paid_nanos or 0) for one in both),
        sum(one.saving_nanos or 0 for one in both), len(both),
        sorted(((name, s[0], s[1], s[2]) for name, s in sellers.items()), key=lambda s: (-s[3], s[0])),
    )  # fmt: skip
