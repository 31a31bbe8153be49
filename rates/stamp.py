"""Rows of a deck as rows of a timeline."""

import numpy as np
import pyarrow as pa

from rates.book import Ints
from rates.keys import Keys, codes_of
from rates.lookup import FOREVER
from rates.notice import Terms
from rates.schema import INSTANT, LAYER_FIELDS, TIMELINE


def stamp(
    rows: pa.Table,
    start: Ints,
    end: Ints,
    terms: Terms,
    *,
    codes: Keys | None = None,
    status: int | None = None,
    destinations: pa.ChunkedArray | None = None,
) -> pa.Table:
    """Rows of a deck as timeline rows of these intervals. `codes`: instead of the rows' own."""
    count = rows.num_rows
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        name: rows[name] for name in TIMELINE.names if name in rows.column_names
    }
    if codes is not None:
        columns["code"] = codes_of(codes) if count else pa.array([], pa.utf8())
    if destinations is not None:
        columns["destination"] = destinations
    if status is not None:
        columns["status"] = pa.array(np.full(count, status, np.int8))
    columns["effective_from"] = pa.array(start, pa.int64()).cast(INSTANT)
    columns["effective_until"] = pa.array(end, pa.int64(), mask=end == FOREVER).cast(INSTANT)
    columns["received_at"] = pa.array(np.full(count, terms.received_us, np.int64)).cast(INSTANT)
    columns["deck_id"] = pa.array(np.full(count, terms.deck_id, np.int64))
    columns["deck_row"] = (
        rows["row"].cast(pa.int32()) if "row" in rows.column_names else pa.array(np.zeros(count, np.int32))
    )
    for field in LAYER_FIELDS:
        columns.setdefault(field.name, pa.nulls(count, field.type))
    return pa.table([columns[name] for name in TIMELINE.names], schema=TIMELINE)
