"""What the audit log says of the demo: written through the normal `record`, so that the chain verifies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.record import record
from app.decks.models import DeckVersion
from app.demo.catalogue import Catalogue
from app.market.models import Purchase
from app.security.actor import Actor
from app.security.models import User

_ACTION = {"requested": "purchase.request", "accepted": "purchase.accept", "declined": "purchase.decline"}


def add_events(session: Session, made: Catalogue, users: dict[str, User], *, now: datetime) -> None:
    """Approvals of the newest deck of each product and decisions on purchases, told as the demo loader at `now`."""
    operator = made.companies["tandem"]
    loader = Actor(
        user_id=users["operator@tandem.example"].id, company_id=operator.id, email="demo loader", roles=frozenset(),
        permissions=frozenset(), is_operator=True, company_name=operator.name,
    )  # fmt: skip
    for _, _, product in made.products:
        version = session.scalar(
            select(DeckVersion).where(
                DeckVersion.product_id == product.id, DeckVersion.number == product.version
            )
        )
        if version is None:
            continue
        record(
            session, loader, action="deck.approve", obj=version, company_id=product.company_id, now=now,
            before={"version": version.number - 1}, after={"version": version.number, "codes": version.codes, **version.counts},
        )  # fmt: skip
    for purchase in session.scalars(select(Purchase).order_by(Purchase.id)):
        record(
            session, loader, action=_ACTION[purchase.state],
            obj=purchase, company_id=purchase.seller_id, now=now, after={"state": purchase.state, "product": purchase.product_id},
        )  # fmt: skip
