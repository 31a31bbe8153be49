"""Go back to an earlier version: as a new version from now on, never by rewriting what was in force."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Product
from app.config import Settings
from app.decks.access import own_product, own_version
from app.decks.models import DeckVersion
from app.decks.service.activate_version import activate_version
from app.decks.timelines import change_counts, resumed
from app.errors import Conflict
from app.security.actor import Actor
from rates.store import Store


def rollback_version(
    session: Session, who: Actor, product_id: int, number: int, *, expected: int | None = None, settings: Settings,
    note: str = "", now: datetime,
) -> DeckVersion:  # fmt: skip
    """The prices of version `number` apply again from `now`; until then history stays as it was.

    `expected` is the current version the asker saw: Conflict when it has moved on. Raises NotFound.
    """
    product = own_product(session, who, product_id)
    product = session.scalars(
        sa.select(Product)
        .where(Product.id == product.id)
        .with_for_update(of=Product)
        .execution_options(populate_existing=True)
    ).one()
    target = own_version(session, who, product_id, number)
    if number == product.version:
        raise Conflict(f"Version {number} is the one in force.", hint="Choose an earlier version.")
    if expected is not None and expected != product.version:
        raise Conflict(
            f"{product.name} has moved on to version {product.version}.",
            hint="Look at the history again before you roll back.",
        )
    assert product.timeline_key is not None
    store = Store(str(settings.store_dir))
    current, wanted = store.open(product.timeline_key), store.open(target.timeline_key)
    before = {"version": product.version, "timeline": product.timeline_key}
    version = activate_version(
        session, who, product, store.put(resumed(current, wanted, now)), deck_id=target.deck_id,
        counts=change_counts(current, wanted, now), note=note or f"Rolled back to version {number}",
        effective_from=now, settings=settings, now=now, rollback_of=target.id,
    )  # fmt: skip
    record(
        session, who, action="deck.rollback", obj=product, now=now, company_id=product.company_id, before=before,
        after={"version": version.number, "back_to": number, "timeline": version.timeline_key},
    )  # fmt: skip
    return version
