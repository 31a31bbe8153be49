"""Reads of a timeline: the deck as of an instant, and what changed between two."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates.difftable import diff_table
from rates.notice import Terms
from rates.options import DeckOptions
from rates.parse.dates import micros
from rates.schema import CLOSED, INSTANT, OPEN, is_layered
from rates.timeline import Merged, merge


def as_of(timeline: pa.Table, at: dt.datetime, *, open_only: bool = False) -> pa.Table:
    """Rows in force at an instant (schema.TIMELINE), one per code and layer. open_only leaves out blocked and closed ones."""
    instant = pa.scalar(micros(at), pa.int64()).cast(INSTANT)
    until = timeline["effective_until"]
    where = pc.and_(
        pc.less_equal(timeline["effective_from"], instant),
        pc.or_kleene(pc.is_null(until), pc.greater(until, instant)),
    )
    if open_only:
        where = pc.and_(where, pc.equal(timeline["status"], OPEN))
    return timeline.filter(where)


def changes_between(
    timeline: pa.Table, start: dt.datetime, end: dt.datetime, fx: dict[str, str] | None = None
) -> pa.Table:
    """What the deck of `end` differs in from the deck of `start` (schema.DIFF; UNCHANGED only for codes that are new at the
    price their numbers had before): labels by effective price and
    longest match, effective_from = when the later price began, CLOSED with what the code falls back to."""
    before, after = as_of(timeline, start), as_of(timeline, end)
    begins = after["effective_from"]
    rows = pa.table(
        {
            "row": after["deck_row"],
            **{
                name: after[name]
                for name in after.column_names
                if name not in ("effective_from", "effective_until", "deck_row")
            },
            "effective_from": pa.chunked_array(
                [pa.array(np.full(after.num_rows, micros(end)), pa.int64()).cast(INSTANT)]
            ),
            "effective_until": pa.nulls(after.num_rows, INSTANT),
        }
    )
    terms = Terms(
        received_us=micros(end),
        deck_from_us=micros(end),
        deck_id=0,
        options=DeckOptions(mode="full", late="accept", notice_days=0),
        fx=fx or {},
    )
    merged: Merged = merge(_open_ended(before), rows, terms)
    table = diff_table(merged, rows)
    place = pc.index_in(_named(table), _named(after))
    began = pc.coalesce(begins.take(place), _ended(timeline, table, end))
    table = table.set_column(table.column_names.index("effective_from"), "effective_from", began)
    shown = np.flatnonzero(merged.plan.effective | merged.plan.rejected)
    same = np.zeros(table.num_rows, bool)
    same[: len(shown)] = merged.plan.unchanged[shown]
    return table.filter(pa.array(~same))


def changed_rows(
    timeline: pa.Table, start: dt.datetime, end: dt.datetime, fx: dict[str, str] | None = None
) -> pa.Table:
    """A deck of changes only (schema.TIMELINE): rows in force at `end` that differ from `start`, and codes that are gone as rows
    of status closed. Received as a partial deck it makes the deck of `start` that of `end`."""
    changes = changes_between(timeline, start, end, fx)
    before, after = as_of(timeline, start), as_of(timeline, end)
    named = _texts_of(changes)
    present = after.filter(pc.is_in(_texts_of(after), value_set=named))
    closed = pc.and_(
        pc.is_in(_texts_of(before), value_set=named),
        pc.invert(pc.is_in(_texts_of(before), value_set=_texts_of(after))),
    )
    gone = before.filter(closed)
    began = changes["effective_from"].combine_chunks().take(pc.index_in(_texts_of(gone), value_set=named))
    columns = {
        "status": pa.array(np.full(gone.num_rows, CLOSED, np.int8)),
        "effective_from": pc.coalesce(began, pa.scalar(micros(end), pa.int64()).cast(INSTANT)),
        "effective_until": pa.nulls(gone.num_rows, INSTANT),
    }
    for name, column in columns.items():
        gone = gone.set_column(gone.column_names.index(name), gone.schema.field(name), column)
    return pa.concat_tables([present, gone])


def _texts_of(table: pa.Table) -> pa.Array:
    """Code and layer as one text, alike for tables with and without layers."""
    parts = [pc.fill_null(table[name], "") for name in ("code", "origin", "jurisdiction")]
    return pc.binary_join_element_wise(*(part.combine_chunks() for part in parts), "\x1f")


def _open_ended(table: pa.Table) -> pa.Table:
    place = table.schema.get_field_index("effective_until")
    return table.set_column(place, table.schema.field(place), pa.nulls(table.num_rows, INSTANT))


def _ended(timeline: pa.Table, codes: pa.Table, end: dt.datetime) -> pa.Array:
    """When the last interval of each code (and layer) before `end` ended; null where none did."""
    instant = pa.scalar(micros(end), pa.int64()).cast(INSTANT)
    past = timeline.filter(pc.less_equal(timeline["effective_until"], instant))
    ended = (
        pa.table({"named": _named(past), "effective_until": past["effective_until"]})
        .group_by("named")
        .aggregate([("effective_until", "max")])
    )
    return ended["effective_until_max"].take(pc.index_in(_named(codes), ended["named"]))


def _named(table: pa.Table) -> pa.ChunkedArray | pa.Array:
    """Code and layer of each row as one text."""
    if not is_layered(table):
        return table["code"]
    layer = (pc.fill_null(table[name], "") for name in ("origin", "jurisdiction"))
    return pc.binary_join_element_wise(table["code"], *layer, "\x1f")


__all__ = ["as_of", "changed_rows", "changes_between"]
