"""Cells that are not dial codes. Spreads lists, ranges and country + area columns out to codes."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rates.lines import Lines
from rates.parse.codes import ZERO_RULES, parse_codes

_FAULTS = (
    "area_zero",
    "code_missing",
    "bad_code",
    "code_too_long",
    "range_invalid",
    "code_shortened",
    "code_spaced",
)


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
    zeros = next((word for word, repair in ZERO_RULES.items() if repair in options.repairs), None)
    codes, sources, faults = parse_codes(
        lines.texts[column], prefixes, spaces, zeros, dashes=lines.chosen("join_dashed_codes")
    )
    skip = lines.chosen("skip_bad_codes")
    lines.faults[column] = faults
    for id in _FAULTS:
        leave_out = skip and id not in ("code_spaced", "area_zero")
        lines.report(
            id,
            lines.fault(id, column),
            column,
            severity="warning" if leave_out else None,
            hint="Left out by your choice." if leave_out else None,
            skip=leave_out,
        )
    sources = np.asarray(sources, np.int64)
    lines.texts["codes"], lines.values["code_source"] = _restored(lines, column, codes, sources), sources


_LOST = r"^39[269]"
"""No number of Italy begins like this: 2, 6 and 9 are area codes (Milan, Rome, Palermo) without the 0 they keep from abroad."""


def _restored(lines: Lines, column: str, codes: pa.Array, sources: npt.NDArray[np.int64]) -> pa.Array:
    """Reports codes that lost their 0, or puts it back where a person chose that."""
    lost = pc.match_substring_regex(codes, _LOST)
    if not pc.any(lost).as_py():
        return codes
    restored, meant = lines.chosen("restore_zeros"), lines.chosen("keep_codes_as_written")
    where = np.zeros(len(lines), bool)
    where[sources[lost.to_numpy(zero_copy_only=False)]] = True
    hint = (
        "The 0 was put back by your choice."
        if restored
        else "Taken as written by your choice."
        if meant
        else None
    )
    lines.report("zero_lost", where, column, severity="warning" if hint else None, hint=hint)
    if not restored:
        return codes
    return pc.if_else(lost, pc.replace_substring_regex(codes, "^39", "390"), codes)
