"""What a company's test calls may cost a UTC day: set aside before a call, settled after it. One statement each, so that
two orders at once never share the last cent.

An invariant of the rows: `spent + reserved` never passes the cap by an order; only a call that ran longer than it was
allowed to can carry `spent` over what was set aside for it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.calls.models import OPEN_STATES, SpendCap, SpendDay, TestCall
from app.config import Settings
from app.errors import DomainError


class CapReached(DomainError):
    """The company's test calls of the day cost what they may."""

    code = "cap_reached"
    status = 409


class TooManyCalls(DomainError):
    """So many of the company's test calls are under way as may be at once."""

    code = "too_many_calls"
    status = 429


def day_of(now: datetime) -> date:
    return now.astimezone(UTC).date()


def day_ends(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def cap_of(session: Session, settings: Settings, company_id: int) -> Decimal:
    own = session.scalar(sa.select(SpendCap.day_cap).where(SpendCap.company_id == company_id))
    return Decimal(settings.calls.day_cap) if own is None else own


def spend_of(session: Session, company_id: int, day: date) -> SpendDay:
    """The day's row as it stands; an empty one, not stored, before the first call."""
    row = session.scalar(sa.select(SpendDay).where(SpendDay.company_id == company_id, SpendDay.day == day))
    return row or SpendDay(company_id=company_id, day=day, reserved=Decimal(0), spent=Decimal(0), calls=0)


def left_of(session: Session, settings: Settings, company_id: int, now: datetime) -> Decimal:
    """What may still be ordered today, never below 0."""
    row = spend_of(session, company_id, day_of(now))
    return max(Decimal(0), cap_of(session, settings, company_id) - row.spent - row.reserved)


def reserve(session: Session, settings: Settings, company_id: int, amount: Decimal, *, now: datetime) -> date:
    """Set `amount` (base currency) aside; returns the day it counts for. Raises CapReached and sets nothing aside then."""
    day, cap = day_of(now), cap_of(session, settings, company_id)
    _make_row(session, company_id, day)
    taken = session.execute(
        sa.update(SpendDay)
        .where(
            SpendDay.company_id == company_id, SpendDay.day == day, SpendDay.reserved + SpendDay.spent + amount <= cap
        )
        .values(reserved=SpendDay.reserved + amount, calls=SpendDay.calls + 1)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        base = settings.lcr.base_currency
        raise CapReached(
            f"This call may cost {plain(amount)} {base}; of today's {plain(cap)} {base} for test calls "
            f"{plain(left_of(session, settings, company_id, now))} {base} are left.",
            hint="A shorter call costs less. The cap begins anew at midnight UTC; the operator may raise it.",
        )
    return day


def reserve_anyway(session: Session, company_id: int, amount: Decimal, *, now: datetime) -> date:
    """For a call that the edge has let through already: it counts, whatever the cap says."""
    day = day_of(now)
    _make_row(session, company_id, day)
    _add(session, company_id, day, reserved=amount, spent=Decimal(0), calls=1)
    return day


def settle(session: Session, company_id: int, day: date, *, reserved: Decimal, cost: Decimal) -> None:
    """The call is over: what was set aside is given back, what it cost is spent."""
    _make_row(session, company_id, day)
    _add(session, company_id, day, reserved=-reserved, spent=cost, calls=0)


def check_at_once(session: Session, settings: Settings, company_id: int, more: int) -> None:
    """Raises TooManyCalls."""
    running = session.scalar(
        sa.select(sa.func.count())
        .select_from(TestCall)
        .where(TestCall.company_id == company_id, TestCall.state.in_(OPEN_STATES))
    )
    most = settings.calls.max_at_once
    if (running or 0) + more > most:
        raise TooManyCalls(
            f"{running} of your test calls are under way, at most {most} may be at once.",
            hint="Wait until they have ended, or cancel some.",
        )


def plain(amount: Decimal) -> str:
    """Without exponent and trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _make_row(session: Session, company_id: int, day: date) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"company_id": company_id, "day": day, "reserved": Decimal(0), "spent": Decimal(0), "calls": 0}
    session.execute(insert(SpendDay).values(**row).on_conflict_do_nothing())


def _add(
    session: Session, company_id: int, day: date, *, reserved: Decimal, spent: Decimal, calls: int
) -> None:
    session.execute(
        sa.update(SpendDay)
        .where(SpendDay.company_id == company_id, SpendDay.day == day)
        .values(reserved=SpendDay.reserved + reserved, spent=SpendDay.spent + spent, calls=SpendDay.calls + calls)
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def amount_fits(amount: Decimal, most: Decimal) -> bool:
    """0 to `most`, with at most the nine decimals that are kept."""
    return amount.is_finite() and 0 <= amount <= most and int(amount.normalize().as_tuple().exponent) >= -9
