"""Reads of purchases: one company sees those it is a side of, the operator all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.carriers.models import Company, CustomerTrunk, Product
from app.carriers.offer_lists import bought_by
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
    for purchase, product, seller_name, buyer_name, trunk in session.execute(wanted):
        shown_trunk = "" if buyer_id is None and seller_id is not None else trunk
        rows.append(
            PurchaseRow(
                id=purchase.id,
                product_id=product.id,
                product=product.name,
                route_class=product.route_class,
                currency=product.currency,
                seller=seller_name,
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
    """A listed product of another active company; everything else is not found."""
    found = session.get(Product, product_id)
    if found is None or not found.listed or found.company.status != "active" or found.company_id == buyer_id:
        raise NotFound("There is no such offer.")
    return found


def bought(session: Session, trunk_id: int, now: datetime) -> set[int]:
    """Products granted to the trunk at `now` or later; the trunk's form offers them (app/carriers/offer_lists.py)."""
    granted = sa.select(Purchase.product_id).where(
        Purchase.trunk_id == trunk_id,
        Purchase.state.in_(("accepted", "ended")),
        sa.or_(Purchase.effective_until.is_(None), Purchase.effective_until > now),
    )
    return set(session.scalars(granted))


bought_by.append(bought)
