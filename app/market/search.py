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
NUMBERS = {"eff60": "eff60", "eff180": "eff180", "rate": "rate_nanos", "quality": "quality_ppm", "value": "value_ppm",
           "change": "next_ppm", "asr": "asr", "acd": "acd", "pdd": "pdd", "mos": "mos"}  # fmt: skip
RATIOS = {"asr": ("answered", "attempts", 1_000_000, 30), "acd": ("talk_ms", "answered", 1, 20),
          "pdd": ("pdd_ms_sum", "pdd_samples", 1, 10), "mos": ("mos_milli_sum", "mos_samples", 1, 10)}  # fmt: skip


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
    """One page of offers that fit, in order of the tab or column chosen; ties by product and destination."""
    table, by_number = candidates(market, filters, watched)
    masks = _masks(table, filters)
    shown = _apply(table, masks, leave_out=None)
    order = sorted_positions(shown, filters)
    pages = max(1, -(-shown.num_rows // size))
    start = (min(filters.page, pages) - 1) * size
    rows = shown.take(order.slice(start, size)).to_pylist()
    tops = {tab: _top(shown, tab) for tab in ("cheapest", "quality", "value")}
    return Result(rows, shown.num_rows, pages, _facets(table, masks, filters), tops, by_number)


def everything(market: MarketSnapshot, filters: Filters, *, watched: Sequence[str] = ()) -> pa.Table:
    """All rows that fit, in order: what the CSV holds."""
    table, _ = candidates(market, filters, watched)
    shown = _apply(table, _masks(table, filters), leave_out=None)
    return shown.take(sorted_positions(shown, filters))


def candidates(market: MarketSnapshot, filters: Filters, watched: Sequence[str]) -> tuple[pa.Table, bool]:
    """Rows that the search box finds, chips not yet applied."""
    groups = market.groups
    if groups.num_rows == 0:
        return _extended(groups), bool(filters.digits)
    if filters.watched:
        groups = groups.filter(pc.is_in(groups["key"], pa.array(list(watched), pa.utf8())))
    if filters.digits:
        found = _by_number(market, groups, filters.digits)
        if filters.watched:
            found = found.filter(pc.is_in(found["key"], pa.array(list(watched), pa.utf8())))
        return _extended(found, fresh_best=True), True
    for word in filters.q.casefold().split():
        hit = pc.match_substring(groups["search"], word)
        if len(word) == 2 and word.isalpha():
            iso = pc.equal(groups["country"], word.upper())
            hit = iso if pc.any(iso).as_py() else hit
        groups = groups.filter(hit)
    return _extended(groups), False


def matches(market: MarketSnapshot, digits: str) -> dict[int, list[int]]:
    """Product -> positions in `codes` of its codes that are prefixes of `digits`, longest first."""
    found: dict[int, list[int]] = {}
    products = market.codes["product_id"]
    for length in range(len(digits), 0, -1):
        for position in market.rows_of_code(digits[:length]):
            found.setdefault(products[position].as_py(), []).append(position)
    return found


def _by_number(market: MarketSnapshot, groups: pa.Table, digits: str) -> pa.Table:
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


def _extended(table: pa.Table, *, fresh_best: bool = False) -> pa.Table:
    """Adds the ratios (null below the minimum of samples), `value_ppm`, and `beats` where the search was not by number."""
    if "eff180" not in table.column_names:
        return table
    if "beats" not in table.column_names:
        table = table.append_column("beats", pa.nulls(table.num_rows, pa.list_(pa.utf8())))
    for name, (over, under, factor, least) in RATIOS.items():
        samples = table[under].to_numpy()
        values = table[over].to_numpy() * factor // np.maximum(samples, 1)
        table = table.append_column(name, pa.array(values, pa.int64(), mask=samples < least))
    cost = np.maximum(table["eff180"].to_numpy(), 1)
    best = (
        np.full_like(cost, cost.min())
        if fresh_best and len(cost)
        else np.maximum(table["best180"].to_numpy(), 1)
    )
    value = 500_000 * best // cost + table["quality_ppm"].to_numpy() // 2
    return table.append_column("value_ppm", pa.array(value, pa.int64()))


def _masks(table: pa.Table, filters: Filters) -> dict[str, Any]:
    masks: dict[str, Any] = {}
    if "eff180" not in table.column_names:
        return masks
    for name, column, values in (
        ("class", "route_class", filters.classes), ("seller", "company_id", filters.sellers),
        ("country", "country", filters.countries), ("currency", "currency", filters.currencies),
    ):  # fmt: skip
        if values:
            masks[name] = pc.is_in(table[column], pa.array(list(values), table.schema.field(column).type))
    quality = [quality_mask(table, name) for name in filters.quality]
    if quality:
        masks["quality"] = _all(quality)
    if filters.change:
        masks["change"] = change_mask(table, filters.change)
    if filters.max_price_nanos is not None:
        masks["price"] = pc.less_equal(table["eff180"], filters.max_price_nanos)
    return masks


def quality_mask(table: pa.Table, name: str) -> Any:
    """Rows whose figure has enough samples and is good enough."""
    tests = {
        "measured": lambda: pc.is_valid(table["asr"]),
        "asr40": lambda: pc.greater_equal(table["asr"], 400_000),
        "acd2": lambda: pc.greater_equal(table["acd"], 120_000),
        "pdd4": lambda: pc.less_equal(table["pdd"], 4_000),
        "mos38": lambda: pc.greater_equal(table["mos"], 3_800),
    }
    return pc.fill_null(tests[name](), False)


def change_mask(table: pa.Table, name: str) -> Any:
    """Rows by what is announced for them."""
    if name == "none":
        return pc.is_null(table["next_at"])
    if name == "ending":
        return pc.and_(pc.is_valid(table["next_at"]), pc.is_null(table["next_rate"]))
    test = pc.greater if name == "up" else pc.less
    return pc.fill_null(test(table["next_ppm"], 0), False)


def _all(masks: list[Any]) -> Any:
    whole = masks[0]
    for mask in masks[1:]:
        whole = pc.and_(whole, mask)
    return whole


def _apply(table: pa.Table, masks: dict[str, Any], *, leave_out: str | None) -> pa.Table:
    chosen = [mask for name, mask in masks.items() if name != leave_out]
    return table.filter(_all(chosen)) if chosen else table


def sorted_positions(table: pa.Table, filters: Filters) -> Any:
    """Order of the rows: the chosen column or tab, then cost, product and destination, so that pages never overlap."""
    if "eff180" not in table.column_names:
        return pa.array([], pa.int64())
    keys: list[tuple[str, str]]
    if filters.sort:
        column = {"destination": "country_name", "seller": "seller"}.get(filters.sort) or NUMBERS[
            filters.sort
        ]
        keys = [(column, "descending" if filters.descending else "ascending")]
        if filters.sort == "destination":
            keys.append(("destination", keys[0][1]))
    else:
        keys = {"cheapest": [("eff180", "ascending")], "quality": [("quality_ppm", "descending")],
                "value": [("value_ppm", "descending")]}[filters.tab]  # fmt: skip
    for name in ("eff180", "product_id", "country", "destination"):
        if name not in dict(keys):
            keys.append((name, "ascending"))
    return pc.sort_indices(table, sort_keys=[(name, order, "at_end") for name, order in keys])


def _top(table: pa.Table, tab: str) -> int | None:
    if "eff180" not in table.column_names or table.num_rows == 0:
        return None
    first = sorted_positions(table, Filters(tab=tab))[0].as_py()
    price: int = table["eff180"][first].as_py()
    return price


def _facets(table: pa.Table, masks: dict[str, Any], filters: Filters) -> dict[str, list[Facet]]:
    """Counts per chip, each list without its own restriction, so that a choice never hides its alternatives."""
    if "eff180" not in table.column_names:
        return {}
    found = {}
    for name, column, label, chosen in (
        ("class", "route_class", "route_class", filters.classes), ("seller", "company_id", "seller", filters.sellers),
        ("country", "country", "country_name", filters.countries), ("currency", "currency", "currency", filters.currencies),
    ):  # fmt: skip
        rest = _apply(table, masks, leave_out=name)
        counts = (
            rest.group_by([column] if column == label else [column, label])
            .aggregate([([], "count_all")])
            .to_pylist()
        )
        facets = [Facet(row[column], row[label], row["count_all"], row[column] in chosen) for row in counts]
        seen = {facet.value for facet in facets}
        facets += [Facet(value, str(value), 0, True) for value in chosen if value not in seen]
        found[name] = sorted(facets, key=lambda facet: (not facet.on, -facet.count, facet.label))
    rest = _apply(table, masks, leave_out="quality")
    found["quality"] = [
        Facet(k, text, pc.sum(quality_mask(rest, k)).as_py() or 0, k in filters.quality)
        for k, text in QUALITY.items()
    ]
    rest = _apply(table, masks, leave_out="change")
    found["change"] = [
        Facet(k, text, pc.sum(change_mask(rest, k)).as_py() or 0, k == filters.change)
        for k, text in CHANGES.items()
    ]
    rest = _apply(table, masks, leave_out="price")
    prices = [(text, int(text.replace("0.", "").ljust(9, "0"))) for text in PRICES]
    found["price"] = [
        Facet(
            text,
            f"≤ {text}",
            pc.sum(pc.less_equal(rest["eff180"], nanos)).as_py() or 0,
            filters.max_price == text,
        )
        for text, nanos in prices
    ]
    return found
