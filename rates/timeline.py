"""The two clocks resolved: the latest-received deck wins for every instant from its effective date, nothing before changes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rates.book import Book, Ints
from rates.closing import Closing, closing_rows, plan_closing
from rates.diff import RowPlan, plan_rows
from rates.keys import Keys
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
    new = stamp(rows.take(pa.array(at)), plan.book.keys[at], plan.start[at], plan.end[at], terms)
    extra = closing_rows(book, rows, closing, terms)
    keys = np.concatenate([plan.book.keys[write], closing.keys])
    start = np.concatenate([plan.start[write], np.full(len(closing.keys), closing.at_us, np.int64)])
    end = np.concatenate([plan.end[write], np.full(len(closing.keys), FOREVER, np.int64)])
    kept = erase(book, keys, start, end)
    table = pa.concat_tables([kept, new] if extra is None else [kept, new, extra])
    layer = [("origin", "ascending"), ("jurisdiction", "ascending")] if is_layered(table) else []
    order = pc.sort_indices(table, sort_keys=[("code", "ascending"), *layer, ("effective_from", "ascending")])
    whole = terms.options.mode == "full"
    timeline = with_rules(
        table.take(order).combine_chunks(),
        merged_origin(origin_rules(book.table), origin_rules(rows), _groups(table), whole=whole),
        jurisdiction_rules(rows) or (None if whole else jurisdiction_rules(book.table)),
    )
    return Merged(book, plan, closing, timeline, terms.fx)


def _groups(table: pa.Table) -> list[str]:
    """Origin groups that have a price anywhere in the timeline."""
    return [name for name in pc.unique(table["origin"]).to_pylist() if name]


def erase(book: Book, keys: Keys, start: Ints, end: Ints) -> pa.Table:
    """The timeline without the windows `[start, end)` of `keys` (disjoint per code): rows are cut, split or dropped."""
    if not len(keys) or not len(book):
        return book.table.cast(TIMELINE)
    order = np.lexsort((start, keys))
    keys, start, end = keys[order], start[order], end[order]
    begins = np.append(True, keys[1:] != keys[:-1])
    last = np.append(begins[1:], True)
    gap_keys = np.concatenate([keys[begins], keys])
    gap_start = np.concatenate([np.full(int(begins.sum()), PAST, np.int64), end])
    gap_end = np.concatenate([start[begins], np.where(last, FOREVER, np.append(start[1:], FOREVER))])
    by_key = np.argsort(book.keys, kind="stable")
    sorted_keys = book.keys[by_key]
    low, high = (
        np.searchsorted(sorted_keys, gap_keys, "left"),
        np.searchsorted(sorted_keys, gap_keys, "right"),
    )
    counts = high - low
    gap = np.repeat(np.arange(len(gap_keys)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    row = by_key[np.repeat(low, counts) + within]
    piece_start, piece_end = (
        np.maximum(book.start[row], gap_start[gap]),
        np.minimum(book.end[row], gap_end[gap]),
    )
    alive = piece_start < piece_end
    row, piece_start, piece_end = row[alive], piece_start[alive], piece_end[alive]
    untouched = np.flatnonzero(~pd.Index(book.keys).isin(keys))
    rows = np.concatenate([untouched, row])
    start = np.concatenate([book.start[untouched], piece_start])
    end = np.concatenate([book.end[untouched], piece_end])
    table = book.table.take(pa.array(rows))
    from_column = pa.array(start, pa.int64()).cast(INSTANT)
    until_column = pa.array(end, pa.int64(), mask=end == FOREVER).cast(INSTANT)
    table = table.set_column(
        TIMELINE.get_field_index("effective_from"), TIMELINE.field("effective_from"), from_column
    )
    table = table.set_column(
        TIMELINE.get_field_index("effective_until"), TIMELINE.field("effective_until"), until_column
    )
    return table.cast(TIMELINE)


__all__ = ["Merged", "Terms", "apply", "erase", "merge"]
