"""The two clocks resolved: the latest-received deck wins for every instant from its effective date, nothing before changes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates.book import Book, Ints
from rates.closing import Closing, closing_rows, plan_closing
from rates.diff import RowPlan, plan_rows
from rates.keys import Keys, by_code, keys_of
from rates.lookup import FOREVER
from rates.notice import Terms
from rates.rules import jurisdiction_rules, merged_origin, origin_rules, with_rules
from rates.schema import CLOSED, INSTANT, TIMELINE, completed, is_layered
from rates.stamp import stamp

PAST = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Merged:
    """The plan of a deck and the candidate timeline that carries it out."""

    current: Book
    plan: RowPlan
    closing: Closing
    timeline: pa.Table
    fx: dict[str, str]

    @cached_property
    def after(self) -> Book:
        """The candidate as a book, its layers numbered as in `current`."""
        return Book.of(self.timeline, self.current.layers)

    def let_go(self) -> None:
        """Forget `after`, which is made anew when asked for: at a million codes the next step can use its room."""
        self.__dict__.pop("after", None)


@dataclass(frozen=True)
class Left:
    """Pieces of a book's rows, in its order: place of the row, its key, and from when until when the piece holds."""

    rows: Ints
    keys: Keys
    start: Ints
    end: Ints


def apply(current: pa.Table | None, rows: pa.Table, terms: Terms) -> pa.Table:
    """Timeline (schema.TIMELINE) after a deck (schema.ROWS) has been received. `current` None = the offer's first deck."""
    return merge(current, rows, terms).timeline


def merge(current: pa.Table | None, rows: pa.Table, terms: Terms) -> Merged:
    """Plan and carry out. Raises rates.diff.MissingRateOfExchange."""
    rows = completed(rows)
    book = Book.of(current)
    plan = plan_rows(book, rows, terms)
    closing = plan_closing(book, plan, terms)
    write = plan.effective & ~plan.unchanged
    keep_row = write if terms.options.unlisted_rule != "parent" else write & (plan.book.status != CLOSED)
    at = np.flatnonzero(keep_row)
    new = stamp(rows.take(pa.array(at)), plan.start[at], plan.end[at], terms)
    extra = closing_rows(book, rows, closing, terms)
    keys = np.concatenate([plan.book.keys[write], closing.keys])
    start = np.concatenate([plan.start[write], np.full(len(closing.keys), closing.at_us, np.int64)])
    end = np.concatenate([plan.end[write], np.full(len(closing.keys), FOREVER, np.int64)])
    left = erase(book, keys, start, end)
    parts = [book.table, new] if extra is None else [book.table, new, extra]
    table = _put_together([part.cast(TIMELINE) for part in parts], left)
    whole = terms.options.mode == "full"
    timeline = with_rules(
        table,
        merged_origin(origin_rules(book.table), origin_rules(rows), _groups(table), whole=whole),
        jurisdiction_rules(rows) or (None if whole else jurisdiction_rules(book.table)),
    )
    return Merged(book, plan, closing, timeline, terms.fx)


def _put_together(parts: list[pa.Table], left: Left) -> pa.Table:
    """What is left of the first part, and the others whole, sorted by code, layer and beginning. Every cell is copied once."""
    start, end = (
        np.concatenate([mine, *(_micros(part[name], null) for part in parts[1:])])
        for mine, name, null in ((left.start, "effective_from", PAST), (left.end, "effective_until", FOREVER))
    )
    rows = np.concatenate([left.rows, np.arange(len(parts[0]), sum(map(len, parts)))])
    table = pa.concat_tables(parts)
    layered = is_layered(table)
    if not layered:
        # Numbers that are sorted in parts are merged, texts would be sorted anew.
        keys = np.concatenate([left.keys, *(keys_of(part["code"]) for part in parts[1:])])
        order = by_code(keys, start)
        rows, start, end = rows[order], start[order], end[order]
    table = table.take(pa.array(rows)).combine_chunks()
    columns = {
        "effective_from": pa.array(start, pa.int64()),
        "effective_until": pa.array(end, pa.int64(), mask=end == FOREVER),
    }
    for name, column in columns.items():
        table = table.set_column(TIMELINE.get_field_index(name), TIMELINE.field(name), column.cast(INSTANT))
    if layered:
        names = ("code", "origin", "jurisdiction", "effective_from")
        table = table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in names]))
    return table.combine_chunks()


def _micros(column: pa.ChunkedArray, null: int) -> Ints:
    found: Ints = pc.fill_null(pc.cast(column, pa.int64()), null).to_numpy()
    return found


def _groups(table: pa.Table) -> list[str]:
    """Origin groups that have a price anywhere in the timeline."""
    return [name for name in pc.unique(table["origin"]).to_pylist() if name]


def erase(book: Book, keys: Keys, start: Ints, end: Ints) -> Left:
    """The book without the windows `[start, end)` of `keys` (disjoint per code): rows are cut, split or dropped."""
    if not len(keys) or not len(book):
        return Left(np.arange(len(book)), book.keys, book.start, book.end)
    order = by_code(keys, start)
    keys, start, end = keys[order], start[order], end[order]
    begins = np.append(True, keys[1:] != keys[:-1])
    last = np.append(begins[1:], True)
    # What is left of a code: from ever to its first window, and after each window to the next.
    code = np.concatenate([np.arange(int(begins.sum())), np.cumsum(begins) - 1])
    gap_start = np.concatenate([np.full(int(begins.sum()), PAST, np.int64), end])
    gap_end = np.concatenate([start[begins], np.where(last, FOREVER, np.append(start[1:], FOREVER))])
    low, high = book.lookup.spans(keys[begins])
    low, counts = low[code], (high - low)[code]
    gap = np.repeat(np.arange(len(code)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    row = book.lookup.order[np.repeat(low, counts) + within]
    untouched = np.ones(len(book), bool)
    untouched[row] = False
    piece_start, piece_end = (
        np.maximum(book.start[row], gap_start[gap]),
        np.minimum(book.end[row], gap_end[gap]),
    )
    alive = piece_start < piece_end
    row, piece_start, piece_end = row[alive], piece_start[alive], piece_end[alive]
    rest = np.flatnonzero(untouched)
    rows = np.concatenate([rest, row])
    start = np.concatenate([book.start[rest], piece_start])
    end = np.concatenate([book.end[rest], piece_end])
    order = np.lexsort((start, rows))
    rows = rows[order]
    return Left(rows, book.keys[rows], start[order], end[order])


__all__ = ["Merged", "Terms", "apply", "merge"]
