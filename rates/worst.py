"""A deck with layers as somebody without a caller must read it: every code at the dearest price any call to it may cost."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates.book import Book
from rates.keys import LAYER, Keys, codes_of
from rates.schema import INSTANT, OPEN, is_layered


def for_anybody(table: pa.Table) -> pa.Table:
    """A timeline (rates.schema.TIMELINE) without layers: at every instant each code of any layer has the dearest of the prices that the
    layers give it, each by its own longest match; blocked or closed only where every layer is. Decks without layers come back as
    they are. `code` is then the code asked for, the other columns are those of the row that prices it."""
    if not is_layered(table):
        return table
    starts = table["effective_from"].cast(pa.int64()).to_numpy()
    ends = pc.fill_null(table["effective_until"].cast(pa.int64()), np.iinfo(np.int64).max).to_numpy()
    instants = np.unique(np.concatenate([starts, ends[ends < np.iinfo(np.int64).max]]))
    parts = []
    for number, at in enumerate(instants.tolist()):
        alive = (starts <= at) & (ends > at)
        if not alive.any():
            continue
        until = int(instants[number + 1]) if number + 1 < len(instants) else None
        parts.append(_dearest(table.filter(pa.array(alive)), at, until))
    return _joined(pa.concat_tables(parts)) if parts else table.slice(0, 0)


def _dearest(view: pa.Table, at: int, until: int | None) -> pa.Table:
    """One row a code, in force from `at` until `until` (microseconds)."""
    book = Book.of(view)
    codes: Keys = np.unique(book.keys % LAYER)
    when = np.full(len(codes), at, np.int64)
    best = np.full(len(codes), -1, np.int64)
    worth = np.full(len(codes), -2, np.int64)
    for layer in np.unique(book.keys // LAYER).tolist():
        found = book.lookup.longest(codes + layer * LAYER, when)
        place = np.maximum(found, 0)
        price = np.where(found < 0, -2, np.where(book.status[place] == OPEN, book.long[place], -1))
        better = price > worth
        best[better], worth[better] = found[better], price[better]
    rows = view.take(pa.array(best))
    instant = pa.array(when, pa.int64()).cast(INSTANT)
    end = pa.array([until] * len(codes), pa.int64()).cast(INSTANT)
    none = pa.nulls(len(codes), pa.utf8())
    changed = {
        "code": codes_of(codes), "effective_from": instant, "effective_until": end, "origin": none, "jurisdiction": none,
    }  # fmt: skip
    return pa.table([changed.get(name, rows[name]) for name in rows.column_names], schema=view.schema)


def _joined(table: pa.Table) -> pa.Table:
    """Pieces that follow each other and say the same as one row."""
    table = table.sort_by([("code", "ascending"), ("effective_from", "ascending")]).combine_chunks()
    says = [name for name in table.column_names if not name.startswith("effective")]
    same = np.ones(max(table.num_rows - 1, 0), bool)
    for name in says:
        column = table[name].combine_chunks()
        if column.null_count == len(column):
            continue
        codes = pc.dictionary_encode(column, null_encoding="encode").indices.to_numpy(zero_copy_only=False)
        same &= codes[1:] == codes[:-1]
    start = table["effective_from"].cast(pa.int64()).to_numpy()
    end = pc.fill_null(table["effective_until"].cast(pa.int64()), np.iinfo(np.int64).max).to_numpy()
    same &= start[1:] == end[:-1]
    first = np.flatnonzero(np.append(True, ~same))
    last = np.append(first[1:], table.num_rows) - 1
    until = table["effective_until"].take(pa.array(last))
    kept = table.take(pa.array(first))
    return kept.set_column(
        kept.column_names.index("effective_until"), kept.schema.field("effective_until"), until
    )
