"""Reads for the pages and the API: frozen views of decks, products and versions, one company at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, Product
from app.decks.models import Arrival, Deck, DeckTemplate, DeckVersion, TrafficDay
from app.jobs.models import Job
from app.security.actor import Actor
from app.security.models import User

INBOX_PAGE = 25
ARRIVAL_STATES = ("quarantined", "refused", "dropped")
OPEN_STATES = ("received", "checking", "needs_mapping", "rejected", "review", "failed")


@dataclass(frozen=True)
class DeckLine:
    """One line of the inbox."""

    id: int
    filename: str
    size_bytes: int
    carrier: str
    product: str
    product_id: int
    state: str
    mode: str | None
    source: str
    received_at: datetime
    by: str | None
    rows: int
    errors: int
    warnings: int
    labels: dict[str, int]
    version: int | None


@dataclass(frozen=True)
class Inbox:
    lines: list[DeckLine]
    counts: dict[str, int]
    page: int
    pages: int
    total: int


@dataclass(frozen=True)
class VersionLine:
    """One version of a product's timeline. `current`: the one in force."""

    number: int
    created_at: datetime
    by: str | None
    note: str
    codes: int
    counts: dict[str, int]
    effective_from: datetime | None
    deck_id: int | None
    filename: str | None
    rollback_to: int | None
    timeline_key: str
    current: bool
    seconded_by: str | None = None
    rule: str = ""


@dataclass(frozen=True)
class ProductLine:
    id: int
    name: str
    carrier: str
    route_class: str
    currency: str
    version: int
    notice_days: int


@dataclass(frozen=True)
class CheckProgress:
    """How far a running check is; `percent` None while the total is unknown."""

    job_id: str
    state: str
    phase: str
    done: int
    total: int

    @property
    def percent(self) -> int | None:
        return min(100, 100 * self.done // self.total) if self.total else None


def _mine(query: Any, who: Actor, column: Any) -> Any:
    return query if who.is_operator else query.where(column == who.company_id)


def inbox(
    session: Session, who: Actor, *, state: str = "", q: str = "", page: int = 1, size: int = INBOX_PAGE
) -> Inbox:
    """Decks newest first. `state` is one state or 'open'; `q` is part of a file name or of the product's name."""
    base: Any = (
        sa.select(Deck, Product, Company, User.email, DeckVersion.number)
        .join(Product, Product.id == Deck.product_id)
        .join(Company, Company.id == Deck.company_id)
        .outerjoin(User, User.id == Deck.uploaded_by)
        .outerjoin(DeckVersion, sa.and_(DeckVersion.deck_id == Deck.id, DeckVersion.rollback_of.is_(None)))
    )
    base = _mine(base, who, Deck.company_id)
    counted = _mine(sa.select(Deck.state, sa.func.count()), who, Deck.company_id).group_by(Deck.state)
    counts = {row[0]: row[1] for row in session.execute(counted)}
    held = _mine(sa.select(Arrival.state, sa.func.count()), who, Arrival.company_id)
    for name, count in session.execute(held.where(Arrival.deck_id.is_(None)).group_by(Arrival.state)):
        counts[name] = counts.get(name, 0) + count
    if state == "open":
        base = base.where(Deck.state.in_(OPEN_STATES))
    elif state:
        base = base.where(Deck.state == state)
    if q.strip():
        like = f"%{q.strip().lower()}%"
        base = base.where(
            sa.or_(sa.func.lower(Deck.filename).like(like), sa.func.lower(Product.name).like(like),
                   sa.func.lower(Company.name).like(like))
        )  # fmt: skip
    total = session.scalar(sa.select(sa.func.count()).select_from(base.subquery())) or 0
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    rows = session.execute(
        base.order_by(Deck.received_at.desc(), Deck.id.desc()).limit(size).offset((page - 1) * size)
    )
    lines = [
        DeckLine(
            id=deck.id, filename=deck.filename, size_bytes=deck.size_bytes, carrier=company.name, product=product.name,
            product_id=product.id, state=deck.state, mode=deck.options.get("mode"), source=deck.source,
            received_at=deck.received_at, by=email, rows=deck.report.get("rows_read", 0),
            errors=deck.report.get("error_count", 0), warnings=deck.report.get("warning_count", 0),
            labels=deck.report.get("labels", {}), version=number,
        )
        for deck, product, company, email, number in rows
    ]  # fmt: skip
    return Inbox(lines, counts, page, pages, total)


def products(session: Session, who: Actor) -> list[ProductLine]:
    """The products a person may send decks for."""
    query = sa.select(Product, Company.name).join(Company, Company.id == Product.company_id)
    query = query.where(Product.derived_from.is_(None))
    query = _mine(query, who, Product.company_id).order_by(Company.name, Product.name)
    return [
        ProductLine(p.id, p.name, carrier, p.route_class, p.currency, p.version, p.notice_days)
        for p, carrier in session.execute(query)
    ]


def versions(session: Session, product_id: int) -> list[VersionLine]:
    """All versions of a product, newest first. The caller has found the product through app.decks.access."""
    back, first = sa.orm.aliased(DeckVersion), sa.orm.aliased(User)
    query = (
        sa.select(DeckVersion, User.email, Deck.filename, back.number, Product.version, first.email)
        .outerjoin(first, first.id == DeckVersion.seconded_by)
        .join(Product, Product.id == DeckVersion.product_id)
        .outerjoin(User, User.id == DeckVersion.created_by)
        .outerjoin(Deck, Deck.id == DeckVersion.deck_id)
        .outerjoin(back, back.id == DeckVersion.rollback_of)
        .where(DeckVersion.product_id == product_id)
        .order_by(DeckVersion.number.desc())
    )
    return [
        VersionLine(
            number=v.number, created_at=v.created_at, by=email, note=v.note, codes=v.codes, counts=v.counts,
            effective_from=v.effective_from, deck_id=v.deck_id, filename=filename, rollback_to=back_to,
            timeline_key=v.timeline_key, current=v.number == current,
            seconded_by=seconded, rule=v.rule,
        )
        for v, email, filename, back_to, current, seconded in session.execute(query)
    ]  # fmt: skip


def check_progress(session: Session, deck: Deck) -> CheckProgress | None:
    """Progress of the deck's check, None when none was queued."""
    job = session.get(Job, deck.job_id, populate_existing=True) if deck.job_id else None
    return CheckProgress(job.id, job.state, job.phase, job.done, job.total) if job else None


def email_of(session: Session, user_id: int | None) -> str | None:
    return session.scalar(sa.select(User.email).where(User.id == user_id)) if user_id else None


def version_made_by(session: Session, deck_id: int) -> DeckVersion | None:
    """The version this deck became."""
    return session.scalar(
        sa.select(DeckVersion).where(DeckVersion.deck_id == deck_id, DeckVersion.rollback_of.is_(None))
    )


def version_of_deck(session: Session, deck_id: int) -> int | None:
    """Number of the version this deck became."""
    return session.scalar(
        sa.select(DeckVersion.number).where(DeckVersion.deck_id == deck_id, DeckVersion.rollback_of.is_(None))
    )


@dataclass(frozen=True)
class TrafficLine:
    """Traffic of a product on one day."""

    day: date
    codes: int
    calls: int
    seconds: int


def traffic_days(session: Session, product_id: int, limit: int = 92) -> list[TrafficLine]:
    """Recorded traffic, newest day first."""
    rows = session.execute(
        sa.select(
            TrafficDay.day, sa.func.count(), sa.func.sum(TrafficDay.calls), sa.func.sum(TrafficDay.seconds)
        )
        .where(TrafficDay.product_id == product_id)
        .group_by(TrafficDay.day)
        .order_by(TrafficDay.day.desc())
        .limit(limit)
    )
    return [TrafficLine(day, int(codes), int(calls), int(seconds)) for day, codes, calls, seconds in rows]


def templates(session: Session, company_id: int) -> list[DeckTemplate]:
    """The carrier's templates, last used first."""
    return list(
        session.scalars(
            sa.select(DeckTemplate)
            .where(DeckTemplate.company_id == company_id)
            .order_by(DeckTemplate.used_at.is_(None), DeckTemplate.used_at.desc(), DeckTemplate.id.desc())
        )
    )


def waiting_arrivals(
    session: Session, who: Actor, *, state: str = "", q: str = "", limit: int = INBOX_PAGE
) -> list[Arrival]:
    """Files by mail or folder that became no deck, newest first; `state` as in the inbox."""
    if state not in ("", "open", *ARRIVAL_STATES):
        return []
    wanted = (state,) if state in ARRIVAL_STATES else ("quarantined",) if state == "open" else ARRIVAL_STATES
    query = _mine(sa.select(Arrival), who, Arrival.company_id).where(
        Arrival.deck_id.is_(None), Arrival.state.in_(wanted)
    )
    if q.strip():
        like = f"%{q.strip().lower()}%"
        query = query.where(
            sa.or_(
                *(
                    sa.func.lower(column).like(like)
                    for column in (Arrival.filename, Arrival.sender, Arrival.subject)
                )
            )
        )
    return list(session.scalars(query.order_by(Arrival.created_at.desc(), Arrival.id.desc()).limit(limit)))


def arrival_of(session: Session, deck_id: int) -> Arrival | None:
    """How a deck came in, where it came by mail or folder."""
    return session.scalar(
        sa.select(Arrival).where(Arrival.deck_id == deck_id).order_by(Arrival.id.desc()).limit(1)
    )


def deck_names(session: Session, company_id: int, deck_ids: set[int]) -> dict[int, str]:
    """File names of decks of this company."""
    query = sa.select(Deck.id, Deck.filename).where(Deck.company_id == company_id, Deck.id.in_(deck_ids))
    return {row.id: row.filename for row in session.execute(query)}
