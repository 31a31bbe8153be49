"""The timeline of an agreement's own product: the seller's deck with the negotiated prices of all signed versions over it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Product
from app.config import Settings
from app.deals.models import Agreement
from app.deals.queries import signed_versions
from app.deals.terms import nanos_of, read_terms
from app.jobs.service import enqueue
from rates.negotiated import Negotiated, negotiated
from rates.schema import TIMELINE
from rates.store import Store


def lay_rates(session: Session, agreement: Agreement, *, settings: Settings, now: datetime) -> bool:
    """Lay them anew where deck or versions changed; True when the timeline is another one. The caller commits."""
    own, base = agreement.product, agreement.deal.product
    if own is None or own.derived_from is None:
        return False
    prices = prices_of(session, agreement)
    made_of = json.dumps([base.timeline_key, [_plain(price) for price in prices]])
    mark = hashlib.sha256(made_of.encode()).hexdigest()
    if agreement.built_from == mark:
        return False
    store = Store(str(settings.store_dir))
    deck = store.open(base.timeline_key) if base.timeline_key else pa.Table.from_pylist([], schema=TIMELINE)
    before = own.timeline_key
    own.timeline_key = store.put(negotiated(deck, prices, own.currency))
    agreement.built_from = mark
    if own.timeline_key == before:
        return False
    own.version += 1
    session.flush()
    if before is not None:
        enqueue(
            session, "rate.notify", title=f"Tell the buyer of {own.name}"[:200], company_id=own.company_id, now=now,
            arguments={"product_id": own.id, "version": own.version, "before": before, "after": own.timeline_key},
        )  # fmt: skip
    return True


def refresh_rates(session: Session, settings: Settings, *, now: datetime) -> int:
    """Every living agreement after a new deck: so many got another timeline. A snapshot is built of what this leaves."""
    living = (
        sa.select(Agreement)
        .join(Product, Product.id == Agreement.product_id)
        .where(
            Product.derived_from.is_not(None),
            sa.or_(Agreement.effective_until.is_(None), Agreement.effective_until > now),
        )
    )
    return sum(
        lay_rates(session, a, settings=settings, now=now)
        for a in session.scalars(living.order_by(Agreement.id))
    )


def prices_of(session: Session, agreement: Agreement) -> list[Negotiated]:
    """Each version's rates from its instant until the next one's; of two from the same instant the later number."""
    versions = signed_versions(session, agreement.id)
    found = []
    for number, version in enumerate(versions):
        start = version.effective_from
        until = versions[number + 1].effective_from if number + 1 < len(versions) else None
        if start is None or start == until:
            continue
        found += [
            Negotiated(
                code=line.code, rate_nanos=nanos_of(line.rate), start=start, until=until, received_at=start,
                destination=line.destination, initial_increment=line.initial_increment,
                next_increment=line.next_increment, connect_fee_nanos=nanos_of(line.connect_fee), below=line.below,
            )
            for line in read_terms(version.terms).rates
        ]  # fmt: skip
    return found


def _plain(price: Negotiated) -> list[str]:
    return [str(getattr(price, name)) for name in price.__dataclass_fields__]
