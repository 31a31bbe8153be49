"""Reads of rate notices: the buyer sees those sent to it, the seller those it sent, the operator all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.carriers.models import Company, Product
from app.errors import NotFound
from app.mail.models import OutboxMail
from app.market.models import RateNotice
from app.security.actor import Actor
from app.security.models import User

SHOWN = 300


@dataclass(frozen=True)
class NoticeRow:
    id: int
    product_id: int
    product: str
    currency: str
    seller: str
    buyer: str
    version: int
    counts: dict[str, Any]
    first_change: datetime | None
    created_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    answer: str
    mine: bool

    def document(self) -> dict[str, Any]:
        """The API's form of it."""
        names = (
            "id",
            "product_id",
            "product",
            "currency",
            "seller",
            "buyer",
            "version",
            "counts",
            "acknowledged_by",
            "answer",
        )
        times = ("first_change", "created_at", "acknowledged_at")
        when = {name: getattr(self, name) for name in times}
        return {name: getattr(self, name) for name in names} | {
            n: v and v.isoformat() for n, v in when.items()
        }


def notices(session: Session, who: Actor, *, side: str = "", limit: int = SHOWN) -> list[NoticeRow]:
    """Newest first; `side`: received, sent, or both."""
    seller, buyer = aliased(Company), aliased(Company)
    query = (
        sa.select(RateNotice, Product.name, Product.currency, seller.name, buyer.name, User.email)
        .join(Product, Product.id == RateNotice.product_id)
        .join(seller, seller.id == RateNotice.seller_id)
        .join(buyer, buyer.id == RateNotice.buyer_id)
        .outerjoin(User, User.id == RateNotice.acknowledged_by)
        .order_by(RateNotice.created_at.desc(), RateNotice.id.desc())
        .limit(limit)
    )
    if side == "received":
        query = query.where(RateNotice.buyer_id == who.company_id)
    elif side == "sent":
        query = query.where(RateNotice.seller_id == who.company_id)
    elif not who.is_operator:
        query = query.where(_mine(who))
    return [
        NoticeRow(
            n.id, n.product_id, product, currency, sold_by, bought_by, n.version, n.counts, n.first_change, n.created_at,
            n.acknowledged_at, email if who.is_operator or n.buyer_id == who.company_id else (email and bought_by), n.answer,
            n.buyer_id == who.company_id,
        )
        for n, product, currency, sold_by, bought_by, email in session.execute(query)
    ]  # fmt: skip


def notice_of(session: Session, who: Actor, notice_id: int) -> RateNotice:
    """A notice the asker is a side of. Raises NotFound."""
    query = sa.select(RateNotice).where(RateNotice.id == (notice_id if 0 <= notice_id < 2**31 else 0))
    if not who.is_operator:
        query = query.where(_mine(who))
    found = session.scalar(query)
    if found is None:
        raise NotFound(f"There is no rate notice {notice_id}.", hint="The list shows those of your company.")
    return found


@dataclass(frozen=True)
class Delivery:
    """Messages of one notice: how many were written, and those that did not arrive (recipient, why)."""

    written: int
    returned: tuple[tuple[str, str], ...]


def delivery_of(session: Session, notice: RateNotice) -> Delivery:
    mails = session.scalars(
        sa.select(OutboxMail)
        .where(OutboxMail.mark.startswith(f"rate-notice-{notice.id}-", autoescape=True))
        .order_by(OutboxMail.id)
    ).all()
    return Delivery(
        len(mails), tuple((mail.recipient, mail.error) for mail in mails if mail.state == "failed")
    )


def _mine(who: Actor) -> Any:
    return sa.or_(RateNotice.buyer_id == who.company_id, RateNotice.seller_id == who.company_id)
