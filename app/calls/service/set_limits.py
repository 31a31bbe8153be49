"""The operator's verbs: another cap for a company, a dear destination opened for a while, our own numbers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

import lcr_core
from app.audit.record import record
from app.calls.limits import amount_fits, plain
from app.calls.models import OpenedCode, OwnNumber, SpendCap
from app.calls.service.order_calls import read_number
from app.carriers.models import Company
from app.errors import Conflict, Invalid, NotFound
from app.security.actor import Actor

CAP_MAX = Decimal(100_000)


def set_cap(
    session: Session, who: Actor, company_id: int, cap: Decimal | None, *, reason: str = "", now: datetime
) -> None:
    """`cap` of the base currency a UTC day; None: the exchange's default again. Raises NotFound, Invalid."""
    _company(session, company_id)
    row = session.scalar(sa.select(SpendCap).where(SpendCap.company_id == company_id))
    before = {"day_cap": plain(row.day_cap)} if row else {}
    if cap is None:
        if row is not None:
            session.delete(row)
    elif not amount_fits(cap, CAP_MAX):
        raise Invalid(f"A cap lies between 0 and {plain(CAP_MAX)}, with at most nine decimals.", field="cap")
    elif row is None:
        session.add(SpendCap(company_id=company_id, day_cap=cap, reason=reason[:200], created_at=now))
    else:
        row.day_cap, row.reason = cap, reason[:200]
    after = {"day_cap": None if cap is None else plain(cap), "reason": reason[:200]}
    record(
        session, who, action="test_cap.set", obj=("company", company_id), before=before, after=after, now=now
    )


def open_code(
    session: Session, who: Actor, company_id: int, code: str, *, until: datetime, reason: str, now: datetime
) -> OpenedCode:
    """A dear destination for one company until then. Raises NotFound, Invalid."""
    _company(session, company_id)
    digits = code.strip().removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and 1 <= len(digits) <= 15):
        raise Invalid(f"{code.strip()[:40]!r} is not a dial code.", field="code")
    if until <= now:
        raise Invalid("It must end after now.", field="until")
    if not reason.strip():
        raise Invalid("Say why it is opened.", field="reason")
    row = session.scalar(
        sa.select(OpenedCode).where(OpenedCode.company_id == company_id, OpenedCode.code == digits)
    )
    if row is None:
        row = OpenedCode(company_id=company_id, code=digits, until=until, reason="", created_at=now)
        session.add(row)
    row.until, row.reason = until, reason.strip()[:200]
    session.flush()
    after = {"code": digits, "until": until, "reason": row.reason, "company_id": company_id}
    record(session, who, action="test_code.open", obj=row, after=after, now=now)
    return row


def close_code(session: Session, who: Actor, opened_id: int, *, now: datetime) -> None:
    """Raises NotFound."""
    row = session.get(OpenedCode, opened_id)
    if row is None:
        raise NotFound("It is not open.")
    before = {"code": row.code, "company_id": row.company_id, "until": row.until}
    record(session, who, action="test_code.close", obj=row, before=before, now=now)
    session.delete(row)
    session.flush()


def keep_number(
    session: Session, who: Actor, number: str, *, ring_ms: int = 2000, talk_seconds: int = 30, now: datetime
) -> OwnNumber:
    """A number of ours that ends at the edge. Raises Invalid, Conflict when it is there."""
    digits = read_number(number, "Number")
    country = next((code for code in _country_codes() if digits.startswith(code)), None)
    if country is None:
        raise Invalid(f"{digits} begins with no country code.", field="number")
    if session.scalar(sa.select(OwnNumber.id).where(OwnNumber.number == digits)) is not None:
        raise Conflict(f"{digits} is one of our numbers already.")
    if not 0 <= ring_ms <= 30_000 or not 1 <= talk_seconds <= 600:
        raise Invalid("It rings for up to 30,000 ms and talks for 1 to 600 s.")
    row = OwnNumber(
        number=digits, country=country, ring_ms=ring_ms, talk_seconds=talk_seconds, national_prefix="" if country == "1" else "0",
        international_prefix="011" if country == "1" else "00", enabled=True, created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    record(session, who, action="own_number.keep", obj=row, after={"number": digits}, now=now)
    return row


def switch_number(session: Session, who: Actor, number_id: int, *, enabled: bool, now: datetime) -> OwnNumber:
    """Raises NotFound."""
    row = session.get(OwnNumber, number_id)
    if row is None:
        raise NotFound("There is no such number.")
    if row.enabled != enabled:
        record(
            session,
            who,
            action="own_number.switch",
            obj=row,
            before={"enabled": row.enabled},
            after={"enabled": enabled},
            now=now,
        )
        row.enabled = enabled
        session.flush()
    return row


def _company(session: Session, company_id: int) -> Company:
    found = session.get(Company, company_id)
    if found is None:
        raise NotFound("There is no such company.")
    return found


def _country_codes() -> list[str]:
    return sorted(lcr_core.country_codes(), key=len, reverse=True)
