"""Which products a company may test, under which names it sees them, and whether it may see the vendor's addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, Product, VendorTrunk
from app.carriers.sight import Sight, sight
from app.errors import Conflict, NotFound
from app.market.models import Purchase
from app.market.purchases import dealt
from app.security.actor import Actor


@dataclass(frozen=True)
class Named:
    """A product in the words this company may read."""

    id: int
    seller: str
    product: str
    route_class: str
    company_id: int

    @property
    def label(self) -> str:
        return f"{self.seller}, {self.product}"


def testable_product(session: Session, who: Actor, product_id: int) -> Product:
    """One's own, a listed one, or one bought. Raises NotFound, Conflict where no call can reach it."""
    found = session.scalar(_testable(session, who).where(Product.id == product_id))
    if found is None:
        raise NotFound("There is no such offer.")
    trunk = found.vendor_trunk
    if not found.enabled or found.timeline_key is None or trunk is None or not trunk.enabled:
        name = names_of(session, who, [product_id])[product_id].label
        raise Conflict(
            f"{name} takes no calls at present.", hint="It is switched off, or has no trunk or deck yet."
        )
    return found


def choices(session: Session, who: Actor) -> list[Named]:
    """Everything this company may test now, by name."""
    ready = (
        _testable(session, who)
        .join(VendorTrunk, VendorTrunk.id == Product.vendor_trunk_id)
        .where(Product.enabled, Product.timeline_key.is_not(None), VendorTrunk.enabled)
    )
    found = names_of(session, who, [product.id for product in session.scalars(ready)])
    return sorted(found.values(), key=lambda one: (one.seller.lower(), one.product.lower(), one.id))


def names_of(session: Session, who: Actor, product_ids: Iterable[int]) -> dict[int, Named]:
    """By id, also of products that went off the market since: whoever tested one may still read of it."""
    seen: Sight = sight(session, who)
    wanted = set(product_ids)
    rows = session.execute(
        sa.select(
            Product.id, Product.name, Product.route_class, Product.company_id, Company.name.label("seller")
        )
        .join(Company, Company.id == Product.company_id)
        .where(Product.id.in_(wanted))
    )
    return {
        row.id: Named(row.id, seen.seller(row.id, row.seller), seen.product(row.id, row.name), row.route_class, row.company_id)
        for row in rows
    }  # fmt: skip


def sees_addresses(session: Session, who: Actor, product_id: int | None) -> bool:
    """Where the vendor's calls go is told to the vendor, to those who bought from it, and to the operator."""
    if who.is_operator:
        return True
    product = session.get(Product, product_id) if product_id is not None else None
    if product is None:
        return False
    return product.company_id == who.company_id or (product.derived_from or product.id) in dealt(
        session, who.company_id
    )


def _testable(session: Session, who: Actor) -> sa.Select[Product]:
    wanted = sa.select(Product).join(Company, Company.id == Product.company_id)
    if who.is_operator:
        return wanted.where(Company.status == "active")
    granted = sa.select(Purchase.product_id).where(
        Purchase.buyer_id == who.company_id, Purchase.state == "accepted"
    )
    others = sa.and_(
        Company.status == "active",
        Product.outside_vendor.is_(None),
        sa.or_(Product.listed & Product.derived_from.is_(None), Product.id.in_(granted)),
        Product.id.not_in(sight(session, who).hidden),
    )
    return wanted.where(sa.or_(Product.company_id == who.company_id, others))
