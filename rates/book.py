"""A timeline (or the typed rows of a deck) as columns of numbers, ready for comparison."""

from dataclasses import dataclass, field
from functools import cached_property

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
        return amount60(
            self.rate, self.first_rate, self.fee, self.initial, self.following, self.free, seconds
        )

    @cached_property
    def short(self) -> Ints:
        return self.amount(SHORT)

    @cached_property
    def long(self) -> Ints:
        return self.amount(LONG)

    @cached_property
    def currency(self) -> npt.NDArray[np.object_]:
        return np.asarray(self.table["currency"].to_pandas(), dtype=object)

    @cached_property
    def destination(self) -> pa.Array:
        column = self.table["destination"]
        return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column

    def terms_key(self) -> npt.NDArray[np.void]:
        """Everything priced beside the rate, comparable row by row."""
        return np.stack([self.first_rate, self.fee, self.initial, self.following, self.free], axis=1)
