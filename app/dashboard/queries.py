"""Reads of the first page: what happened, what waits, for one company or for the whole exchange."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.carriers.models import Company, CustomerTrunk, Product
from app.carriers.sight import Sight, sight_of
from app.decks.models import Deck, DeckVersion
from app.jobs.models import Job
from app.market.models import Purchase
from app.routing.models import SnapshotRecord

RECENT = 8


@dataclass(frozen=True)
class DeckLine:
    id: int
    company: str
    product: str
    filename: str
    state: str
    received_at: datetime


@dataclass(frozen=True)
class OrderLine:
    id: int
    product: str
    other: str
    trunk: str
    state: str
    at: datetime


@dataclass(frozen=True)
class Move:
    """An accepted deck of a product: how many codes rose and fell."""

    company: str
    product: str
    number: int
    at: datetime
    new: int
    increases: int
    decreases: int
    closed: int


@dataclass(frozen=True)
class Activity:
    """Counts per day, oldest first: `days` as Unix seconds for the chart."""

    days: list[int] = field(default_factory=list)
    increases: list[int] = field(default_factory=list)
    decreases: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class ProductLine:
    id: int
    name: str
    route_class: str
    version: int
    codes: int
    buyers: int
    enabled: bool


def _count(session: Session, query: sa.Select[int]) -> int:
    return session.scalar(query) or 0


def own_products(session: Session, company_id: int) -> list[ProductLine]:
    """A seller's products with the size of the current deck and the number of active grants."""
    buyers = (
        sa.select(sa.func.count())
        .select_from(Purchase)
        .where(Purchase.product_id == Product.id, Purchase.state == "accepted")
        .correlate(Product)
        .scalar_subquery()
    )
    query = (
        sa.select(Product, DeckVersion.codes, buyers)
        .outerjoin(
            DeckVersion, sa.and_(DeckVersion.product_id == Product.id, DeckVersion.number == Product.version)
        )
        .where(Product.company_id == company_id)
        .order_by(Product.name)
    )
    return [
        ProductLine(p.id, p.name, p.route_class, p.version, codes or 0, count, p.enabled)
        for p, codes, count in session.execute(query)
    ]


def recent_decks(session: Session, company_id: int | None) -> list[DeckLine]:
    """The last received decks of one company, or of all."""
    query = (
        sa.select(Deck, Company.name, Product.name)
        .join(Product, Product.id == Deck.product_id)
        .join(Company, Company.id == Deck.company_id)
        .order_by(Deck.received_at.desc(), Deck.id.desc())
        .limit(RECENT)
    )
    if company_id is not None:
        query = query.where(Deck.company_id == company_id)
    return [
        DeckLine(deck.id, company, product, deck.filename, deck.state, deck.received_at)
        for deck, company, product in session.execute(query)
    ]


def decks_waiting(session: Session, company_id: int) -> int:
    """Decks that need a person: a mapping or a review."""
    query = sa.select(sa.func.count()).select_from(Deck)
    return _count(
        session, query.where(Deck.company_id == company_id, Deck.state.in_(("needs_mapping", "review")))
    )


def orders(session: Session, *, seller: int | None = None, buyer: int | None = None) -> list[OrderLine]:
    """Newest requests of one side, waiting ones first."""
    other = aliased(Company)
    query = (
        sa.select(Purchase, Product.name, other.name, CustomerTrunk.name)
        .join(Product, Product.id == Purchase.product_id)
        .join(CustomerTrunk, CustomerTrunk.id == Purchase.trunk_id)
        .where(Product.outside_vendor.is_(None))
        .join(other, other.id == (Purchase.buyer_id if seller is not None else Purchase.seller_id))
        .order_by((Purchase.state != "requested"), Purchase.created_at.desc())
        .limit(RECENT)
    )
    query = (
        query.where(Purchase.seller_id == seller)
        if seller is not None
        else query.where(Purchase.buyer_id == buyer)
    )
    seen = Sight() if buyer is None else sight_of(session, buyer)
    return [
        OrderLine(
            purchase.id,
            seen.product(purchase.product_id, product),
            company if buyer is None else seen.seller(purchase.product_id, company),
            trunk if buyer is not None else "",
            purchase.state,
            purchase.created_at,
        )
        for purchase, product, company, trunk in session.execute(query)
    ]


def order_counts(session: Session, *, seller: int | None = None, buyer: int | None = None) -> dict[str, int]:
    """State -> number of purchases of one side."""
    side = Purchase.seller_id == seller if seller is not None else Purchase.buyer_id == buyer
    query = (
        sa.select(Purchase.state, sa.func.count())
        .join(Product, Product.id == Purchase.product_id)
        .where(side, Product.outside_vendor.is_(None))
        .group_by(Purchase.state)
    )
    counts: dict[str, int] = {}
    for state, count in session.execute(query):
        counts[state] = count
    return counts


def trunk_count(session: Session, company_id: int) -> int:
    query = sa.select(sa.func.count()).select_from(CustomerTrunk)
    return _count(
        session, query.where(CustomerTrunk.company_id == company_id, CustomerTrunk.enabled.is_(True))
    )


def _versions(*, seller: int | None, buyer: int | None) -> sa.Select[DeckVersion, str, str]:
    query = (
        sa.select(DeckVersion, Company.name, Product.name)
        .join(Product, Product.id == DeckVersion.product_id)
        .join(Company, Company.id == DeckVersion.company_id)
    )
    if seller is not None:
        return query.where(DeckVersion.company_id == seller)
    if buyer is not None:
        granted = sa.select(Purchase.product_id).where(
            Purchase.buyer_id == buyer, Purchase.state == "accepted"
        )
        return query.where(DeckVersion.product_id.in_(granted))
    return query


def moves(session: Session, *, seller: int | None = None, buyer: int | None = None) -> list[Move]:
    """The newest accepted decks: a seller's own, those a buyer routes over, or all."""
    query = _versions(seller=seller, buyer=buyer).order_by(DeckVersion.created_at.desc()).limit(RECENT)
    return [
        Move(
            company, product, v.number, v.created_at, v.counts.get("NEW", 0), v.counts.get("INCREASE", 0),
            v.counts.get("DECREASE", 0), v.counts.get("CLOSED", 0),
        )
        for v, company, product in session.execute(query)
    ]  # fmt: skip


def activity(
    session: Session, now: datetime, *, seller: int | None = None, buyer: int | None = None
) -> Activity:
    """Codes that rose and fell, per day of the last 90."""
    since = now - timedelta(days=90)
    found = session.execute(_versions(seller=seller, buyer=buyer).where(DeckVersion.created_at >= since))
    per_day: dict[int, list[int]] = {}
    for version, _company, _product in found:
        day = int(version.created_at.timestamp()) // 86_400 * 86_400
        sums = per_day.setdefault(day, [0, 0])
        sums[0] += version.counts.get("INCREASE", 0)
        sums[1] += version.counts.get("DECREASE", 0)
    days = sorted(per_day)
    return Activity(days, [per_day[day][0] for day in days], [per_day[day][1] for day in days])


@dataclass(frozen=True)
class ExchangeCounts:
    companies: int
    sellers: int
    buyers: int
    products: int
    rates: int
    jobs_waiting: int
    jobs_failed: int


def exchange_counts(session: Session, now: datetime) -> ExchangeCounts:
    """The operator's tiles; failed jobs of the last day."""
    company = sa.select(sa.func.count()).select_from(Company)
    job = sa.select(sa.func.count()).select_from(Job)
    current = sa.and_(DeckVersion.product_id == Product.id, DeckVersion.number == Product.version)
    rates = sa.select(sa.func.coalesce(sa.func.sum(DeckVersion.codes), 0)).join(Product, current)
    return ExchangeCounts(
        companies=_count(session, company),
        sellers=_count(session, company.where(Company.sells.is_(True))),
        buyers=_count(session, company.where(Company.buys.is_(True))),
        products=_count(session, sa.select(sa.func.count()).select_from(Product)),
        rates=_count(session, rates),
        jobs_waiting=_count(session, job.where(Job.state.in_(("queued", "running")))),
        jobs_failed=_count(
            session, job.where(Job.state == "failed", Job.finished_at >= now - timedelta(days=1))
        ),
    )


@dataclass(frozen=True)
class SnapshotLine:
    id: int
    snapshot_id: str | None
    state: str
    reason: str
    offers: int
    rates: int
    build_ms: int
    created_at: datetime
    epoch_until: datetime | None
    error: str | None


def snapshots(session: Session, limit: int = RECENT) -> list[SnapshotLine]:
    query = (
        sa.select(SnapshotRecord)
        .order_by(SnapshotRecord.created_at.desc(), SnapshotRecord.id.desc())
        .limit(limit)
    )
    return [
        SnapshotLine(
            s.id,
            s.snapshot_id,
            s.state,
            s.reason,
            s.offers,
            s.rates,
            s.build_ms,
            s.created_at,
            s.epoch_until,
            s.error,
        )
        for s in session.scalars(query)
    ]


@dataclass(frozen=True)
class JobLine:
    id: str
    title: str
    state: str
    phase: str
    done: int
    total: int
    created_at: datetime


def recent_jobs(session: Session, company_id: int | None) -> list[JobLine]:
    query = sa.select(Job).order_by(Job.created_at.desc()).limit(RECENT)
    if company_id is not None:
        query = query.where(Job.company_id == company_id)
    return [
        JobLine(j.id, j.title, j.state, j.phase, j.done, j.total, j.created_at)
        for j in session.scalars(query)
    ]
