"""Codes in force that a full deck does not name: what becomes of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from rates.book import Book, Ints
from rates.country import countries_of
from rates.diff import RowPlan
from rates.keys import LAYER, Keys
from rates.lookup import FOREVER
from rates.notice import Terms
from rates.schema import CLOSED, OPEN
from rates.stamp import stamp


@dataclass(frozen=True)
class Closing:
    """keys: codes that close at `at_us`; old: row of the timeline that priced each last; replacement: row of the deck (index) that
    prices it from then on under the rule highest_in_country, −1 = none; marked = a `closed` row is written (rule block)."""

    keys: Keys
    old: Ints
    at_us: int
    replacement: Ints
    marked: bool


def plan_closing(current: Book, plan: RowPlan, terms: Terms) -> Closing:
    """Absent codes (full, full per country) and codes whose row says closed."""
    at_us, mode, rule = terms.closing_us, terms.options.mode, terms.options.unlisted_rule
    absent = np.zeros(len(current), bool)
    if mode in ("full", "full_per_country"):
        absent = (
            (current.end > at_us) & (current.status != CLOSED) & ~pd.Index(current.keys).isin(plan.book.keys)
        )
        if mode == "full_per_country" and absent.any():
            named = {name for name in countries_of(plan.book.keys) if name is not None}
            where = np.flatnonzero(absent)
            absent[where] = np.isin(countries_of(current.keys[where]).astype(str), list(named))
    at = np.flatnonzero(absent)
    order = at[np.lexsort((current.start[at], current.keys[at]))]
    keys, first = np.unique(current.keys[order], return_index=True)
    replacement = np.full(len(keys), -1, np.int64)
    if rule == "highest_in_country" and len(keys):
        replacement = _highest(plan, keys)
    return Closing(keys, order[first], at_us, replacement, rule != "parent")


def _highest(plan: RowPlan, keys: Keys) -> Ints:
    """The dearest open row of the deck (180 s) in each code's country and layer."""
    usable = np.flatnonzero((plan.book.status == OPEN) & plan.effective)
    countries = countries_of(plan.book.keys[usable]).astype(str)
    layers = plan.book.keys[usable] // LAYER
    dearest: dict[tuple[int, str], int] = {}
    for place in np.argsort(plan.book.long[usable], kind="stable"):
        dearest[int(layers[place]), countries[place]] = int(usable[place])
    asked = zip((keys // LAYER).tolist(), countries_of(keys).astype(str), strict=True)
    return np.array([dearest.get(pair, -1) for pair in asked], np.int64)


def closing_rows(current: Book, rows: pa.Table, closing: Closing, terms: Terms) -> pa.Table | None:
    """Timeline rows to write for closed codes: none (parent), status closed (block), or the country's highest rate."""
    if not closing.marked or not len(closing.keys):
        return None
    marked, priced = closing.replacement < 0, closing.replacement >= 0
    start, end = (
        np.full(len(closing.keys), closing.at_us, np.int64),
        np.full(len(closing.keys), FOREVER, np.int64),
    )
    old = current.table.select([name for name in rows.column_names if name in current.table.column_names])
    parts = []
    if marked.any():
        parts.append(
            stamp(
                old.take(pa.array(closing.old[marked])),
                start[marked],
                end[marked],
                terms,
                status=CLOSED,
            )
        )
    if priced.any():
        parts.append(
            stamp(
                rows.take(pa.array(closing.replacement[priced])),
                start[priced],
                end[priced],
                terms,
                codes=closing.keys[priced],
                destinations=old["destination"].take(pa.array(closing.old[priced])),
            )
        )
    return pa.concat_tables(parts)
