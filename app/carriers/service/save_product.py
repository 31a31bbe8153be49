"""Create or change a product."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Product
from app.carriers.queries import vendor_trunk_of
from app.carriers.service.announce import announce_rights
from app.errors import Conflict, Invalid
from app.security.actor import Actor


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
        product = Product(company_id=company_id, created_at=now, **asdict(facts))
        session.add(product)
        action = "product.create"
    else:
        if product.timeline_key is not None and facts.currency != product.currency:
            raise Invalid(
                f"The accepted decks of this product are in {product.currency}.",
                hint="Make another product for another currency.",
            )
        before = {name: getattr(product, name) for name in asdict(facts)}
        for name, value in asdict(facts).items():
            setattr(product, name, value)
        action = "product.change"
    session.flush()
    record(session, actor, action=action, obj=product, before=before, after=asdict(facts), now=now)
    announce_rights(session, f"product {product.id} saved", now=now)
    return product
