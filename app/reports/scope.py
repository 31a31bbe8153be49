"""Which offers a company may see in a report. The tenant comes from the actor only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, CustomerTrunk, Product
from app.carriers.sight import sight
from app.market.models import Purchase
from app.security.access import Actor


@dataclass(frozen=True, slots=True)
class Offer:
    """A product with an accepted deck."""

    product_id: int
    company_id: int
    vendor: str
    product: str
    route_class: str
    currency: str
    timeline_key: str
    mine: bool
    bought: bool


def visible_offers(session: Session, actor: Actor, *, market: bool, now: datetime) -> list[Offer]:
    """Own products; what the company buys; with `market` also every listed offer whose seller it may know. The operator sees all.

    Ordered by vendor, product, id.
    """
    bought = set(
        session.scalars(
            sa.select(Purchase.product_id).where(
                Purchase.buyer_id == actor.company_id,
                Purchase.state == "accepted",
                sa.or_(Purchase.effective_from.is_(None), Purchase.effective_from <= now),
                sa.or_(Purchase.effective_until.is_(None), Purchase.effective_until > now),
            )
        )
    )
    query = (
        sa.select(Product, Company)
        .join(Company, Company.id == Product.company_id)
        .where(Product.timeline_key.is_not(None))
        .order_by(Company.name, Product.name, Product.id)
    )
    found, unnamed = [], sight(session, actor).unnamed
    for product, company in session.execute(query):
        mine = company.id == actor.company_id
        listed = market and product.listed and product.enabled and company.status == "active"
        listed = listed and (company.sample or not actor.sandbox) and product.id not in unnamed
        if actor.is_operator or mine or product.id in bought or listed:
            found.append(
                Offer(
                    product.id, company.id, product.outside_vendor or company.name, product.name, product.route_class, product.currency,
                    product.timeline_key or "", mine, product.id in bought,
                )
            )  # fmt: skip
    return found


def sees_market(actor: Actor) -> bool:
    """Listed offers belong in a report of someone who may read the market."""
    return actor.is_operator or "market:read" in actor.permissions


def compares_vendors(actor: Actor) -> bool:
    """A buyer (or the operator) follows other carriers' prices and quality; a pure seller sees its own."""
    return actor.is_operator or (actor.buys and sees_market(actor))


def rate_card_key(session: Session, actor: Actor) -> str | None:
    """Timeline of what the company's first priced trunk sells at."""
    return session.scalar(
        sa.select(CustomerTrunk.rate_card_key)
        .where(CustomerTrunk.company_id == actor.company_id, CustomerTrunk.rate_card_key.is_not(None))
        .order_by(CustomerTrunk.id)
        .limit(1)
    )
