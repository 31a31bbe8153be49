"""Cells that are not dial codes. Spreads lists, ranges and country + area columns out to codes."""

import numpy as np

from rates.lines import Lines
from rates.parse.codes import parse_codes

_FAULTS = ("code_missing", "bad_code", "code_too_long", "range_invalid", "code_shortened", "code_spaced")


def check(lines: Lines) -> None:
    """Settles values["code_source"] (row of each code) and texts["codes"] (the codes)."""
    options = lines.reading.options
    spaces = (
        "join"
        if "join_spaced_codes" in options.repairs
        else "split"
        if "split_spaced_codes" in options.repairs
        else None
    )
    column = "code" if "code" in lines.texts else "area_code"
    prefixes = lines.texts.get("country_code") if column == "area_code" else None
    codes, sources, faults = parse_codes(lines.texts[column], prefixes, spaces)
    skip = lines.chosen("skip_bad_codes")
    lines.faults[column] = faults
    for id in _FAULTS:
        leave_out = skip and id != "code_spaced"
        lines.report(
            id,
            faults == id,
            column,
            severity="warning" if leave_out else None,
            hint="Left out by your choice." if leave_out else None,
            skip=leave_out,
        )
    lines.texts["codes"], lines.values["code_source"] = codes, np.asarray(sources, np.int64)
