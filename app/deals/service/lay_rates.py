"""The timeline of an agreement's own product: the seller's deck with the negotiated prices of all signed versions over it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
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
    """Lay them anew where deck or versions changed, both ways of a peering; True when a timeline is another one. The
    caller commits."""
    ways = {"seller": agreement.product, "buyer": agreement.back_product}
    laid = {side: own for side, own in ways.items() if own is not None and own.derived_from is not None}
    if not laid:
        return False
    prices = {side: prices_of(session, agreement, side) for side in laid}
    bases = {side: session.get_one(Product, own.derived_from) for side, own in laid.items()}
    made_of = json.dumps([
        part for side in laid for part in (bases[side].timeline_key, [_plain(price) for price in prices[side]])
    ])  # fmt: skip
    mark = hashlib.sha256(made_of.encode()).hexdigest()
    if agreement.built_from == mark:
        return False
    agreement.built_from = mark
    peers = agreement.back_product_id is not None
    changed = [
        _lay(session, own, bases[side], prices[side], only=peers, settings=settings, now=now)
        for side, own in laid.items()
    ]
    return any(changed)


def _lay(
    session: Session, own: Product, base: Product, prices: list[Negotiated], *, only: bool, settings: Settings, now: datetime
) -> bool:  # fmt: skip
    """`only`: nothing but what is priced; of the deck what is blocked or closed below it stays so."""
    store = Store(str(settings.store_dir))
    deck = store.open(base.timeline_key) if base.timeline_key else pa.Table.from_pylist([], schema=TIMELINE)
    before = own.timeline_key
    timeline = negotiated(deck, prices, own.currency)
    own.timeline_key = store.put(_below(timeline, {price.code for price in prices}) if only else timeline)
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


def _below(timeline: pa.Table, codes: set[str]) -> pa.Table:
    """Rows whose code begins with one of these."""
    found = pa.array([False] * timeline.num_rows, pa.bool_())
    for length in {len(code) for code in codes}:
        these = pa.array([code for code in codes if len(code) == length])
        found = pc.or_(found, pc.is_in(pc.utf8_slice_codeunits(timeline["code"], 0, length), these))
    return timeline.filter(found)


def prices_of(session: Session, agreement: Agreement, side: str = "seller") -> list[Negotiated]:
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
            for line in read_terms(version.terms).rates_of(side)
        ]  # fmt: skip
    return found


def _plain(price: Negotiated) -> list[str]:
    return [str(getattr(price, name)) for name in price.__dataclass_fields__]
