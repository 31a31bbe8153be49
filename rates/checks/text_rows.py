"""Headings and footers between the rows: no code and no rate, words where the code stands, the header again on the next page."""

import numpy as np
import pyarrow.compute as pc

from rates.fields import is_rate
from rates.lines import Lines, Mask


def check(lines: Lines) -> None:
    empty = np.ones(len(lines), bool)
    for name in ("code", "country_code", "area_code", "rate", "rate_peak"):
        if name in lines.texts:
            empty &= pc.equal(lines.texts[name], "").to_numpy(zero_copy_only=False)
    empty |= _headings(lines)
    lines.report("text_row", empty, next(iter(lines.texts), None), skip=True)


def _headings(lines: Lines) -> Mask:
    """Rows with words instead of a code and no rate; rows that repeat the headings."""
    rates = [name for name in lines.texts if is_rate(name)]
    code = next((name for name in ("code", "area_code", "country_code") if name in lines.texts), None)
    if code is None or not rates:
        return np.zeros(len(lines), bool)
    texts = lines.texts[code]
    no_rate = np.logical_and.reduce(
        [pc.equal(lines.texts[name], "").to_numpy(zero_copy_only=False) for name in rates]
    )
    if no_rate.any():
        no_rate &= pc.match_substring_regex(texts, r"\p{L}{3}").to_numpy(zero_copy_only=False)
    repeated = np.ones(len(lines), bool)
    for name in (code, rates[0]):
        repeated &= pc.equal(lines.texts[name], lines.headers.get(name, "")).to_numpy(zero_copy_only=False)
    found: Mask = no_rate | repeated
    return found
