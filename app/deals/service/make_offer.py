"""The first offer between two companies: a quote on an RFQ (the seller's), an order of a listing (the buyer's)."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Product
from app.deals.models import Deal, Rfq
from app.deals.queries import quotable_product, rfq_of
from app.deals.service.take import begin
from app.deals.terms import Terms, as_json, read_terms
from app.errors import Conflict, Forbidden, Invalid
from app.market.purchases import Offered, buyable_product, offered
from app.security.actor import Actor

LONGEST = timedelta(days=90)
LIVE = ("open", "seconding")


def quote(
    session: Session, who: Actor, rfq_id: int, *, product_id: int, terms: Terms, valid_until: datetime, note: str = "",
    now: datetime,
) -> Deal:  # fmt: skip
    """One live quote a seller and product. Raises NotFound, Invalid, Conflict when the RFQ is over."""
    rfq = rfq_of(session, rfq_id, who)
    if rfq.buyer_id == who.company_id or not who.sells:
        raise Forbidden("Only a company that sells quotes on what others ask.")
    if rfq.state != "open" or rfq.deadline <= now:
        raise Conflict("This request takes no more quotes.", hint="See the open ones on the board.")
    # Two quotes at once must not both find none: the RFQ's row is the lock.
    session.execute(sa.update(Rfq).where(Rfq.id == rfq.id).values(state=Rfq.state))
    session.refresh(rfq)
    if rfq.state != "open":
        raise Conflict("This request takes no more quotes.", hint="See the open ones on the board.")
    product = quotable_product(session, product_id, who.company_id)
    _same_currency(product, terms)
    if terms.currency != rfq.currency:
        raise Invalid(
            f"The request is in {rfq.currency}, not {terms.currency}.",
            hint="Quote a product of that currency.",
        )
    if rfq.route_class and product.route_class != rfq.route_class:
        raise Invalid(
            f"The request asks for class {rfq.route_class}, {product.name} is {product.route_class}."
        )
    _priced(rfq, terms)
    none_live(session, product.id, rfq.buyer_id, rfq.id)
    deal = Deal(
        rfq_id=rfq.id, product_id=product.id, seller_id=who.company_id, buyer_id=rfq.buyer_id, turn="buyer",
        terms=as_json(terms), valid_until=checked_validity(valid_until, now), created_by=who.user_id, created_at=now,
    )  # fmt: skip
    begin(session, who, deal, "offer", side="seller", now=now, note=note[:2000], terms=deal.terms)
    return deal


def order(
    session: Session,
    who: Actor,
    *,
    product_id: int,
    terms: Terms,
    valid_until: datetime,
    note: str = "",
    now: datetime,
) -> Deal:
    """Of a listed product of another company. Raises NotFound, Invalid, Conflict."""
    if not who.buys or who.is_operator:
        raise Forbidden("Only a company that buys places orders.")
    product = buyable_product(session, product_id, who.company_id)
    session.execute(
        sa.update(Product).where(Product.id == product.id).values(version=Product.version)
    )  # the lock
    _same_currency(offered(session, product, who.company_id), terms)
    read_terms(as_json(terms))
    none_live(session, product.id, who.company_id, None)
    deal = Deal(
        rfq_id=None, product_id=product.id, seller_id=product.company_id, buyer_id=who.company_id, turn="seller",
        terms=as_json(terms), valid_until=checked_validity(valid_until, now), created_by=who.user_id, created_at=now,
    )  # fmt: skip
    begin(session, who, deal, "offer", side="buyer", now=now, note=note[:2000], terms=deal.terms)
    return deal


def checked_validity(valid_until: datetime, now: datetime) -> datetime:
    if not now < valid_until <= now + LONGEST:
        raise Invalid("An offer is valid until an instant ahead, at most 90 days.")
    return valid_until


def _priced(rfq: Rfq, terms: Terms) -> None:
    read_terms(as_json(terms))
    asked = {row["code"] for row in rfq.destinations}
    strange = sorted({line.code for line in terms.rates} - asked)
    if strange:
        raise Invalid(f"Code {strange[0]} is not asked for.", hint="Price the codes of the request.")
    if not terms.rates:
        raise Invalid("A quote names a rate for at least one code of the request.")


def none_live(session: Session, product_id: int, buyer_id: int, rfq_id: int | None) -> None:
    """Raises Conflict naming the one under way."""
    same = sa.select(Deal.id).where(
        Deal.product_id == product_id, Deal.buyer_id == buyer_id, Deal.rfq_id == rfq_id, Deal.state.in_(LIVE)
    )
    found = session.scalar(same)
    if found is not None:
        raise Conflict(f"Deal {found} about this product is under way.", hint="Change the offer there.")


def _same_currency(product: Product | Offered, terms: Terms) -> None:
    if terms.peering is not None:
        raise Invalid("A peering begins with a peering offer.", hint="Propose to take one.")
    if terms.currency != product.currency:
        raise Invalid(f"{product.name} is sold in {product.currency}, not {terms.currency}.")
