"""When a schedule is open, by the wall clock of its zone (docs/decision.md 10)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE_US = 60_000_000
HORIZON = (
    16 * 1440
)  # minutes looked ahead: a week, and another for an opening that a change of the clock swallows


def minute_of_week(text: str) -> int:
    day, clock = text.split(" ")
    return DAYS.index(day) * 1440 + int(clock[:2]) * 60 + int(clock[3:])


def is_open(schedule: dict[str, Any] | None, t: int) -> bool:
    return schedule is None or open_in_minute(json.dumps(schedule), t // MINUTE_US)


@cache
def open_in_minute(schedule: str, minute: int) -> bool:
    zone, spans = read(schedule)
    local = datetime.fromtimestamp(minute * 60, UTC).astimezone(zone)
    now = local.weekday() * 1440 + local.hour * 60 + local.minute
    return any((a <= now < b) if a < b else (now >= a or now < b) for a, b in spans)


@cache
def read(schedule: str) -> tuple[ZoneInfo, tuple[tuple[int, int], ...]]:
    words = json.loads(schedule)
    return ZoneInfo(words["zone"]), tuple((minute_of_week(a), minute_of_week(b)) for a, b in words["open"])


@cache
def changes(schedule: str, day: int) -> tuple[int, ...]:
    """The minutes of one UTC day at which the schedule opens or closes."""
    start = day * 1440
    return tuple(
        m
        for m in range(start, start + 1440)
        if open_in_minute(schedule, m) != open_in_minute(schedule, m - 1)
    )


def next_change(schedule: dict[str, Any] | None, t: int) -> int | None:
    """The first instant after `t` at which it opens or closes."""
    if schedule is None:
        return None
    text, today = json.dumps(schedule), t // MINUTE_US // 1440
    later = (m * MINUTE_US for day in range(today, today + HORIZON // 1440) for m in changes(text, day))
    return next((m for m in later if m > t), None)
