"""Test tickets: what a buyer's switch may call through one product, and how much of it. Issued by the buyer for itself, or
by the seller for a buyer; whoever issued one, or either side of it, may revoke it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.calls.limits import amount_fits, cap_of, plain
from app.calls.models import TestTicket
from app.calls.products import testable_product
from app.calls.queries import ticket_of
from app.carriers.models import Company, CustomerTrunk, Product
from app.config import Settings
from app.errors import Conflict, Invalid, NotFound
from app.hooks.service.tell import tell
from app.market.models import Purchase
from app.security.actor import Actor

CODE_DIGITS = 8
LONGEST = timedelta(days=30)
CODES_MAX = 200
LIVE_MAX = 100


@dataclass(frozen=True)
class TicketFacts:
    """`codes`: dial codes or whole numbers; none: every destination that is not closed. `max_rate` a minute and `spend` of
    the base currency."""

    product_id: int
    trunk_id: int
    expires_at: datetime
    codes: Sequence[str] = field(default_factory=tuple)
    max_calls: int = 20
    max_concurrent: int = 2
    max_seconds: int = 60
    total_seconds: int = 600
    max_rate: Decimal | None = None
    spend: Decimal = Decimal(2)
    note: str = ""
    guarded: bool = False


def issue_ticket(
    session: Session, settings: Settings, who: Actor, facts: TicketFacts, *, now: datetime
) -> TestTicket:
    """For the company whose trunk is named: one's own, or as the product's seller another's.

    Raises NotFound, Conflict, Invalid with what is wrong."""
    product = testable_product(session, who, facts.product_id)
    trunk = _trunk(session, who, product, facts.trunk_id)
    _check(session, settings, facts, trunk.company_id, now)
    codes = _codes(facts.codes, settings)
    row = TestTicket(
        company_id=trunk.company_id, seller_id=product.company_id, issuer_id=who.company_id, product_id=product.id,
        trunk_id=trunk.id, code=_fresh_code(session), codes=codes, max_calls=facts.max_calls,
        max_concurrent=facts.max_concurrent, max_seconds=facts.max_seconds, total_seconds=facts.total_seconds,
        max_rate=facts.max_rate if facts.max_rate is not None else Decimal(settings.calls.dear_rate), spend=facts.spend,
        used_calls=0, used_seconds=0, used_spend=Decimal(0), starts_at=now, expires_at=facts.expires_at,
        note=facts.note.strip()[:200], guarded=facts.guarded, created_by=who.user_id, created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    after = {
        "product_id": product.id, "trunk_id": trunk.id, "codes": codes, "max_calls": row.max_calls,
        "total_seconds": row.total_seconds, "spend": plain(row.spend), "expires_at": row.expires_at,
        "guarded": row.guarded,
    }  # fmt: skip
    record(
        session, who, action="test_ticket.issue", obj=row, after=after, now=now, company_id=trunk.company_id
    )
    if trunk.company_id != who.company_id:
        tell(
            session, trunk.company_id, "test.ticket", f"A test ticket for {product.name} was issued to you", now=now,
            href=f"/test-calls/tickets/{row.id}", data={"ticket_id": row.id},
        )  # fmt: skip
    return row


def revoke_ticket(session: Session, who: Actor, ticket_id: int, *, now: datetime) -> TestTicket:
    """The edge refuses calls with it as soon as it is told (seconds). Raises NotFound, Conflict."""
    row = ticket_of(session, who, ticket_id)
    if row.revoked_at is not None:
        raise Conflict("The ticket is revoked already.")
    row.revoked_at = now
    session.flush()
    record(session, who, action="test_ticket.revoke", obj=row, now=now, company_id=row.company_id)
    return row


def _trunk(session: Session, who: Actor, product: Product, trunk_id: int) -> CustomerTrunk:
    """The buyer's own; a seller may name the trunk of a company that asked it for something."""
    trunk = session.get(CustomerTrunk, trunk_id)
    if trunk is None or not trunk.enabled:
        raise NotFound("There is no such trunk.")
    if (
        trunk.company_id != who.company_id
        and not who.is_operator
        and not _sells_to(session, who, product, trunk)
    ):
        raise NotFound("There is no such trunk.")
    if not trunk.source_ips:
        raise Conflict(
            f"The edge cannot know trunk {trunk.name}: it has no source address.",
            hint="Write its addresses on the trunk's page.",
        )
    company = session.get_one(Company, trunk.company_id)
    if company.status != "active":
        raise Conflict("The buyer's company is not approved yet.")
    return trunk


def _sells_to(session: Session, who: Actor, product: Product, trunk: CustomerTrunk) -> bool:
    """Only of one's own product, to a trunk that asked for or bought something of one's own: others' trunks are not known."""
    if product.company_id != who.company_id:
        return False
    known = sa.select(Purchase.id).where(Purchase.trunk_id == trunk.id, Purchase.seller_id == who.company_id)
    return session.scalar(known.limit(1)) is not None


def _check(session: Session, settings: Settings, facts: TicketFacts, company_id: int, now: datetime) -> None:
    if not now < facts.expires_at <= now + LONGEST:
        raise Invalid(f"A ticket lasts at most {LONGEST.days} days from now.", field="expires_at")
    for name, words, most in (
        ("max_calls", "calls", 10_000), ("max_concurrent", "calls at once", 50), ("max_seconds", "seconds a call", 3_600),
        ("total_seconds", "seconds in all", 1_000_000),
    ):  # fmt: skip
        if not 1 <= getattr(facts, name) <= most:
            raise Invalid(f"1 to {most:,} {words}.", field=name)
    cap = cap_of(session, settings, company_id)
    if not (amount_fits(facts.spend, cap) and facts.spend > 0):
        raise Invalid(
            f"A ticket may spend up to the company's cap of a day: {plain(cap)} {settings.lcr.base_currency}, with at most nine decimals.",
            field="spend",
        )
    dear = Decimal(settings.calls.dear_rate)
    if facts.max_rate is not None and not (amount_fits(facts.max_rate, dear) and facts.max_rate > 0):
        raise Invalid(
            f"At most {plain(dear)} {settings.lcr.base_currency} a minute, more than 0, with at most nine decimals.",
            field="max_rate",
        )
    live = session.scalar(
        sa.select(sa.func.count())
        .select_from(TestTicket)
        .where(
            TestTicket.company_id == company_id, TestTicket.revoked_at.is_(None), TestTicket.expires_at > now
        )
    )
    if (live or 0) >= LIVE_MAX:
        raise Conflict(
            f"At most {LIVE_MAX} tickets at a time.", hint="Revoke one that is not needed any more."
        )


def _codes(texts: Sequence[str], settings: Settings) -> list[str]:
    found = set()
    for text in texts:
        code = text.strip().removeprefix("+").replace(" ", "")
        if not code:
            continue
        if not (code.isascii() and code.isdigit() and len(code) <= 15 and not code.startswith("0")):
            raise Invalid(
                f"{text.strip()[:40]!r} is not a dial code.",
                hint="Digits, country code first: 4420.",
                field="codes",
            )
        if any(code.startswith(closed) for closed in settings.lcr.closed_codes):
            raise Invalid(f"{code} is closed to test calls.", field="codes")
        found.add(code)
    if len(found) > CODES_MAX:
        raise Invalid(f"At most {CODES_MAX} dial codes.", field="codes")
    return sorted(found)


def _fresh_code(session: Session) -> str:
    """Eight digits that no ticket ever had, not beginning with 0 or 1, so that no dial plan takes them for a trunk code."""
    while True:
        code = str(2 + secrets.randbelow(8)) + "".join(
            str(secrets.randbelow(10)) for _ in range(CODE_DIGITS - 1)
        )
        if session.scalar(sa.select(TestTicket.id).where(TestTicket.code == code)) is None:
            return code
