"""Merged cells: a spreadsheet keeps the text in the first cell only; the people who made it mean it for every row."""

from collections.abc import Iterable

import pandas as pd

Range = tuple[tuple[int, int], tuple[int, int]]
"""((first row, first column), (last row, last column)), 0-based."""

_MOST = 200_000


def fill_down(frame: pd.DataFrame, ranges: Iterable[Range]) -> pd.DataFrame:
    """The text of every merged range of several rows in each of its rows, in the range's first column. Changes the frame."""
    by_column: dict[int, list[tuple[int, int]]] = {}
    for count, ((top, left), (bottom, _)) in enumerate(ranges):
        if count >= _MOST:
            break
        if bottom > top and left < frame.shape[1] and top < len(frame):
            by_column.setdefault(left, []).append((top, min(bottom, len(frame) - 1)))
    for column, spans in by_column.items():
        cells = frame[column].to_numpy(dtype=object, copy=True)
        for top, bottom in spans:
            if str(cells[top]).strip():
                below = cells[top + 1 : bottom + 1]
                below[below == ""] = cells[top]
        frame[column] = pd.Series(cells, index=frame.index, dtype=frame[column].dtype)
    return frame
