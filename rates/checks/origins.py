"""Where both readings of origin groups differ: the caller's list first, or the longest code first (domain: origin-based rating)."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates.book import Book
from rates.compared import Compared
from rates.decimals import decimal_texts
from rates.keys import LAYER, lengths
from rates.schema import OPEN


def check(deck: Compared) -> None:
    """A row for every caller whose longer code an origin group covers only with a shorter one, at another price."""
    book = deck.merged.plan.book
    layers = np.unique(book.keys // LAYER)
    if len(layers) < 2:
        return
    every = np.flatnonzero((book.keys < LAYER) & (book.status == OPEN))
    for layer in layers[layers > 0].tolist():
        group = book.lookup.inside(book.keys[every] + layer * LAYER, book.start[every])
        place = np.maximum(group, 0)
        shorter = (group >= 0) & (lengths(book.keys[place]) < lengths(book.keys[every]))
        differs = shorter & (book.status[place] == OPEN) & (book.long[place] != book.long[every])
        rows, theirs = every[differs], pa.array(place[differs])
        words = [
            _column(book, "origin").take(theirs), decimal_texts(book.rate[place[differs]]), "by group,",
            decimal_texts(book.rate[rows]), "by code",
        ]  # fmt: skip
        deck.say_of_rows("origin_conflict", rows, pc.binary_join_element_wise(*words, " "))


def _column(book: Book, name: str) -> pa.Array:
    column = book.table[name]
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
