"""Browse the market: from filters to the rows of a page, by Arrow compute over mapped columns.

A number or code is matched inside every product first (longest code wins; a blocked or closed match removes the
product), as the core does, and priced by the matched code. Text finds countries, destinations, sellers, products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.market.filters import CHANGES, PRICES, QUALITY, Filters
from app.market.offers import Ints, Mask, Offers
from app.market.snapshot import MarketSnapshot

PAGE = 50
# What the matched code says in place of its group, in a search by number.
OWN = (
    "rate_nanos",
    "connect_fee_nanos",
    "initial_increment",
    "next_increment",
    "free_seconds",
    "eff60",
    "eff180",
    "next_at",
    "next_rate",
)
TABS = {"cheapest": ("eff180", False), "quality": ("quality_ppm", True), "value": ("value_ppm", True)}
# Sorts whose word is not the column's own.
COLUMNS = {"rate": ("rate_nanos",), "quality": ("quality_ppm",), "value": ("value_ppm",), "change": ("next_ppm",),
           "reputation": ("reputation_ppm",),
           "destination": ("country_name", "destination")}  # fmt: skip


@dataclass(frozen=True)
class Facet:
    """One chip: `value` for the query string, `label` for people, how many offers it would leave."""

    value: Any
    label: str
    count: int
    on: bool


@dataclass(frozen=True)
class Result:
    """`rows`: one page, plain dicts. `tops`: best price (base nanos a minute, 180 s) by ranking tab."""

    rows: list[dict[str, Any]]
    total: int
    pages: int
    facets: dict[str, list[Facet]]
    tops: dict[str, int | None]
    by_number: bool


def browse(
    market: MarketSnapshot, filters: Filters, *, watched: Sequence[str] = (), size: int = PAGE
) -> Result:
    """One page of offers that fit, in order of the tab or column chosen; ties by cost, product and destination."""
    offers, found, by_number = candidates(market, filters, watched)
    if offers.empty:
        return Result([], 0, 1, {}, dict.fromkeys(TABS), by_number)
    masks = _masks(offers, filters)
    shown = _all(found, masks)
    picked = _ordered(offers, shown, *_sort_of(filters))
    pages = max(1, -(-len(picked) // size))
    start = (min(filters.page, pages) - 1) * size
    rows = offers.table.take(pa.array(picked[start : start + size])).to_pylist()
    tops = {tab: _top(offers, shown, tab) for tab in TABS}
    return Result(rows, len(picked), pages, _facets(offers, found, masks, filters), tops, by_number)


def everything(market: MarketSnapshot, filters: Filters, *, watched: Sequence[str] = ()) -> pa.Table:
    """All rows that fit, in order: what the CSV holds."""
    offers, found, _ = candidates(market, filters, watched)
    if offers.empty:
        return offers.table
    picked = _ordered(offers, _all(found, _masks(offers, filters)), *_sort_of(filters))
    return offers.table.take(pa.array(picked))


def candidates(market: MarketSnapshot, filters: Filters, watched: Sequence[str]) -> tuple[Offers, Mask, bool]:
    """The offers, which of them the search box finds (chips not yet applied), and whether it was a number."""
    offers = market.offers
    by_number = bool(filters.digits)
    if by_number and not offers.empty:
        offers = Offers(by_code(market, filters.digits), fresh_best=True)
    found = np.ones(offers.size, dtype=bool)
    if offers.empty:
        return offers, found, by_number
    if filters.watched:
        found &= _bools(pc.is_in(offers.table["key"], pa.array(list(watched), pa.utf8())))
    if not by_number:
        for word in filters.q.casefold().split():
            hit = None
            if len(word) == 2 and word.isalpha():
                hit = offers.among("country", (word.upper(),))
            if hit is None or not hit.any():
                hit = offers.saying(word)
            found &= hit
    return offers, found, by_number


def matches(market: MarketSnapshot, digits: str) -> dict[int, list[int]]:
    """Product -> positions in `codes` of its codes that are prefixes of `digits`, longest first."""
    found: dict[int, list[int]] = {}
    products = market.codes["product_id"]
    for length in range(len(digits), 0, -1):
        for position in market.rows_of_code(digits[:length]):
            found.setdefault(products[position].as_py(), []).append(position)
    return found


def by_code(market: MarketSnapshot, digits: str) -> pa.Table:
    """One row a product that prices the number: its group, with the price of the matched code."""
    found = matches(market, digits)
    codes = market.codes
    best = [positions[0] for positions in found.values()]
    taken = codes.take(pa.array(best, pa.int64()))
    beats = [[codes["code"][p].as_py() for p in positions[1:]] for positions in found.values()]
    priced = pc.greater_equal(taken["group"], 0)
    keep = [bool(one) for one in priced.to_pylist()]
    taken = taken.filter(priced)
    rows = market.groups.take(taken["group"])
    for name in OWN:
        rows = rows.set_column(rows.schema.get_field_index(name), name, taken[name])
    rows = rows.set_column(rows.schema.get_field_index("code"), "code", taken["code"])
    change = _change_ppm(taken)
    rows = rows.set_column(rows.schema.get_field_index("next_ppm"), "next_ppm", change)
    return rows.append_column(
        "beats", pa.array([b for b, k in zip(beats, keep, strict=True) if k], pa.list_(pa.utf8()))
    )


def _change_ppm(taken: pa.Table) -> pa.Array:
    pairs = zip(taken["rate_nanos"].to_pylist(), taken["next_rate"].to_pylist(), strict=True)
    return pa.array(
        [None if new is None or not old else (new - old) * 1_000_000 // old for old, new in pairs], pa.int64()
    )


def _masks(offers: Offers, filters: Filters) -> dict[str, Mask]:
    masks: dict[str, Mask] = {}
    for name, column, values in (
        ("class", "route_class", filters.classes), ("seller", "company_id", filters.sellers),
        ("country", "country", filters.countries), ("currency", "currency", filters.currencies),
    ):  # fmt: skip
        if values:
            masks[name] = offers.among(column, tuple(values))
    if filters.quality:
        masks["quality"] = np.logical_and.reduce([quality_mask(offers, name) for name in filters.quality])
    if filters.change:
        masks["change"] = change_mask(offers, filters.change)
    if filters.max_price_nanos is not None:
        masks["price"] = offers.numbers("eff180")[0] <= filters.max_price_nanos
    return masks


def quality_mask(offers: Offers, name: str) -> Mask:
    """Rows whose figure has enough samples and is good enough."""
    figure, least = {"measured": ("asr", 0), "asr40": ("asr", 400_000), "acd2": ("acd", 120_000), "pdd4": ("pdd", 4_000),
                     "mos38": ("mos", 3_800)}[name]  # fmt: skip
    values, valid = offers.numbers(figure)
    mask: Mask = valid & (values <= least if figure == "pdd" else values >= least)
    return mask


def change_mask(offers: Offers, name: str) -> Mask:
    """Rows by what is announced for them."""
    _, announced = offers.numbers("next_at")
    if name == "none":
        return ~announced
    _, priced = offers.numbers("next_rate")
    if name == "ending":
        return announced & ~priced
    change, known = offers.numbers("next_ppm")
    mask: Mask = known & (change > 0 if name == "up" else change < 0)
    return mask


def _bools(mask: Any) -> Mask:
    return np.asarray(
        mask.to_numpy(zero_copy_only=False) if isinstance(mask, pa.Array) else mask.to_numpy(), bool
    )


def _all(found: Mask, masks: dict[str, Mask], leave_out: str = "") -> Mask:
    chosen = [mask for name, mask in masks.items() if name != leave_out]
    return np.logical_and.reduce([found, *chosen]) if chosen else found


def _sort_of(filters: Filters) -> tuple[tuple[str, ...], bool]:
    if filters.sort:
        return COLUMNS.get(filters.sort, (filters.sort,)), filters.descending
    column, descending = TABS[filters.tab]
    return (column,), descending


def _ordered(offers: Offers, shown: Mask, columns: tuple[str, ...], descending: bool) -> Ints:
    order = offers.order(columns, descending)
    picked: Ints = order[shown[order]]
    return picked


def _top(offers: Offers, shown: Mask, tab: str) -> int | None:
    """Price of the first row of the tab."""
    column, descending = TABS[tab]
    order = offers.order((column,), descending)
    first = int(np.argmax(shown[order]))
    return int(offers.numbers("eff180")[0][order[first]]) if shown[order[first]] else None


def _facets(offers: Offers, found: Mask, masks: dict[str, Mask], filters: Filters) -> dict[str, list[Facet]]:
    """Counts per chip, each list without its own restriction, so that a choice never hides its alternatives."""
    facets: dict[str, list[Facet]] = {}
    for name, column, label, chosen in (
        ("class", "route_class", "route_class", filters.classes), ("seller", "company_id", "seller", filters.sellers),
        ("country", "country", "country_name", filters.countries), ("currency", "currency", "currency", filters.currencies),
    ):  # fmt: skip
        counts = offers.counts(column, _all(found, masks, leave_out=name))
        labels = offers.table[label].take(pa.array([first for _, _, first in counts], pa.int64())).to_pylist()
        listed = [Facet(v, text, n, v in chosen) for (v, n, _), text in zip(counts, labels, strict=True)]
        seen = {facet.value for facet in listed}
        listed += [Facet(value, str(value), 0, True) for value in chosen if value not in seen]
        facets[name] = sorted(listed, key=lambda facet: (not facet.on, -facet.count, facet.label))
    rest = _all(found, masks, leave_out="quality")
    facets["quality"] = [
        Facet(k, text, int(np.count_nonzero(rest & quality_mask(offers, k))), k in filters.quality)
        for k, text in QUALITY.items()
    ]
    rest = _all(found, masks, leave_out="change")
    facets["change"] = [
        Facet(k, text, int(np.count_nonzero(rest & change_mask(offers, k))), k == filters.change)
        for k, text in CHANGES.items()
    ]
    rest = _all(found, masks, leave_out="price")
    costs = offers.numbers("eff180")[0]
    facets["price"] = [
        Facet(text, f"≤ {text}", int(np.count_nonzero(rest & (costs <= nanos))), filters.max_price == text)
        for text, nanos in ((text, int(text.replace("0.", "").ljust(9, "0"))) for text in PRICES)
    ]
    return facets
