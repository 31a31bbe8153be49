"""Reads of purchases: one company sees those it is a side of, the operator all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.carriers.models import Company, CustomerTrunk, Product
from app.carriers.offer_lists import bought_by
from app.carriers.sight import Sight, dealt_by, sight_of
from app.errors import NotFound
from app.market.models import Purchase


@dataclass(frozen=True)
class PurchaseRow:
    """`trunk` is the buyer's own name of it; a seller sees only the product. `active`: the grant holds at the instant asked for."""

    id: int
    product_id: int
    product: str
    route_class: str
    currency: str
    seller: str
    buyer: str
    trunk: str
    state: str
    active: bool
    note: str
    answer: str
    created_at: datetime
    decided_at: datetime | None
    effective_from: datetime | None
    effective_until: datetime | None

    def document(self) -> dict[str, Any]:
        """The API's form of it."""
        times = ("created_at", "decided_at", "effective_from", "effective_until")
        told: dict[str, Any] = {
            name: getattr(self, name)
            for name in (
                "id",
                "product_id",
                "product",
                "route_class",
                "currency",
                "seller",
                "buyer",
                "trunk",
                "state",
                "active",
                "note",
                "answer",
            )
        }
        for name in times:
            instant: datetime | None = getattr(self, name)
            told[name] = instant.isoformat() if instant else None
        return told


def purchases(
    session: Session,
    now: datetime,
    *,
    seller_id: int | None = None,
    buyer_id: int | None = None,
    state: str | None = None,
    purchase_id: int | None = None,
) -> list[PurchaseRow]:
    """Newest first. Exactly the sides named are filtered on; none named is the operator's view."""
    seller, buyer = aliased(Company), aliased(Company)
    wanted = (
        sa.select(Purchase, Product, seller.name, buyer.name, CustomerTrunk.name)
        .join(Product, Product.id == Purchase.product_id)
        .join(seller, seller.id == Purchase.seller_id)
        .join(buyer, buyer.id == Purchase.buyer_id)
        .join(CustomerTrunk, CustomerTrunk.id == Purchase.trunk_id)
        .where(Product.outside_vendor.is_(None))
        .order_by(Purchase.created_at.desc(), Purchase.id.desc())
    )
    if seller_id is not None:
        wanted = wanted.where(Purchase.seller_id == seller_id)
    if buyer_id is not None:
        wanted = wanted.where(Purchase.buyer_id == buyer_id)
    if state is not None:
        wanted = wanted.where(Purchase.state == state)
    if purchase_id is not None:
        wanted = wanted.where(Purchase.id == purchase_id)
    rows = []
    seen = Sight() if buyer_id is None else sight_of(session, buyer_id)
    for purchase, product, seller_name, buyer_name, trunk in session.execute(wanted):
        shown_trunk = "" if buyer_id is None and seller_id is not None else trunk
        rows.append(
            PurchaseRow(
                id=purchase.id,
                product_id=product.id,
                product=seen.product(product.id, product.name),
                route_class=product.route_class,
                currency=product.currency,
                seller=seen.seller(product.id, seller_name),
                buyer=buyer_name,
                trunk=shown_trunk,
                state=purchase.state,
                active=_active(purchase, now),
                note=purchase.note,
                answer=purchase.answer,
                created_at=purchase.created_at,
                decided_at=purchase.decided_at,
                effective_from=purchase.effective_from,
                effective_until=purchase.effective_until,
            )
        )
    return rows


def _active(purchase: Purchase, now: datetime) -> bool:
    if purchase.state not in ("accepted", "ended") or purchase.effective_from is None:
        return False
    return purchase.effective_from <= now and (
        purchase.effective_until is None or now < purchase.effective_until
    )


def purchase_of(session: Session, purchase_id: int, company_id: int) -> Purchase:
    """The purchase if the company is a side of it, else not found."""
    found = session.get(Purchase, purchase_id)
    if found is None or company_id not in (found.seller_id, found.buyer_id):
        raise NotFound("There is no such request.")
    return found


def buyable_product(session: Session, product_id: int, buyer_id: int) -> Product:
    """A listed product of another active company that this one may see; everything else is not found."""
    found = session.get(Product, product_id)
    if found is None or not found.listed or found.company.status != "active" or found.company_id == buyer_id:
        raise NotFound("There is no such offer.")
    if found.id in sight_of(session, buyer_id).hidden:
        raise NotFound("There is no such offer.")
    return found


@dataclass(frozen=True)
class Offered:
    """A product as this buyer may see it before a deal."""

    id: int
    name: str
    seller: str
    route_class: str
    currency: str
    notice_days: int
    description: str


def offered(session: Session, product: Product, buyer_id: int) -> Offered:
    """Without name and text where the listing is anonymous."""
    seen = sight_of(session, buyer_id)
    return Offered(
        product.id, seen.product(product.id, product.name), seen.seller(product.id, product.company.name), product.route_class,
        product.currency, product.notice_days, "" if product.id in seen.masked else product.description,
    )  # fmt: skip


def dealt(session: Session, buyer_id: int) -> set[int]:
    """Products whose seller once accepted this buyer, and those that agreements derived from them."""
    base = sa.func.coalesce(Product.derived_from, Product.id)
    wanted = (
        sa.select(base)
        .join(Purchase, Purchase.product_id == Product.id)
        .where(Purchase.buyer_id == buyer_id, Purchase.state.in_(("accepted", "ended")))
    )
    return set(session.scalars(wanted))


def bought(session: Session, trunk_id: int, now: datetime) -> set[int]:
    """Products granted to the trunk at `now` or later; the trunk's form offers them (app/carriers/offer_lists.py)."""
    granted = sa.select(Purchase.product_id).where(
        Purchase.trunk_id == trunk_id,
        Purchase.state.in_(("accepted", "ended")),
        sa.or_(Purchase.effective_until.is_(None), Purchase.effective_until > now),
    )
    return set(session.scalars(granted))


bought_by.append(bought)
dealt_by.append(dealt)
