"""From when and until when: stated, readable, in order, and what happens with dates that lie before receipt."""

import numpy as np

from rates.lines import Lines
from rates.parse.dates import AT_ONCE, NONE

DAY_US = 86_400_000_000


def check(lines: Lines) -> None:
    received, default = lines.reading.received_us, lines.reading.default_from_us
    skip = lines.chosen("skip_bad_dates")
    settled = {}
    for name in ("effective_from", "effective_until"):
        lines.report(
            "date_invalid",
            lines.fault("date_invalid", name),
            name,
            severity="warning" if skip else None,
            skip=skip,
        )
        cells = lines.values.get(name, np.full(len(lines), NONE, np.int64))
        settled[name] = np.where(cells == AT_ONCE, received, cells)
    start, end = settled["effective_from"], settled["effective_until"]
    if default is None:
        lines.report(
            "date_missing",
            (start == NONE) & ~lines.fault("date_invalid", "effective_from"),
            "effective_from",
            hint="The cell is empty: fill it in, or say from when such rows apply.",
        )
    else:
        start = np.where(start == NONE, default, start)
    has_end = end != NONE
    lines.report(
        "date_order",
        has_end & (start != NONE) & (end <= start),
        "effective_until",
        severity="warning" if skip else None,
        skip=skip,
    )
    lines.report("expired", has_end & (end <= received), "effective_until", severity="warning", skip=True)
    past = (start != NONE) & (start < received - received % DAY_US)
    if lines.reading.options.backdated == "refuse":
        lines.report(
            "date_past",
            past,
            "effective_from",
            severity="error",
            hint="Back-dated rows are refused for this offer: give a date from today on.",
        )
    elif lines.reading.options.backdated == "accept":
        lines.report(
            "date_past", past, "effective_from", hint="Taken as asked: calls since then will be rated again."
        )
    else:
        lines.report("date_past", past, "effective_from" if "effective_from" in lines.texts else None)
    lines.values["effective_from"], lines.values["effective_until"] = start, end
