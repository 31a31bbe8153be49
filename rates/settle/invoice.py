"""Invoice lines out of rated calls, and where a late record goes: to the next period, never into an invoice that was sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from rates.settle.exact import to_minor
from rates.settle.period import Cycle, Period, following, period_of


@dataclass(frozen=True, slots=True)
class Charge:
    """One rated call, as an invoice needs it."""

    answer_us: int
    destination: str
    rate_nanos: int
    duration_ms: int
    billed_seconds: int
    amount_nanos: int
    currency: str


@dataclass(frozen=True, slots=True)
class Line:
    """Calls of one destination and rate. `prior` is the earlier period of a “prior period” line, None for the period's own.

    `amount_nanos` is the exact sum of the calls; `billed_nanos` that sum rounded once to the currency's smallest coin."""

    destination: str
    rate_nanos: int
    currency: str
    prior: Period | None
    calls: int
    real_ms: int
    billed_seconds: int
    amount_nanos: int

    @property
    def billed_nanos(self) -> int:
        return to_minor(self.amount_nanos, self.currency)


@dataclass(frozen=True, slots=True)
class Invoice:
    """Once issued it is a value that nothing changes."""

    period: Period
    lines: tuple[Line, ...]

    @property
    def total_nanos(self) -> int:
        return sum(line.billed_nanos for line in self.lines)


def place(
    answer_us: int, issued: Collection[Period], cycle: Cycle, zone: ZoneInfo
) -> tuple[Period, Period | None]:
    """The period a call is billed in, and the earlier one it belonged to when that one's invoice was sent already."""
    own = target = period_of(answer_us, cycle, zone)
    while target in issued:
        target = following(target, cycle, zone)
    return target, None if target == own else own


def draw_up(
    period: Period, charges: Iterable[Charge], issued: Collection[Period], cycle: Cycle, zone: ZoneInfo
) -> Invoice:
    """The invoice of `period` out of all charges that no sent invoice holds: its own calls, then late ones by their period."""
    groups: dict[tuple[Period | None, str, int, str], list[Charge]] = {}
    for charge in charges:
        target, prior = place(charge.answer_us, issued, cycle, zone)
        if target == period:
            groups.setdefault((prior, charge.destination, charge.rate_nanos, charge.currency), []).append(
                charge
            )
    lines = [
        Line(
            destination, rate, currency, prior, len(calls), sum(c.duration_ms for c in calls),
            sum(c.billed_seconds for c in calls), sum(c.amount_nanos for c in calls),
        )
        for (prior, destination, rate, currency), calls in groups.items()
    ]  # fmt: skip
    lines.sort(key=lambda x: (x.prior is not None, x.prior or period, x.destination, x.rate_nanos))
    return Invoice(period, tuple(lines))
