"""A timeline (or the typed rows of a deck) as columns of numbers, ready for comparison."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rates.keys import Keys, keys_of
from rates.layers import Layers
from rates.lookup import FOREVER, Lookup
from rates.price import LONG, SHORT, amount60
from rates.schema import TIMELINE, completed

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Book:
    """`end` is FOREVER where the interval is open; `first_rate` −1 where it equals `rate`. Row i of every column is row i of `table`."""

    table: pa.Table
    keys: Keys
    start: Ints
    end: Ints
    rate: Ints
    first_rate: Ints
    fee: Ints
    initial: Ints
    following: Ints
    free: Ints
    status: Ints
    layers: Layers = field(default_factory=Layers)

    @classmethod
    def of(cls, table: pa.Table | None, layers: Layers | None = None) -> "Book":
        """`layers`: those of the book this one is compared with, so that keys of both mean the same."""
        table = TIMELINE.empty_table() if table is None else completed(table)
        layers = layers or Layers()

        def ints(name: str, null: int = -1) -> Ints:
            column = pc.cast(table[name], pa.int64())
            found: Ints = pc.fill_null(column, null).to_numpy() if column.null_count else column.to_numpy()
            return found

        return cls(
            table,
            keys_of(table["code"]) + layers.of(table),
            ints("effective_from", 0),
            ints("effective_until", FOREVER),
            ints("rate_nanos"),
            ints("first_rate_nanos"),
            ints("connect_fee_nanos"),
            ints("initial_increment"),
            ints("next_increment"),
            ints("free_seconds"),
            ints("status"),
            layers,
        )

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def lookup(self) -> Lookup:
        return Lookup(self.keys, self.start, self.end, self.layers)

    def amount(self, seconds: int) -> Ints:
        """Nanos × 60 of one call under each row."""
        return amount60(*self.call_columns(), seconds)

    def cost(self, rows: Ints, seconds: int) -> Ints:
        """Nanos × 60 of one call under each of these rows; zeros where the book is empty (`rows` are then placeholders)."""
        if not len(self):
            return np.zeros(len(rows), np.int64)
        rate, first, fee, initial, following, free = (column[rows] for column in self.call_columns())
        return amount60(rate, first, fee, initial, np.maximum(following, 1), free, seconds)

    @cached_property
    def short(self) -> Ints:
        return self.amount(SHORT)

    @cached_property
    def long(self) -> Ints:
        return self.amount(LONG)

    @cached_property
    def currency_ids(self) -> npt.NDArray[np.int16]:
        """Place of each row's currency in CURRENCIES."""
        encoded = pc.dictionary_encode(_whole(self.table["currency"]))
        ids = np.array([_currency_id(name) for name in encoded.dictionary.to_pylist()] or [0], np.int16)
        found: npt.NDArray[np.int16] = ids[encoded.indices.to_numpy(zero_copy_only=False)]
        return found

    @cached_property
    def destination(self) -> pa.Array:
        return _whole(self.table["destination"])

    @cached_property
    def codes(self) -> pa.Array:
        return _whole(self.table["code"])

    def call_columns(self) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
        """Arguments of price.amount60, but for the seconds."""
        return self.rate, self.first_rate, self.fee, self.initial, self.following, self.free

    def priced_columns(self) -> tuple[npt.NDArray[Any], ...]:
        """All that makes the price of a call."""
        return (*self.call_columns(), self.currency_ids)


CURRENCIES: list[str] = []
"""Names by currency id, as they were met."""


def _currency_id(name: str) -> int:
    if name not in CURRENCIES:
        CURRENCIES.append(name)
    return CURRENCIES.index(name)


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
