"""Connection fee: a number from 0 up; an empty cell takes the default of the options, then 0."""

import numpy as np

from rates.lines import Lines
from rates.parse.money import MISSING, parse_amount


def check(lines: Lines) -> None:
    stated = lines.reading.options.defaults.connect_fee
    default = parse_amount(stated, ".")[0] if stated else 0
    fee = lines.values.get("connect_fee", np.full(len(lines), MISSING, np.int64))
    for id in ("rate_invalid", "rate_negative", "rate_precision"):
        lines.report("fee_invalid", lines.fault(id, "connect_fee"), "connect_fee")
    lines.values["connect_fee"] = np.where(fee == MISSING, default or 0, fee)
