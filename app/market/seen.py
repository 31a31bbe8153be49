"""The market as one company sees it: listings it is not invited to are not there, anonymous ones have no name.

What may be seen is read anew with every request (app/carriers/sight.py); the tables for it are made once for a market
and kept, since most companies see the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.carriers.sight import PRODUCT_MASK, SELLER_MASK, Sight
from app.market.snapshot import MarketSnapshot

KEPT = 8
SELLERS = 10**12
"""Anonymous sellers are numbered from here, one number a product."""

_lock = threading.Lock()
_views: OrderedDict[tuple[str, frozenset[int], frozenset[int]], MarketSnapshot] = OrderedDict()


def seen_with(market: MarketSnapshot, sight: Sight) -> MarketSnapshot:
    """The same market where nothing in it is hidden from or masked for the asker."""
    if not sight.unnamed or not market.groups.num_rows:
        return market
    there = frozenset(market.product_columns[0].tolist())
    key = (market.name, sight.hidden & there, sight.masked & there)
    if not key[1] and not key[2]:
        return market
    with _lock:
        found = _views.get(key)
        if found is None:
            found = _views[key] = _masked(_without(market, key[1]), key[2])
            while len(_views) > KEPT:
                _views.popitem(last=False)
        _views.move_to_end(key)
        return found


def of_companies(market: MarketSnapshot, company_ids: Sequence[int]) -> MarketSnapshot:
    """The market with the offers of these companies only."""
    return _kept(market, _among(market.groups, "company_id", company_ids))


def _without(market: MarketSnapshot, hidden: frozenset[int]) -> MarketSnapshot:
    return _kept(market, pc.invert(_among(market.groups, "product_id", hidden))) if hidden else market


def _among(table: pa.Table, column: str, ids: Iterable[int]) -> pa.ChunkedArray:
    return pc.is_in(table[column], pa.array(sorted(ids), table[column].type))


def _kept(market: MarketSnapshot, kept: pa.ChunkedArray) -> MarketSnapshot:
    groups = market.groups.filter(kept)
    codes = _regrouped(market, kept)
    codes = codes.filter(_among(codes, "product_id", groups["product_id"].unique().to_pylist()))
    keys = codes["code_key"].combine_chunks().to_numpy(zero_copy_only=False)
    return replace(market, groups=_best_again(groups), codes=codes, code_keys=keys)


def _best_again(groups: pa.Table) -> pa.Table:
    """`best180` among these offers only: that of all would tell the price of one that is not there."""
    if "best180" not in groups.column_names:
        return groups
    prices = groups.select(["country", "mobile", "eff180"]).to_pandas()
    best = prices.groupby(["country", "mobile"])["eff180"].transform("min").to_numpy(dtype=np.int64)
    place = groups.schema.get_field_index("best180")
    return groups.set_column(place, "best180", pa.array(best, groups["best180"].type))


def _regrouped(market: MarketSnapshot, kept: pa.ChunkedArray) -> pa.Table:
    """The codes, their `group` (a position) renumbered to the groups that are kept."""
    keep = np.asarray(kept.to_numpy(), dtype=bool)
    places = np.where(keep, np.cumsum(keep) - 1, -1).astype(np.int64)
    old = market.codes["group"].to_numpy()
    new = np.where(old >= 0, places[np.maximum(old, 0)] if len(places) else -1, -1)
    column = market.codes.schema.get_field_index("group")
    return market.codes.set_column(column, "group", pa.array(new, market.codes["group"].type))


def _masked(market: MarketSnapshot, masked: frozenset[int]) -> MarketSnapshot:
    """Seller, product and the company's number, which also are what a search finds them by."""
    if not masked:
        return market
    groups = market.groups
    where = _among(groups, "product_id", masked)
    number = groups["product_id"].cast(pa.utf8())
    seller = pc.binary_join_element_wise(SELLER_MASK, number, " ")
    product = pc.binary_join_element_wise(PRODUCT_MASK, number, " ")
    company = pc.add(groups["product_id"].cast(pa.int64()), SELLERS)
    said = {"seller": seller, "product": product, "company_id": company}
    for name, told in said.items():
        plain = groups[name].cast(told.type)
        place = groups.schema.get_field_index(name)
        groups = groups.set_column(place, name, pc.if_else(where, told, plain))
    return replace(market, groups=groups)
