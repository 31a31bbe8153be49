"""What a new version changes for whoever uses the product: from now on, at every instant at which something changes."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from app.decks.timelines import compare

INSTANT = pa.timestamp("us", tz="UTC")
INSTANTS = 366


def changes_from(before: pa.Table, after: pa.Table, now: datetime) -> pa.Table:
    """Codes whose price under `after` at some instant from `now` on differs from what `before` says for that instant.

    One row per code and instant at which the difference begins (columns of `compare`; CLOSED has the instant it closes);
    an unchanged price is left out. Both tables are rates.schema.TIMELINE."""
    parts, seen = [], None
    for at in _instants(before, after, now):
        found = compare(before, after, at, at)
        found = found.filter(pc.not_equal(found["label"], "UNCHANGED"))
        began = pc.fill_null(found["effective_from"], pa.scalar(at, INSTANT))
        began = pc.if_else(pc.less(began, pa.scalar(at, INSTANT)), pa.scalar(at, INSTANT), began)
        found = found.set_column(found.schema.get_field_index("effective_from"), "effective_from", began)
        marks = pc.binary_join_element_wise(
            found["code"], found["label"], pc.fill_null(pc.cast(found["new_rate_nanos"], pa.utf8()), ""),
            pc.fill_null(found["new_terms"], ""), "|",
        )  # fmt: skip
        if seen is not None and found.num_rows:
            found = found.filter(pc.invert(pc.is_in(marks, seen)))
        parts.append(found)
        seen = pa.chunked_array([marks]) if not isinstance(marks, pa.ChunkedArray) else marks
        seen = seen.combine_chunks()
    if not parts:
        return compare(before.slice(0, 0), after.slice(0, 0), now, now)
    return (
        pa.concat_tables(parts)
        .sort_by([("effective_from", "ascending"), ("code", "ascending")])
        .combine_chunks()
    )


def _instants(before: pa.Table, after: pa.Table, now: datetime) -> list[datetime]:
    """Now, and every later instant at which either timeline begins or ends a row; at most INSTANTS of them."""
    moment = pa.scalar(now, INSTANT)
    later: set[datetime] = set()
    for table in (before, after):
        for name in ("effective_from", "effective_until"):
            column = table[name]
            later.update(
                pc.unique(column.filter(pc.fill_null(pc.greater(column, moment), False))).to_pylist()
            )
    return [now, *sorted(later)[:INSTANTS]]
