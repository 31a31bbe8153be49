"""Invoice periods `[start, end)` in the agreement's time zone; days of 23 and 25 hours are days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, get_args
from zoneinfo import ZoneInfo

Cycle = Literal["week", "ten_days", "half_month", "month"]
CYCLES: tuple[str, ...] = get_args(Cycle)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """`first` and `until` are the local days it begins and ends with (until excluded); the rest are the same as instants."""

    start_us: int
    end_us: int
    first: dt.date
    until: dt.date

    def holds(self, at_us: int) -> bool:
        return self.start_us <= at_us < self.end_us

    @property
    def hours(self) -> int:
        return (self.end_us - self.start_us) // 3_600_000_000


def local_day(at_us: int, zone: ZoneInfo) -> dt.date:
    """The calendar day of an instant in a zone."""
    return (_EPOCH + dt.timedelta(microseconds=at_us)).astimezone(zone).date()


def midnight_us(day: dt.date, zone: ZoneInfo) -> int:
    """The instant at which a local day begins, where midnight exists; where the clock jumps over it, the jump."""
    local = dt.datetime(day.year, day.month, day.day, tzinfo=zone)
    return (local.astimezone(dt.UTC) - _EPOCH) // dt.timedelta(microseconds=1)


def span(first: dt.date, until: dt.date, zone: ZoneInfo) -> Period:
    return Period(midnight_us(first, zone), midnight_us(until, zone), first, until)


def period_of(at_us: int, cycle: Cycle, zone: ZoneInfo) -> Period:
    """The period a call belongs to, by its answer instant. Weeks begin on Monday; ten days are 1–10, 11–20, 21–end."""
    day = local_day(at_us, zone)
    if cycle == "week":
        first = day - dt.timedelta(days=day.weekday())
        return span(first, first + dt.timedelta(days=7), zone)
    starts = {"month": (1,), "half_month": (1, 16), "ten_days": (1, 11, 21)}[cycle]
    begin = max(start for start in starts if start <= day.day)
    later = [start for start in starts if start > begin]
    next_month = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    return span(day.replace(day=begin), day.replace(day=later[0]) if later else next_month, zone)


def following(period: Period, cycle: Cycle, zone: ZoneInfo) -> Period:
    return period_of(period.end_us, cycle, zone)
