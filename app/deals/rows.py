"""What a company may read of requests, deals and agreements: frozen rows; names are left out here, not in the pages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app.carriers.models import Company
from app.carriers.sight import Sight, discreet_sellers, sight
from app.deals.machine import past, possible
from app.deals.models import Agreement, AgreementVersion, Deal, DealStep, Rfq, RfqInvitation
from app.deals.queries import limit_of, open_version, signatures_of, version_at, versions_of
from app.security.actor import Actor

PAGE = 200


class Told:
    def document(self) -> dict[str, Any]:
        """The API's form: instants as text."""
        row: dict[str, Any] = asdict(self)  # type: ignore[call-overload]
        return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in row.items()}


@dataclass(frozen=True)
class RfqRow(Told):
    id: int
    buyer: str
    mine: bool
    destinations: list[dict[str, Any]]
    route_class: str
    minutes_month: int
    currency: str
    target_rate: str | None
    floors: dict[str, Any]
    audience: str
    anonymous: bool
    deadline: datetime
    state: str
    note: str
    quotes: int
    created_at: datetime
    actions: tuple[str, ...]


@dataclass(frozen=True)
class DealRow(Told):
    """`counterpart`: the other side's name, or that it stays anonymous."""

    id: int
    rfq_id: int | None
    product_id: int
    product: str
    route_class: str
    side: str
    seller: str
    buyer: str
    state: str
    turn: str
    round: int
    valid_until: datetime
    terms: dict[str, Any]
    created_at: datetime
    agreement_id: int | None
    actions: tuple[str, ...]


@dataclass(frozen=True)
class AgreementRow(Told):
    id: int
    deal_id: int
    product: str
    side: str
    seller: str
    buyer: str
    state: str
    phase: str
    version: int
    waiting: bool
    effective_from: datetime | None
    effective_until: datetime | None
    trial_until: datetime | None
    trial_verdict: str
    created_at: datetime


@dataclass(frozen=True)
class StepRow(Told):
    at: datetime
    side: str
    action: str
    words: str
    from_state: str
    to_state: str
    note: str
    terms: dict[str, Any] | None


def rfqs(
    session: Session, who: Actor, *, view: str = "", after: int | None = None, limit: int = PAGE
) -> list[RfqRow]:
    """`view`: mine, open (to quote on), empty for both. Newest first; `after` continues below that id."""
    invited = sa.select(RfqInvitation.rfq_id).where(RfqInvitation.seller_id == who.company_id)
    mine = Rfq.buyer_id == who.company_id
    others = sa.and_(Rfq.buyer_id != who.company_id, sa.or_(Rfq.audience == "public", Rfq.id.in_(invited)))
    if not who.sells or who.sandbox:
        others = sa.false()
    shown = {"mine": mine, "open": sa.and_(others, Rfq.state == "open")}.get(view, sa.or_(mine, others))
    if who.is_operator:
        shown = sa.true()
    wanted = sa.select(Rfq).options(joinedload(Rfq.buyer)).where(shown).order_by(Rfq.id.desc()).limit(limit)
    if after is not None:
        wanted = wanted.where(Rfq.id < after)
    return [rfq_row(session, rfq, who) for rfq in session.scalars(wanted)]


def rfq_row(session: Session, rfq: Rfq, who: Actor) -> RfqRow:
    mine = rfq.buyer_id == who.company_id
    counted = sa.select(sa.func.count()).select_from(Deal).where(Deal.rfq_id == rfq.id)
    if not mine and not who.is_operator:
        counted = counted.where(Deal.seller_id == who.company_id)
    return RfqRow(
        id=rfq.id, buyer=rfq.buyer.name if mine or who.is_operator or not rfq.anonymous else "Anonymous buyer", mine=mine,
        destinations=rfq.destinations, route_class=rfq.route_class, minutes_month=rfq.minutes_month, currency=rfq.currency,
        target_rate=None if rfq.target_rate is None else f"{rfq.target_rate.normalize():f}", floors=rfq.floors,
        audience=rfq.audience, anonymous=rfq.anonymous, deadline=rfq.deadline, state=rfq.state, note=rfq.note,
        quotes=session.scalar(counted) or 0, created_at=rfq.created_at,
        actions=possible("rfq", rfq.state, side="buyer") if mine else (),
    )  # fmt: skip


def deals(
    session: Session, who: Actor, *, rfq_id: int | None = None, after: int | None = None, limit: int = PAGE
) -> list[DealRow]:
    """The company's own, newest first; of an RFQ its buyer sees all, a seller its own."""
    wanted = (
        sa.select(Deal)
        .options(
            joinedload(Deal.product), joinedload(Deal.seller), joinedload(Deal.buyer), joinedload(Deal.rfq)
        )
        .order_by(Deal.id.desc())
        .limit(limit)
    )
    if not who.is_operator:
        wanted = wanted.where(sa.or_(Deal.buyer_id == who.company_id, Deal.seller_id == who.company_id))
    if rfq_id is not None:
        wanted = wanted.where(Deal.rfq_id == rfq_id)
    if after is not None:
        wanted = wanted.where(Deal.id < after)
    seen = sight(session, who)
    return [deal_row(session, deal, who, seen) for deal in session.scalars(wanted)]


def deal_row(session: Session, deal: Deal, who: Actor, seen: Sight | None = None) -> DealRow:
    side, seen = _side(who, deal), seen or sight(session, who)
    agreement = session.scalar(sa.select(Agreement.id).where(Agreement.deal_id == deal.id))
    return DealRow(
        id=deal.id, rfq_id=deal.rfq_id, product_id=deal.product_id, product=seen.product(deal.product_id, deal.product.name),
        route_class=deal.product.route_class, side=side, seller=seen.seller(deal.product_id, deal.seller.name),
        buyer=buyer_name(deal, side),
        state=deal.state, turn=deal.turn, round=deal.round, valid_until=deal.valid_until, terms=deal.terms,
        created_at=deal.created_at, agreement_id=agreement,
        actions=possible("deal", deal.state, side=side, turn=deal.turn) if side != "operator" else (),
    )  # fmt: skip


def buyer_name(deal: Deal, side: str) -> str:
    """An anonymous buyer's name is told to the seller when the deal is agreed."""
    hidden = side == "seller" and deal.rfq is not None and deal.rfq.anonymous and deal.state != "agreed"
    return "Anonymous buyer" if hidden else deal.buyer.name


def agreements(
    session: Session, who: Actor, now: datetime, *, after: int | None = None, limit: int = PAGE
) -> list[AgreementRow]:
    wanted = sa.select(Agreement).order_by(Agreement.id.desc()).limit(limit)
    if not who.is_operator:
        wanted = wanted.where(
            sa.or_(Agreement.buyer_id == who.company_id, Agreement.seller_id == who.company_id)
        )
    if after is not None:
        wanted = wanted.where(Agreement.id < after)
    return [agreement_row(session, one, who, now) for one in session.scalars(wanted)]


def agreement_row(session: Session, agreement: Agreement, who: Actor, now: datetime) -> AgreementRow:
    side = _side(who, agreement)
    versions = versions_of(session, agreement.id)
    current = version_at(session, agreement.id, now) or versions[-1]
    waiting = open_version(session, agreement.id)
    signed = {s.side for s in signatures_of(session, waiting.id) if s.complete} if waiting else set()
    return AgreementRow(
        id=agreement.id, deal_id=agreement.deal_id, product=agreement.deal.product.name, side=side,
        seller=agreement.seller.name, buyer=agreement.buyer.name, state=agreement.state, phase=phase(agreement, now),
        version=current.number, waiting=waiting is not None and side in ("buyer", "seller") and side not in signed,
        effective_from=agreement.effective_from, effective_until=agreement.effective_until,
        trial_until=agreement.trial_until, trial_verdict=agreement.trial_verdict, created_at=agreement.created_at,
    )  # fmt: skip


def phase(agreement: Agreement, now: datetime) -> str:
    """In one word what routes know of it: drafted, revoked, signed (begins later), trial, active, ended."""
    if agreement.effective_from is None:
        return agreement.state
    if now < agreement.effective_from:
        return "signed"
    if agreement.effective_until is not None and agreement.effective_until <= now:
        return "ended"
    return "trial" if agreement.trial_until is not None and now < agreement.trial_until else "active"


def steps(session: Session, subject: str, subject_id: int) -> list[StepRow]:
    wanted = sa.select(DealStep).where(DealStep.subject == subject, DealStep.subject_id == subject_id)
    return [_step(step) for step in session.scalars(wanted.order_by(DealStep.revision))]


def agreement_steps(session: Session, agreement: Agreement) -> list[StepRow]:
    """Those of the agreement and of all its versions, in the order in which they were taken."""
    versions = [version.id for version in versions_of(session, agreement.id)]
    wanted = sa.select(DealStep).where(
        sa.or_(
            sa.and_(DealStep.subject == "agreement", DealStep.subject_id == agreement.id),
            sa.and_(DealStep.subject == "agreement_version", DealStep.subject_id.in_(versions)),
        )
    )
    return [_step(step) for step in session.scalars(wanted.order_by(DealStep.id))]


def _step(s: DealStep) -> StepRow:
    return StepRow(
        s.at, s.side, s.action, past(s.subject, s.action), s.from_state, s.to_state, s.note, s.terms
    )


def signature_documents(session: Session, version: AgreementVersion) -> list[dict[str, Any]]:
    """The audit page: who signed what, when, proved how."""
    return [
        {
            "side": s.side, "company": session.get_one(Company, s.company_id).name, "name": s.typed_name,
            "email": s.email, "proof": s.proof, "sha256": s.sha256, "signed_at": s.signed_at, "ip": s.ip or "",
            "first_name": s.first_name, "first_at": s.first_at, "complete": s.complete,
        }
        for s in signatures_of(session, version.id)
    ]  # fmt: skip


def sellers(session: Session, who: Actor) -> list[tuple[int, str]]:
    """Whom one can invite to quote: who sells, except where only an anonymous listing would tell that it does."""
    rows = session.execute(
        sa.select(Company.id, Company.name)
        .where(
            Company.sells,
            Company.status == "active",
            Company.id.not_in(set() if who.is_operator else discreet_sellers(session, who.company_id)),
            Company.id != who.company_id,
            Company.is_operator.is_(False),
        )
        .order_by(Company.name)
    )
    return [(row.id, row.name) for row in rows]


def rule_document(session: Session, company_id: int) -> dict[str, Any]:
    limit = limit_of(session, company_id)
    return {"second_person_above": None if limit is None else f"{limit.normalize():f}"}


def _side(who: Actor, subject: Deal | Agreement) -> str:
    if who.company_id == subject.buyer_id:
        return "buyer"
    return "seller" if who.company_id == subject.seller_id else "operator"
