"""Status of each row: the status column, and words such as "blocked" in the rate's place."""

import numpy as np

from rates.lines import Lines
from rates.schema import BLOCKED, CLOSED, OPEN


def check(lines: Lines) -> None:
    lines.report("status_unknown", lines.fault("status_unknown", "status"), "status")
    notes = lines.chosen("take_remarks_as_notes")
    lines.report(
        "remark_unclear", lines.fault("remark_unclear", "remark"), "remark", severity="warning" if notes else None,
        hint="Taken at its price by your choice." if notes else None,
    )  # fmt: skip
    status = lines.values.get("status", np.full(len(lines), OPEN, np.int8)).copy()
    for name in ("rate", "rate_peak"):
        status[lines.fault("blocked", name)] = BLOCKED
        status[lines.fault("closed", name)] = CLOSED
    lines.values["status"] = status
