"""The whole row behind each problem, as it stands in the file: what a person mends and sends again."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates import problems
from rates.read.raw import RawSheet

SCHEMA: Final = problems.SCHEMA.append(pa.field("cells", pa.list_(pa.utf8())))
"""Stored problems. cells: texts of the row from column A on; null where a problem names no row."""

CELLS: Final = 4_000_000
TEXT: Final = 1_000
"""Bounds of one check: cells kept in all, characters kept of each."""


def with_cells(found: pa.Table, sheets: Sequence[RawSheet]) -> pa.Table:
    """`found` (rates.problems.SCHEMA) as SCHEMA. Rows beyond the bound of all cells keep null."""
    rows = pc.fill_null(found["row"], 0).to_numpy()
    names = np.array(pc.fill_null(found["sheet"], "").to_pylist(), dtype=object)
    left, places, parts = CELLS, [], []
    for sheet in sheets:
        width = sheet.frame.shape[1]
        here = (names == sheet.name) | ((names == "") & (len(sheets) == 1))
        chosen = np.flatnonzero(here & (rows >= 1) & (rows <= sheet.rows))[: left // max(width, 1)]
        left -= len(chosen) * width
        places.append(chosen)
        parts.append(_lists(sheet, rows[chosen] - 1))
    order = np.concatenate([*places, np.empty(0, np.int64)]).astype(np.int64)
    # Place of each problem's list in what was collected; none = null.
    where = np.full(found.num_rows, -1, np.int64)
    where[order] = np.arange(len(order))
    lists = pa.concat_arrays([pa.array([], SCHEMA.field("cells").type), *parts])
    cells = lists.take(pa.array(where, mask=where < 0))
    return pa.Table.from_arrays([*found.columns, cells], schema=SCHEMA)


def _lists(sheet: RawSheet, positions: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> pa.Array:
    """One list of texts for each position (0-based) of the sheet's rows."""
    count, width = len(positions), sheet.frame.shape[1]
    columns = [
        pc.utf8_slice_codeunits(
            pa.array(sheet.frame[index].iloc[positions], pa.utf8(), from_pandas=True), 0, TEXT
        )
        for index in range(width)
    ]
    by_column = pa.concat_arrays([pa.array([], pa.utf8()), *columns])
    by_row = by_column.take(pa.array(np.arange(count * width).reshape(width, count).T.ravel()))
    return pa.ListArray.from_arrays(pa.array(np.arange(count + 1) * width, pa.int32()), by_row)
