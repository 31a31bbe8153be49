"""Signs that a whole file is not what it should be: cut off by a spreadsheet, or with the columns in each other's place."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates.keys import keys_of, lengths
from rates.lines import Lines

SHEET_ENDS = (65_536, 1_048_576)
"""Last rows an XLS and an XLSX sheet can hold: what came after them is lost."""
_MANY_WHOLE = 100


def truncated_rows(lines: Lines) -> None:
    if len(lines) and int(lines.rows[-1]) in SHEET_ENDS:
        last = np.zeros(len(lines), bool)
        last[-1] = True
        lines.judge(
            "truncated_rows",
            last,
            "code" if "code" in lines.texts else None,
            hint=f"The table ends at row {int(lines.rows[-1]):,}, the last one such a sheet can hold: ask for the rest, or for CSV.",
        )


def rate_like_code(lines: Lines) -> None:
    """Whole numbers where rates should be, that begin as the row's dial code does (or the other way round), or are high."""
    texts = lines.texts.get("rate")
    if texts is None or not len(lines):
        return
    whole = pc.match_substring_regex(texts, r"^[1-9]\d{1,14}$").to_numpy(zero_copy_only=False)
    if not whole.any():
        return
    rates = np.zeros(len(lines), np.int64)
    rates[whole] = keys_of(texts.filter(pa.array(whole)))
    sources = lines.values["code_source"]
    suspect = np.flatnonzero(whole[sources])
    codes, rate = keys_of(lines.texts["codes"].take(pa.array(suspect))), rates[sources[suspect]]
    short = np.minimum(lengths(codes), lengths(rate))
    alike = codes // 10 ** (lengths(codes) - short) == rate // 10 ** (lengths(rate) - short)
    found = np.zeros(len(lines), bool)
    found[sources[suspect[alike]]] = True
    found |= whole & (rates % 10 ** np.maximum(lengths(rates), 0) >= _MANY_WHOLE)
    if found.sum() * 100 >= lines.reading.thresholds.code_like_pct * len(lines):
        lines.judge(
            "rate_like_code",
            found,
            "rate",
            hint=f"{int(found.sum()):,} of {len(lines):,} rates look like dial codes: is the right column mapped?",
        )
