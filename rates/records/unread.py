"""What readers have in common: a line that is no record, and instants and lengths as switches write them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

SECOND_US: Final = 1_000_000
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LENGTH: Final = re.compile(r"^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$")


@dataclass(frozen=True, slots=True)
class Unread:
    """Line (or number of the record, from 1), why it was left out, and its text, cut."""

    line: int
    why: str
    text: str = ""


class NotRecords(ValueError):
    """The text is no file of call records; args[0] says why."""

    code = "records_unreadable"


def instant_us(text: str) -> int | None:
    """`2026-11-21 10:00:00`, ISO with zone (none = UTC), or seconds since the epoch; to the microsecond."""
    bare = text.strip()
    if re.fullmatch(r"\d{9,11}(\.\d{1,6})?", bare):
        return int(Decimal(bare) * SECOND_US)
    # CGRateS writes `2013-11-07 08:42:25 +0000 UTC`.
    bare = re.sub(r" ([+-]\d{2}):?(\d{2})( [A-Z]{3,4})?$", r"\1:\2", bare)
    try:
        found = dt.datetime.fromisoformat(bare)
    except ValueError:
        return None
    if len(bare) <= 10:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    past = found - _EPOCH
    return (past.days * 86_400 + past.seconds) * SECOND_US + past.microseconds


def length_ms(text: str) -> int | None:
    """`68`, `67.54` or `1m8.5s`, as milliseconds."""
    bare = text.strip()
    try:
        value = Decimal(bare)
    except InvalidOperation:
        found = _LENGTH.match(bare)
        if not bare or not found:
            return None
        value = sum(
            (Decimal(p or 0) * f for p, f in zip(found.groups(), (3600, 60, 1), strict=True)), Decimal()
        )
    return int(value * 1000) if value.is_finite() and 0 <= value < 10**9 else None
