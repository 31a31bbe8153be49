"""Cells of one column as clean Arrow strings."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_ODD = "[\u00a0\u2007\u202f\u2009\ufeff\u200b]"


def clean(cells: pd.Series) -> pa.Array:
    """Trimmed text; exotic spaces become plain ones, a spreadsheet's leading apostrophe goes."""
    array = pa.array(cells)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    array = pc.cast(array, pa.utf8())
    if array.null_count:
        array = pc.fill_null(array, "")
    content = _bytes(array)
    if not content.isascii() and pc.any(pc.match_substring_regex(array, _ODD)).as_py():
        array = pc.replace_substring_regex(array, _ODD, " ")
    if not content.isascii() or any(space in content for space in _SPACES):
        array = pc.utf8_trim_whitespace(array)
    if b"'" in content and pc.any(pc.starts_with(array, "'")).as_py():
        # 's-Gravenhage and 't Harde are places; any other apostrophe in front is the spreadsheet's, and only the first
        mark = pc.and_(pc.starts_with(array, "'"), pc.invert(pc.match_substring_regex(array, "^'[st][- ]")))
        array = pc.if_else(mark, pc.utf8_slice_codeunits(array, 1), array)
    return array


_SPACES = (b" ", b"\t", b"\n", b"\r", b"\v", b"\f", b"\x1c", b"\x1d", b"\x1e", b"\x1f")


def _bytes(array: pa.Array) -> bytes:
    """All texts of a column run together: what is not in there need not be looked for row by row."""
    offsets = (
        np.frombuffer(array.buffers()[1], np.int32)[array.offset :] if len(array) else np.zeros(1, np.int32)
    )
    data = array.buffers()[2]
    return (
        b""
        if data is None
        else data.slice(int(offsets[0]), int(offsets[len(array)] - offsets[0])).to_pybytes()
    )
