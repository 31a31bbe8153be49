"""Lists and totals of call records. A company sees what it bought and what it sold; the sell side only of what it bought.

The last four digits of every number are masked: whole numbers leave the database for nobody's screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.carriers.models import Company, CustomerTrunk, Product
from app.cdrs.models import CallDay, CallImport, CallQuarantine, CallRecord
from app.errors import NotFound
from app.security.actor import Actor
from rates.records.faults import WORDS

PAGE = 100
CSV_ROWS = 100_000
OUTCOMES = ("", "answered", "failed")


@dataclass(frozen=True)
class Filter:
    """Days are UTC, both included; `side`: "" | bought | sold; `q`: leading digits of the number, or words of the destination."""

    first: date
    last: date
    side: str = ""
    outcome: str = ""
    product_id: int | None = None
    q: str = ""

    def words(self) -> dict[str, str]:
        """As a page's address carries it."""
        return {
            "first": self.first.isoformat(), "last": self.last.isoformat(), "side": self.side, "outcome": self.outcome,
            "product": str(self.product_id or ""), "q": self.q,
        }  # fmt: skip


@dataclass(frozen=True)
class CallRow:
    """Times UTC; durations in seconds; amounts in their own currency. None on the sell side: not the asker's, or no rate card."""

    id: int
    start: datetime
    buyer: str
    trunk: str
    seller: str
    product: str
    ani: str
    dnis: str
    destination: str
    code: str
    sip_code: int
    q850: int | None
    released_by: str
    seconds: Decimal
    billed_seconds: int
    rate: Decimal
    cost: Decimal
    currency: str
    sell: Decimal | None
    sell_currency: str | None
    margin: Decimal | None
    deck_id: int
    deck_row: int
    version: int


@dataclass(frozen=True)
class SumRow:
    """Counts and exact amounts of one day, buyer, product and code."""

    day: date
    buyer: str
    seller: str
    product: str
    code: str
    attempts: int
    answered: int
    effective: int
    talk_seconds: int
    pdd_ms_sum: int
    pdd_samples: int
    cost: Decimal
    currency: str
    sell_base: Decimal | None
    margin_base: Decimal | None


@dataclass(frozen=True)
class Totals:
    """Over the filter's days. Money in the base currency; the sell side only where the asker may see it."""

    attempts: int
    answered: int
    effective: int
    talk_ms: int
    pdd_ms_sum: int
    pdd_samples: int
    cost: Decimal
    margin: Decimal


@dataclass(frozen=True)
class ImportRow:
    id: int
    created_at: datetime
    filename: str
    size_bytes: int
    way: str
    source: str
    state: str
    shape: str
    records: int
    new: int
    same: int
    refused: int
    error: str


@dataclass(frozen=True)
class QuarantineRow:
    id: int
    created_at: datetime
    file: str
    reason: str
    words: str
    line: int
    call_id: str
    trunk: str
    product: str
    dnis: str
    seconds: Decimal | None
    detail: str


def masked(number: str) -> str:
    """Without its last four digits; a short one whole."""
    return number[:-4] + "xxxx" if len(number) > 4 else "x" * len(number)


def money(nanos: int | None) -> Decimal:
    return Decimal(int(nanos or 0)).scaleb(-9)


def _may_see(who: Actor, table: Any, side: str) -> Any:
    bought, sold = table.company_id == who.company_id, table.seller_id == who.company_id
    if who.is_operator:
        return sa.true()
    return {"bought": bought, "sold": sold}.get(side, sa.or_(bought, sold))


def _chosen(who: Actor, f: Filter) -> list[Any]:
    r = CallRecord
    chosen = [
        _may_see(who, r, f.side), r.current.is_(True), r.start_at >= _instant(f.first), r.start_at < _instant(f.last + timedelta(days=1)),
    ]  # fmt: skip
    if f.outcome in ("answered", "failed"):
        chosen.append(r.answered.is_(f.outcome == "answered"))
    if f.product_id is not None:
        chosen.append(r.product_id == f.product_id)
    if f.q.isdigit():
        # Not more digits than a page shows: a search must not find out what is masked.
        chosen.append(r.dnis.startswith(f.q) & (sa.func.length(r.dnis) >= len(f.q) + 4))
    elif f.q:
        chosen.append(sa.func.lower(r.destination).contains(f.q.lower(), autoescape=True))
    return chosen


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def calls(session: Session, who: Actor, f: Filter, *, page: int = 1, size: int = PAGE) -> list[CallRow]:
    """Newest first."""
    r, buyer, seller = CallRecord, aliased(Company), aliased(Company)
    rows = session.execute(
        sa.select(r, buyer.name, CustomerTrunk.name, seller.name, Product.name)
        .join(buyer, buyer.id == r.company_id)
        .join(seller, seller.id == r.seller_id)
        .join(CustomerTrunk, CustomerTrunk.id == r.trunk_id)
        .join(Product, Product.id == r.product_id)
        .where(*_chosen(who, f))
        .order_by(r.start_at.desc(), r.id.desc())
        .limit(size)
        .offset((max(page, 1) - 1) * size)
    )
    return [_row(who, *row) for row in rows]


def _row(who: Actor, r: CallRecord, buyer: str, trunk: str, seller: str, product: str) -> CallRow:
    own = who.is_operator or r.company_id == who.company_id
    return CallRow(
        id=r.id, start=r.start_at, buyer=buyer, trunk=trunk if own else "", seller=seller, product=product,
        ani=masked(r.ani), dnis=masked(r.dnis), destination=r.destination, code=r.code, sip_code=r.sip_code,
        q850=r.record.get("q850"), released_by=r.record.get("released_by", ""), seconds=Decimal(r.duration_ms).scaleb(-3),
        billed_seconds=r.cost_billed, rate=money(r.cost_rate_nanos), cost=money(r.cost_nanos), currency=r.cost_currency,
        sell=money(r.sell_nanos) if own and r.sell_nanos is not None else None,
        sell_currency=r.sell_currency if own else None,
        margin=money(r.margin_nanos) if own and r.margin_nanos is not None else None, deck_id=r.deck_id,
        deck_row=r.deck_row, version=r.version,
    )  # fmt: skip


def count(session: Session, who: Actor, f: Filter) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(CallRecord).where(*_chosen(who, f))) or 0


def _days(who: Actor, f: Filter) -> list[Any]:
    d = CallDay
    chosen = [_may_see(who, d, f.side), d.day >= f.first, d.day <= f.last, d.attempts != 0]
    if f.product_id is not None:
        chosen.append(d.product_id == f.product_id)
    if f.q.isdigit():
        chosen.append(d.code.startswith(f.q))
    return chosen


def totals(session: Session, who: Actor, f: Filter) -> Totals:
    """From the sums by day: the outcome of a single call plays no part."""
    d = CallDay
    names = (d.attempts, d.answered, d.effective, d.talk_ms, d.pdd_ms_sum, d.pdd_samples, d.cost_base_nanos)
    own = sa.true() if who.is_operator else d.company_id == who.company_id
    margin = sa.func.sum(sa.case((own, d.margin_base_nanos), else_=0))
    row = session.execute(
        sa.select(*(sa.func.sum(name) for name in names), margin).where(*_days(who, f))
    ).one()
    counts = [int(value or 0) for value in row]
    attempts, answered, effective, talk, pdd, samples, cost, gain = counts
    return Totals(attempts, answered, effective, talk, pdd, samples, money(cost), money(gain))


def sums(session: Session, who: Actor, f: Filter, *, page: int = 1, size: int = PAGE) -> list[SumRow]:
    """Newest day first, then the most talk."""
    d, buyer, seller = CallDay, aliased(Company), aliased(Company)
    rows = session.execute(
        sa.select(d, buyer.name, seller.name, Product.name, Product.currency)
        .join(buyer, buyer.id == d.company_id)
        .join(seller, seller.id == d.seller_id)
        .join(Product, Product.id == d.product_id)
        .where(*_days(who, f))
        .order_by(d.day.desc(), d.talk_ms.desc(), d.id)
        .limit(size)
        .offset((max(page, 1) - 1) * size)
    )
    found = []
    for one, buyer_name, seller_name, product, currency in rows:
        own = who.is_operator or one.company_id == who.company_id
        found.append(
            SumRow(
                day=one.day, buyer=buyer_name, seller=seller_name, product=product, code=one.code, attempts=one.attempts,
                answered=one.answered, effective=one.effective, talk_seconds=one.talk_seconds, pdd_ms_sum=one.pdd_ms_sum,
                pdd_samples=one.pdd_samples, cost=money(one.cost_nanos), currency=currency,
                sell_base=money(one.sell_base_nanos) if own else None,
                margin_base=money(one.margin_base_nanos) if own else None,
            )
        )  # fmt: skip
    return found


def sum_count(session: Session, who: Actor, f: Filter) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(CallDay).where(*_days(who, f))) or 0


def newest_day(session: Session, who: Actor) -> date | None:
    """Of the asker's calls: what a page opened without days shows."""
    return session.scalar(sa.select(sa.func.max(CallDay.day)).where(_may_see(who, CallDay, "")))


def products(session: Session, who: Actor) -> list[tuple[int, str]]:
    """Products the asker has calls of."""
    rows = session.execute(
        sa.select(Product.id, Company.name, Product.name)
        .join(Company, Company.id == Product.company_id)
        .where(Product.id.in_(sa.select(CallDay.product_id).where(_may_see(who, CallDay, ""))))
        .order_by(Company.name, Product.name)
    )
    return [(id_, f"{company} · {name}") for id_, company, name in rows]


def _own(who: Actor, table: Any) -> Any:
    return sa.true() if who.is_operator else table.company_id == who.company_id


def imports(session: Session, who: Actor, limit: int = 200) -> list[ImportRow]:
    """The company's own files, newest first."""
    found = session.scalars(
        sa.select(CallImport).where(_own(who, CallImport)).order_by(CallImport.id.desc()).limit(limit)
    )
    return [import_row(one) for one in found]


def import_row(one: CallImport) -> ImportRow:
    c = one.counts
    return ImportRow(
        id=one.id, created_at=one.created_at, filename=one.filename, size_bytes=one.size_bytes, way=one.way,
        source=one.source, state=one.state, shape=str(c.get("shape", "")), records=int(c.get("records", 0)),
        new=int(c.get("new", 0)), same=int(c.get("same", 0)), refused=int(c.get("refused", 0)), error=one.error,
    )  # fmt: skip


def own_import(session: Session, who: Actor, import_id: int) -> CallImport:
    """Raises NotFound for another company's."""
    found = session.scalar(
        sa.select(CallImport).where(CallImport.id == min(import_id, 2**31 - 1), _own(who, CallImport))
    )
    if found is None:
        raise NotFound(f"There is no import {import_id}.", hint="The list of imports shows yours.")
    return found


def quarantine(
    session: Session, who: Actor, *, reason: str = "", import_id: int | None = None, limit: int = 500
) -> list[QuarantineRow]:
    """What waits for a person, newest first."""
    q = CallQuarantine
    query = (
        sa.select(q, CallImport.filename)
        .join(CallImport, CallImport.id == q.import_id)
        .where(_own(who, q), q.settled == "")
        .order_by(q.id.desc())
        .limit(limit)
    )
    if reason:
        query = query.where(q.reason == reason)
    if import_id is not None:
        query = query.where(q.import_id == import_id)
    return [
        QuarantineRow(
            id=one.id, created_at=one.created_at, file=file, reason=one.reason, words=WORDS.get(one.reason, one.reason),
            line=one.line, call_id=one.record.get("call_id", ""), trunk=one.record.get("trunk", ""),
            product=one.record.get("product", ""), dnis=masked(one.record.get("dnis", "")),
            seconds=Decimal(one.record["duration_ms"]).scaleb(-3) if one.record else None, detail=one.detail,
        )
        for one, file in session.execute(query)
    ]  # fmt: skip


def waiting(session: Session, who: Actor) -> dict[str, int]:
    """Reason → how many records wait."""
    q = CallQuarantine
    rows = session.execute(
        sa.select(q.reason, sa.func.count()).where(_own(who, q), q.settled == "").group_by(q.reason)
    )
    return {reason: int(number) for reason, number in rows}
