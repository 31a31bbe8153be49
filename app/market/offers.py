"""The market's offers ready to be filtered, counted and put in order: columns as numbers, each order made once.

Half a million offers are browsed in some ten milliseconds because nothing here is done twice for one market: ratios,
categories and orders are kept with the snapshot, and a question only combines masks over them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.market.reputation import NAMES

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]

RATIOS = {"asr": ("answered", "attempts", 1_000_000, 30), "acd": ("talk_ms", "answered", 1, 20),
          "pdd": ("pdd_ms_sum", "pdd_samples", 1, 10), "mos": ("mos_milli_sum", "mos_samples", 1, 10)}  # fmt: skip
SAID = ("country_name", "destination", "seller", "product")
"""What a word of the search box is looked for in."""
# Later keys of every order, so that pages never overlap.
TIES = ("eff180", "product_id", "country", "destination")
ORDERED = {b"order": b",".join(name.encode() for name in TIES)}
"""Schema metadata of a table whose rows already stand in the order of TIES."""


class Offers:
    """Over a table of groups (app.market.assemble); `fresh_best`: value is measured against these rows only."""

    def __init__(self, groups: pa.Table, *, fresh_best: bool = False) -> None:
        self.empty = "eff180" not in groups.column_names or groups.num_rows == 0
        self.table = groups if self.empty else _extended(groups, fresh_best)
        self.size = 0 if self.empty else groups.num_rows
        self._numbers: dict[str, tuple[Ints, Mask]] = {}
        self._categories: dict[str, tuple[NDArray[np.int32], list[Any]]] = {}
        self._folded: dict[str, list[str]] = {}
        self._firsts: dict[str, Ints] = {}
        self._orders: dict[tuple[str, bool], NDArray[np.int64]] = {}

    def numbers(self, name: str) -> tuple[Ints, Mask]:
        """(values with 0 for null, where there is a value)."""
        found = self._numbers.get(name)
        if found is None:
            column = self.table[name]
            valid = column.is_valid().to_numpy()
            values = pc.fill_null(column, 0).to_numpy().astype(np.int64, copy=False)
            found = self._numbers[name] = (values, np.asarray(valid, dtype=bool))
        return found

    def category(self, name: str) -> tuple[NDArray[np.int32], list[Any]]:
        """(number of the value by row, the values)."""
        found = self._categories.get(name)
        if found is None:
            encoded = self.table[name].combine_chunks().dictionary_encode()
            if isinstance(encoded, pa.ChunkedArray):
                encoded = encoded.chunk(0)
            codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
            found = self._categories[name] = (codes, encoded.dictionary.to_pylist())
        return found

    def among(self, name: str, values: tuple[Any, ...]) -> Mask:
        """Rows whose category is one of these."""
        codes, known = self.category(name)
        wanted = np.array([value in values for value in known] or [False])
        mask: Mask = wanted[codes]
        return mask

    def saying(self, word: str) -> Mask:
        """Rows that say `word`, which is casefolded: every name is looked at once, however many rows bear it."""
        mask: Mask = np.zeros(self.size, dtype=bool)
        for name in SAID:
            codes, known = self.category(name)
            folded = self._folded.get(name)
            if folded is None:
                folded = self._folded[name] = [str(value).casefold() for value in known]
            hits = np.fromiter((word in text for text in folded), dtype=bool, count=len(folded))
            if hits.any():
                mask |= hits[codes]
        return mask

    def counts(self, name: str, rows: Mask) -> list[tuple[Any, int, int]]:
        """(value, how many of the rows, position of one of its rows) for values that occur."""
        codes, known = self.category(name)
        found = np.bincount(codes[rows], minlength=len(known))
        firsts = self._firsts.get(name)
        if firsts is None:
            firsts = self._firsts[name] = np.zeros(len(known), np.int64)
            firsts[codes[::-1]] = np.arange(self.size - 1, -1, -1)
        return [
            (known[n], int(count), int(first))
            for n, (count, first) in enumerate(zip(found, firsts, strict=True))
            if count
        ]

    def order(self, columns: tuple[str, ...], descending: bool) -> NDArray[np.int64]:
        """Positions of all rows by these columns (nulls last), then by TIES."""
        key = (",".join(columns), descending)
        found = self._orders.get(key)
        if found is None:
            found = self._ties()
            for name in reversed(columns):
                ranks, valid = self._ranks(name)
                wanted = np.where(valid, -ranks if descending else ranks, np.iinfo(np.int64).max)
                found = found[np.argsort(wanted[found], kind="stable")]
            self._orders[key] = found
        return found

    def _ties(self) -> NDArray[np.int64]:
        found = self._orders.get(("", False))
        if found is None:
            if (self.table.schema.metadata or {}).get(b"order") == ORDERED[b"order"]:
                found = np.arange(self.size, dtype=np.int64)
            else:
                found = order_of_ties(self.table)
            self._orders[("", False)] = found
        return found

    def _ranks(self, name: str) -> tuple[Ints, Mask]:
        """Numbers that sort as the column does."""
        if pa.types.is_integer(self.table.schema.field(name).type):
            return self.numbers(name)
        codes, known = self.category(name)
        places = np.empty(max(1, len(known)), dtype=np.int64)
        places[sorted(range(len(known)), key=lambda n: (known[n] is None, known[n] or ""))] = np.arange(
            len(known)
        )
        return places[codes], np.ones(self.size, dtype=bool)


def order_of_ties(groups: pa.Table) -> NDArray[np.int64]:
    """Positions by TIES, ascending."""
    keys = [(name, "ascending", "at_end") for name in TIES]
    found: NDArray[np.int64] = pc.sort_indices(groups, sort_keys=keys).to_numpy().astype(np.int64)
    return found


def _extended(table: pa.Table, fresh_best: bool) -> pa.Table:
    """Adds the ratios (null below the minimum of samples), `value_ppm`, and `beats` where the search was not by number."""
    if "beats" not in table.column_names:
        table = table.append_column("beats", pa.nulls(table.num_rows, pa.list_(pa.utf8())))
    for name in NAMES:
        if name not in table.column_names:  # a market built before there was reputation
            table = table.append_column(name, pa.nulls(table.num_rows, pa.int64()))
    for name, (over, under, factor, least) in RATIOS.items():
        samples = table[under].to_numpy()
        values = table[over].to_numpy() * factor // np.maximum(samples, 1)
        table = table.append_column(name, pa.array(values, pa.int64(), mask=samples < least))
    cost = np.maximum(table["eff180"].to_numpy(), 1)
    best = np.full_like(cost, cost.min()) if fresh_best else np.maximum(table["best180"].to_numpy(), 1)
    value = 500_000 * best // cost + table["quality_ppm"].to_numpy() // 2
    return table.append_column("value_ppm", pa.array(value, pa.int64()))
