"""Peak, off-peak and weekend columns: one rate per code is kept; where they differ a person must say so."""

import numpy as np

from rates.lines import Lines
from rates.parse.money import MISSING


def check(lines: Lines) -> None:
    others = [name for name in ("rate_peak", "rate_offpeak", "rate_weekend") if name in lines.values]
    if not others:
        return
    names = (["rate"] if "rate" in lines.values else []) + others
    columns = np.stack([lines.values[name] for name in names])
    highest = columns.max(axis=0)
    differ = ((columns != MISSING) & (columns != highest)).any(axis=0)
    chosen = lines.chosen("use_highest_rate")
    lines.report(
        "rates_differ",
        differ,
        others[-1],
        severity="warning" if chosen else None,
        hint="The highest of the rates was taken." if chosen else None,
    )
    if "rate" not in lines.values:
        lines.texts["rate"], lines.headers["rate"] = lines.texts[others[0]], lines.headers[others[0]]
        lines.faults["rate"] = lines.faults[others[0]]
    lines.values["rate"] = highest
