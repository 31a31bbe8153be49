"""Headings and footers between the rows: no code and no rate."""

import numpy as np
import pyarrow.compute as pc

from rates.lines import Lines


def check(lines: Lines) -> None:
    empty = np.ones(len(lines), bool)
    for name in ("code", "country_code", "area_code", "rate", "rate_peak"):
        if name in lines.texts:
            empty &= pc.equal(lines.texts[name], "").to_numpy(zero_copy_only=False)
    lines.report("text_row", empty, next(iter(lines.texts), None), skip=True)
