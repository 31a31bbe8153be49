"""A vendor outside the market: the buyer's own deck of it, its gateway, and the trunks that may use it.

The deck is a product of the buyer's company that is never listed; each trunk has it by a purchase of the company from
itself, so routing, prices and call records treat it as everything else that was bought.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import ROUTE_CLASSES, Product, VendorTrunk
from app.carriers.queries import customer_trunk_of
from app.carriers.service.announce import announce_rights
from app.carriers.service.save_vendor_trunk import VendorTrunkFacts, save_vendor_trunk
from app.errors import Conflict, Forbidden, Invalid
from app.market.models import Purchase
from app.market.private import granted_trunks, private_of
from app.market.service.move import move
from app.security.actor import Actor


@dataclass(frozen=True)
class PrivateFacts:
    """`trunk_ids`: the company's own trunks that get its routes; `currency` is fixed once a deck was accepted."""

    vendor: str
    route_class: str
    currency: str
    host: str
    port: int
    transport: str
    tech_prefix: str
    channels: int | None
    enabled: bool
    trunk_ids: tuple[int, ...]

    @property
    def gateway(self) -> VendorTrunkFacts:
        return VendorTrunkFacts(
            f"{self.vendor[:70]} (private)",
            self.host,
            self.port,
            self.transport,
            self.channels,
            None,
            self.enabled,
        )


def keep_private(
    session: Session, actor: Actor, facts: PrivateFacts, *, product_id: int | None = None, now: datetime
) -> Product:
    """Make or change one (flushed). Raises NotFound for a foreign product or trunk, Invalid, Conflict, Forbidden."""
    if not actor.buys or actor.is_operator:
        raise Forbidden("Only a company that buys keeps decks of its own vendors.")
    if not facts.vendor.strip() or facts.route_class not in ROUTE_CLASSES:
        raise Invalid("A vendor has a name and one of the route classes.", hint=", ".join(ROUTE_CLASSES))
    for trunk_id in facts.trunk_ids:
        customer_trunk_of(session, trunk_id, actor.company_id)
    product = private_of(session, product_id, actor.company_id) if product_id is not None else None
    _free_name(session, actor.company_id, facts.vendor, product)
    before = {} if product is None else _said(session, product)
    if product is None:
        gateway = save_vendor_trunk(session, actor, facts.gateway, trunk=None, now=now)
        product = Product(
            company_id=actor.company_id, vendor_trunk_id=gateway.id, outside_vendor=facts.vendor, name=facts.vendor,
            route_class=facts.route_class, currency=facts.currency, tech_prefix=facts.tech_prefix, notice_days=0, enabled=facts.enabled,
            listed=False, created_at=now,
        )  # fmt: skip
        session.add(product)
    else:
        if product.timeline_key is not None and product.currency != facts.currency:
            raise Invalid(f"The accepted decks of {facts.vendor} are in {product.currency}.")
        gateway = session.get_one(VendorTrunk, product.vendor_trunk_id)
        save_vendor_trunk(session, actor, facts.gateway, trunk=gateway, now=now)
        product.outside_vendor = product.name = facts.vendor
        product.route_class, product.currency = facts.route_class, facts.currency
        product.tech_prefix, product.enabled = facts.tech_prefix, facts.enabled
    session.flush()
    _grant(session, actor, product, set(facts.trunk_ids), now)
    action = "private_vendor.change" if before else "private_vendor.create"
    record(session, actor, action=action, obj=product, before=before, after=asdict(facts), now=now)
    announce_rights(session, f"private vendor {product.id} saved", now=now)
    return product


def _free_name(session: Session, company_id: int, name: str, product: Product | None) -> None:
    wanted = sa.select(Product.id).where(Product.company_id == company_id, Product.name == name)
    other = session.scalar(wanted)
    if other is not None and (product is None or other != product.id):
        raise Conflict(f"There is already something called {name} here.", hint="Choose another name.")


def _said(session: Session, product: Product) -> dict[str, object]:
    return {
        "vendor": product.outside_vendor, "route_class": product.route_class, "currency": product.currency,
        "tech_prefix": product.tech_prefix, "enabled": product.enabled, "trunk_ids": granted_trunks(session, product.id),
    }  # fmt: skip


def _grant(session: Session, actor: Actor, product: Product, wanted: set[int], now: datetime) -> None:
    """A purchase for each wanted trunk without one; those of other trunks end now."""
    standing = {
        purchase.trunk_id: purchase
        for purchase in session.scalars(
            sa.select(Purchase).where(Purchase.product_id == product.id, Purchase.state == "accepted")
        )
    }
    for trunk_id in sorted(standing.keys() - wanted):
        move(
            session,
            actor,
            standing[trunk_id],
            from_state="accepted",
            to_state="ended",
            now=now,
            effective_until=now,
        )
    for trunk_id in sorted(wanted - standing.keys()):
        purchase = Purchase(
            product_id=product.id, seller_id=product.company_id, buyer_id=product.company_id, trunk_id=trunk_id,
            state="accepted", note="Private deck", decided_at=now, decided_by=actor.user_id, requested_by=actor.user_id,
            effective_from=now, created_at=now,
        )  # fmt: skip
        session.add(purchase)
        session.flush()
        after = {"state": "accepted", "product_id": product.id, "trunk_id": trunk_id, "effective_from": now}
        record(session, actor, action="purchase.grant", obj=purchase, before={}, after=after, now=now)
