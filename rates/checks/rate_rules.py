"""Every open row has a rate: a number, not negative, at most 8 decimals. A missing rate is never 0."""

import numpy as np

from rates.lines import Lines
from rates.parse.money import LARGEST, MISSING
from rates.schema import OPEN


def check(lines: Lines) -> None:
    for name in ("rate", "first_rate"):
        if name in lines.values:
            _check_column(lines, name)
    rate = lines.values["rate"]
    unused = (rate == MISSING) & (lines.values["status"] != OPEN)
    lines.values["rate"] = np.where(unused, 0, rate)
    _settle_unit(lines)


def _check_column(lines: Lines, name: str) -> None:
    needed = lines.values["status"] == OPEN
    missing = lines.fault("rate_missing", name) & needed & (name == "rate")
    left_out = lines.chosen("skip_rows_without_rate")
    for id, where, chosen in (
        ("rate_missing", missing, left_out),
        ("rate_invalid", lines.fault("rate_invalid", name), left_out),
        ("rate_negative", lines.fault("rate_negative", name), lines.chosen("skip_negative_rates")),
    ):
        lines.report(
            id,
            where,
            name,
            severity="warning" if chosen else None,
            hint="Left out by your choice." if chosen else None,
            skip=chosen,
        )
    rounded = lines.chosen("round_rates")
    lines.report(
        "rate_precision",
        lines.fault("rate_precision", name),
        name,
        severity="warning" if rounded else None,
        hint="Rounded half-up to 8 decimals." if rounded else None,
    )


def _settle_unit(lines: Lines) -> None:
    """Nanos per minute from the unit the deck is written in; cents are hundredths, half-up to a nano.
    Per increment: 60/next of them in a minute, half-up to a nano."""
    if lines.reading.options.money_unit == "cent":
        for name in ("rate", "first_rate", "connect_fee"):
            if name in lines.values:
                cents = lines.values[name]
                lines.values[name] = np.where(cents == MISSING, MISSING, (cents + 50) // 100)
    unit = lines.reading.options.rate_unit
    if unit is None or unit == "per_minute":
        return
    following = lines.values.get("next_increment")
    default = (
        lines.reading.options.defaults.next_increment or lines.reading.options.defaults.initial_increment or 1
    )
    length = (
        np.full(len(lines), 1, np.int64)
        if unit == "per_second"
        else (
            np.full(len(lines), default, np.int64)
            if following is None
            else np.where(following < 1, default, following)
        )
    )
    for name in ("rate", "first_rate"):
        if name in lines.values:
            nanos = lines.values[name]
            scaled = (nanos * 120 + length) // (2 * length)
            too_high = (nanos != MISSING) & (scaled > LARGEST)
            lines.report(
                "rate_invalid", too_high, name, hint="Too high for this unit: is the rate per minute?"
            )
            lines.values[name] = np.where(nanos == MISSING, MISSING, np.where(too_high, 0, scaled))
