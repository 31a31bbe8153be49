"""What a buyer pays now: the products its trunks may use, with the rates negotiated for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Product, VendorTrunk
from app.deals.models import Agreement
from app.deals.queries import version_at
from app.deals.terms import Rate, nanos_of, read_terms
from app.market.basket import Held
from app.market.cost import Terms as Priced
from app.market.cost import eff_nanos
from app.market.models import Purchase

REFERENCE_S = 180


def held_products(
    session: Session, company_id: int, fx_nanos: Mapping[str, int], *, now: datetime
) -> list[Held]:
    """Of grants in force; a product made for an agreement counts as the listed one it came from, at the agreed rates."""
    rows = session.execute(
        sa.select(Purchase.product_id, Purchase.agreement_id)
        .where(
            Purchase.buyer_id == company_id,
            Purchase.state == "accepted",
            Purchase.effective_from <= now,
            sa.or_(Purchase.effective_until.is_(None), Purchase.effective_until > now),
        )
        .distinct()
        .order_by(Purchase.product_id)
    ).all()
    found = []
    for product_id, agreement_id in rows:
        product = session.get_one(Product, product_id)
        agreement = session.get(Agreement, agreement_id) if agreement_id is not None else None
        version = version_at(session, agreement.id, now) if agreement is not None else None
        lines: tuple[Rate, ...] = ()
        if version is not None and agreement is not None:
            side = "buyer" if product_id == agreement.back_product_id else "seller"
            lines = read_terms(version.terms).rates_of(side)
        fx = fx_nanos.get(product.currency)
        rates = tuple((line.code, _eff(line, fx), line.below) for line in lines) if fx is not None else ()
        found.append(Held(product.derived_from or product.id, rates))
    return found


def channels_of(session: Session) -> dict[int, int | None]:
    """Channels of the trunk behind each listed product; None: not stated."""
    rows = session.execute(
        sa.select(Product.id, VendorTrunk.channels)
        .join(VendorTrunk, VendorTrunk.id == Product.vendor_trunk_id)
        .where(Product.listed, Product.enabled, VendorTrunk.enabled)
    )
    return {row.id: row.channels for row in rows}


def _eff(line: Rate, fx: int) -> int:
    rate, fee = nanos_of(line.rate), nanos_of(line.connect_fee)
    terms = Priced(rate, rate, fee, line.initial_increment, line.next_increment, 0)
    return eff_nanos(terms, REFERENCE_S, fx)
