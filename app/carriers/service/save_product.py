"""Create or change a product."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import ListingInvitation, Product
from app.carriers.queries import vendor_trunk_of
from app.carriers.service.announce import announce_rights
from app.errors import Conflict, Invalid
from app.jobs.service import enqueue
from app.security.actor import Actor

# What the market view is made of besides the decks.
ON_THE_MARKET = ("name", "route_class", "enabled", "listed", "visibility")


@dataclass(frozen=True)
class ProductFacts:
    """What a seller says of a product; `currency` is fixed once a deck was accepted."""

    name: str
    route_class: str
    currency: str
    vendor_trunk_id: int | None
    tech_prefix: str
    unlisted_rule: str
    notice_days: int
    timeout_ms: int
    enabled: bool
    listed: bool
    description: str
    lrn_rated: bool = False
    routing: dict[str, Any] = field(default_factory=dict)  # words of docs/decision.md 10
    claims: dict[str, int] = field(default_factory=dict)  # words of app/carriers/claims.py
    visibility: str = "public"  # public | invited | anonymous
    invited: tuple[int, ...] = ()  # company ids, for `invited`

    @property
    def columns(self) -> dict[str, Any]:
        """What the product's own row holds."""
        return {name: value for name, value in asdict(self).items() if name != "invited"}


def save_product(
    session: Session, actor: Actor, facts: ProductFacts, *, product: Product | None, now: datetime
) -> Product:
    """Returns the product (flushed). Raises Conflict for a name in use, Invalid for a currency change under a deck."""
    company_id = product.company_id if product else actor.company_id
    same_name = sa.select(Product.id).where(Product.company_id == company_id, Product.name == facts.name)
    other = session.scalar(same_name)
    if other is not None and (product is None or other != product.id):
        raise Conflict(f"There is already a product called {facts.name}.", hint="Choose another name.")
    if facts.vendor_trunk_id is not None:
        vendor_trunk_of(session, facts.vendor_trunk_id, company_id)
    before = {}
    if product is None:
        product = Product(company_id=company_id, created_at=now, **facts.columns)
        session.add(product)
        action = "product.create"
    else:
        if product.timeline_key is not None and facts.currency != product.currency:
            raise Invalid(
                f"The accepted decks of this product are in {product.currency}.",
                hint="Make another product for another currency.",
            )
        before = {name: getattr(product, name) for name in facts.columns}
        before["invited"] = _invited(session, product.id)
        for name, value in facts.columns.items():
            setattr(product, name, value)
        action = "product.change"
    session.flush()
    _invite(session, product.id, set(facts.invited), now)
    record(session, actor, action=action, obj=product, before=before, after=asdict(facts), now=now)
    announce_rights(session, f"product {product.id} saved", now=now)
    if any(before.get(name) != getattr(product, name) for name in ON_THE_MARKET):
        reason = f"product {product.id} saved"
        enqueue(
            session,
            "market.build",
            title="Build the market view",
            arguments={"reason": reason},
            now=now,
            coalesce=True,
        )
    return product


def _invited(session: Session, product_id: int) -> list[int]:
    wanted = sa.select(ListingInvitation.company_id).where(ListingInvitation.product_id == product_id)
    return sorted(session.scalars(wanted))


def _invite(session: Session, product_id: int, wanted: set[int], now: datetime) -> None:
    known = set(_invited(session, product_id))
    if known - wanted:
        session.execute(
            sa.delete(ListingInvitation).where(
                ListingInvitation.product_id == product_id, ListingInvitation.company_id.in_(known - wanted)
            )
        )
    session.add_all(
        ListingInvitation(product_id=product_id, company_id=company_id, created_at=now)
        for company_id in sorted(wanted - known)
    )
    session.flush()
