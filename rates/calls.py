"""Call records of switches in their own shapes → traffic by day and number. Unanswered calls fall away.

Only what traffic needs is kept; a record that cannot be read is counted, never guessed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from rates.records.attempt import Attempt
from rates.records.read import read_records
from rates.records.read import shape_of as record_shape
from rates.records.unread import NotRecords
from rates.traffic import DayTraffic, TrafficError


@dataclass(frozen=True)
class Calls:
    """Answered calls by day and dialled number, and the count of records left out (no number, no answer, unreadable)."""

    shape: str
    days: list[DayTraffic]
    left_out: int


def read_calls(text: str) -> Calls:
    """Records of a switch, told by content. Raises TrafficError when it is none we know."""
    shape = shape_of(text)
    found: dict[tuple[dt.date, str], list[int]] = {}
    left = 0
    try:
        for record in read_records(text, shape):
            if not isinstance(record, Attempt) or record.answer_us is None:
                left += 1
                continue
            day = dt.datetime.fromtimestamp(record.answer_us // 1_000_000, dt.UTC).date()
            add = found.setdefault((day, record.dnis), [0, 0])
            add[0], add[1] = add[0] + 1, add[1] - (-record.duration_ms // 1000)
    except NotRecords as fault:
        raise TrafficError(str(fault)) from None
    return Calls(shape, [DayTraffic(day, code, *found[day, code]) for day, code in sorted(found)], left)


def shape_of(text: str) -> str:
    """Which switch wrote it. Raises TrafficError."""
    try:
        return record_shape(text)
    except NotRecords:
        raise TrafficError(
            "This is neither a traffic CSV (day, code, calls, minutes) nor call records of FreeSWITCH, Kamailio, OpenSIPS or CGRateS."
        ) from None
