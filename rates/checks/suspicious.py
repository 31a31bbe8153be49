"""Rates that may be slips: 0, and more than 100 a minute in the large currencies."""

import numpy as np
import pandas as pd

from rates.lines import Lines
from rates.schema import OPEN

HIGH_NANOS = 100 * 10**9
_LARGE = ("USD", "EUR", "GBP", "CHF", "CAD", "AUD")


def check(lines: Lines) -> None:
    rate, is_open = lines.values["rate"], lines.values["status"] == OPEN
    zero = (rate == 0) & is_open & ~lines.fault("rate_missing", "rate")
    keep, leave_out = lines.chosen("keep_zero_rates"), lines.chosen("skip_zero_rates")
    hint = (
        "Confirmed: calls to this code are free."
        if keep
        else "Left out by your choice."
        if leave_out
        else "The rate is 0: confirm that calls are free, or leave these rows out."
    )
    lines.report(
        "rate_suspicious",
        zero,
        "rate",
        severity="warning" if keep or leave_out else None,
        hint=hint,
        skip=leave_out and not keep,
    )
    currency = lines.values.get("currency")
    if currency is None:
        return
    codes, names = pd.factorize(currency)
    large = np.isin(names.astype(str), _LARGE)[codes]
    accepted = lines.chosen("accept_suspicious_rates")
    lines.report(
        "rate_suspicious",
        (rate > HIGH_NANOS) & large & is_open,
        "rate",
        severity="warning" if accepted else None,
        hint="Confirmed by your choice."
        if accepted
        else "More than 100 a minute: check the decimal mark, then confirm or correct.",
    )
