"""Reads of deals: whose side one is on, and finding what one may see. Everything else looks like nothing."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Product
from app.carriers.sight import dealt_by
from app.deals.models import (
    Agreement,
    AgreementMonth,
    AgreementVersion,
    Deal,
    Rfq,
    RfqInvitation,
    Signature,
    TradeRule,
)
from app.deals.terms import read_terms
from app.decks.notice import asked_by
from app.errors import NotFound
from app.security.actor import Actor


def side_of(who: Actor, subject: Deal | Agreement) -> str:
    """buyer or seller. Raises NotFound for everybody else."""
    if who.company_id == subject.buyer_id:
        return "buyer"
    if who.company_id == subject.seller_id:
        return "seller"
    raise NotFound("There is no such deal.")


def deal_of(session: Session, deal_id: int, who: Actor) -> Deal:
    found = session.get(Deal, deal_id)
    if found is None:
        raise NotFound("There is no such deal.")
    if not who.is_operator:
        side_of(who, found)
    return found


def agreement_of(session: Session, agreement_id: int, who: Actor) -> Agreement:
    found = session.get(Agreement, agreement_id)
    if found is None or (not who.is_operator and who.company_id not in (found.buyer_id, found.seller_id)):
        raise NotFound("There is no such agreement.")
    return found


def may_see(session: Session, rfq: Rfq, who: Actor) -> bool:
    """Its buyer, the operator; approved sellers it is addressed to."""
    if who.is_operator or rfq.buyer_id == who.company_id:
        return True
    if not who.sells or who.sandbox:
        return False
    if rfq.audience == "public":
        return True
    invited = sa.select(RfqInvitation.id).where(
        RfqInvitation.rfq_id == rfq.id, RfqInvitation.seller_id == who.company_id
    )
    return session.scalar(invited) is not None


def rfq_of(session: Session, rfq_id: int, who: Actor) -> Rfq:
    found = session.get(Rfq, rfq_id)
    if found is None or not may_see(session, found, who):
        raise NotFound("There is no such request for quotes.")
    return found


def own_rfq(session: Session, rfq_id: int, who: Actor) -> Rfq:
    found = session.get(Rfq, rfq_id)
    if found is None or found.buyer_id != who.company_id:
        raise NotFound("There is no such request for quotes.")
    return found


def quotable_product(session: Session, product_id: int, seller_id: int) -> Product:
    """An own product with prices that is no buyer's special one."""
    found = session.get(Product, product_id)
    if (
        found is None
        or found.company_id != seller_id
        or found.derived_from is not None
        or found.outside_vendor
    ):
        raise NotFound("There is no such product.")
    return found


def versions_of(session: Session, agreement_id: int) -> list[AgreementVersion]:
    wanted = sa.select(AgreementVersion).where(AgreementVersion.agreement_id == agreement_id)
    return list(session.scalars(wanted.order_by(AgreementVersion.number)))


def open_version(session: Session, agreement_id: int) -> AgreementVersion | None:
    """The one that waits for signatures."""
    wanted = sa.select(AgreementVersion).where(
        AgreementVersion.agreement_id == agreement_id, AgreementVersion.state.in_(("proposed", "half"))
    )
    return session.scalars(wanted.order_by(AgreementVersion.number.desc()).limit(1)).first()


def signed_versions(session: Session, agreement_id: int) -> list[AgreementVersion]:
    """Signed by both sides, in the order in which they take effect."""
    found = [
        v for v in versions_of(session, agreement_id) if v.state == "signed" and v.effective_from is not None
    ]
    return sorted(found, key=lambda v: (v.effective_from, v.number))


def version_at(session: Session, agreement_id: int, at: datetime) -> AgreementVersion | None:
    """The signed version in force at the instant; before the first takes effect, the first."""
    signed = signed_versions(session, agreement_id)
    begun = [v for v in signed if v.effective_from is not None and v.effective_from <= at]
    return begun[-1] if begun else (signed[0] if signed else None)


def signatures_of(session: Session, version_id: int) -> list[Signature]:
    wanted = sa.select(Signature).where(Signature.version_id == version_id).order_by(Signature.signed_at)
    return list(session.scalars(wanted))


def limit_of(session: Session, company_id: int) -> Decimal | None:
    """Worth a month above which two persons must act; None: never."""
    rule = session.get(TradeRule, company_id)
    return rule.second_person_above if rule else None


def missed_in_a_row(session: Session, agreement_id: int) -> int:
    """How many of the newest months in a row missed a promise; months with too few calls neither count nor break it."""
    wanted = sa.select(AgreementMonth.verdict).where(AgreementMonth.agreement_id == agreement_id)
    count = 0
    for verdict in session.scalars(wanted.order_by(AgreementMonth.month.desc())):
        if verdict == "kept":
            break
        count += verdict == "missed"
    return count


def notice_days(session: Session, product_id: int, now: datetime) -> int:
    """The longest notice that an agreement about the product gives one of its buyers; 0 without any."""
    living = (
        sa.select(Agreement)
        .join(Deal, Deal.id == Agreement.deal_id)
        .where(
            Deal.product_id == product_id, Agreement.state.in_(("concluded", "terminated")),
            sa.or_(Agreement.effective_until.is_(None), Agreement.effective_until > now),
        )
    )  # fmt: skip
    versions = [version_at(session, agreement.id, now) for agreement in session.scalars(living)]
    return max((read_terms(v.terms).schedule.notice_days for v in versions if v is not None), default=0)


def agreed(session: Session, company_id: int) -> set[int]:
    """Products this company has agreed about, as the buyer."""
    wanted = sa.select(Deal.product_id).where(Deal.buyer_id == company_id, Deal.state == "agreed")
    return set(session.scalars(wanted))


asked_by.append(notice_days)
dealt_by.append(agreed)
