"""Cells of one column as clean Arrow strings."""

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
    if pc.any(pc.match_substring_regex(array, _ODD)).as_py():
        array = pc.replace_substring_regex(array, _ODD, " ")
    array = pc.utf8_trim_whitespace(array)
    if pc.any(pc.starts_with(array, "'")).as_py():
        array = pc.utf8_ltrim(array, "'")
    return array
