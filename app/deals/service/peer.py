"""Peering: put an offer up, close it, propose to take it. From the proposal on it is a deal like any other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Product
from app.deals.models import Deal, PeeringOffer
from app.deals.peering import Place
from app.deals.peering_offers import peering_offer_of, terms_of
from app.deals.queries import quotable_product
from app.deals.service.make_offer import checked_validity, none_live
from app.deals.service.take import begin
from app.deals.terms import Terms, as_json, read_terms
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.security.actor import Actor


@dataclass(frozen=True)
class PeeringFacts:
    """`rate`: decimal text a minute above the ratio, both ways; `brings`, `wants`: places of each side."""

    product_id: int
    settlement: str
    ratio: str
    rate: str
    brings: tuple[Place, ...]
    wants: tuple[Place, ...]
    judged_from_minutes: int = 0
    channels: int | None = None
    notice_days: int = 30
    term_months: int = 0
    note: str = ""


def offer_peering(session: Session, who: Actor, facts: PeeringFacts, *, now: datetime) -> PeeringOffer:
    """Raises Forbidden, NotFound for a product that is not the company's own, Invalid."""
    _both_ways(who)
    product = quotable_product(session, facts.product_id, who.company_id)
    if not (product.listed and product.enabled):
        raise Invalid(f"{product.name} is not listed.", hint="List the product, or choose another.")
    if facts.settlement not in ("bill_and_keep", "hybrid"):
        raise Invalid("The settlement is bill_and_keep or hybrid.")
    offer = PeeringOffer(
        company_id=who.company_id, product_id=product.id, state="open", currency=product.currency, settlement=facts.settlement,
        ratio=facts.ratio, rate=facts.rate, judged_from_minutes=facts.judged_from_minutes, brings=_plain(facts.brings),
        wants=_plain(facts.wants), channels=facts.channels, notice_days=facts.notice_days, term_months=facts.term_months,
        note=facts.note[:2000], created_by=who.user_id, created_at=now,
    )  # fmt: skip
    # The same checks as of the terms it leads to.
    read_terms(as_json(terms_of(offer, product.id)))
    session.add(offer)
    session.flush()
    after = {"settlement": offer.settlement, "ratio": offer.ratio, "rate": offer.rate, "product_id": product.id,
             "brings": offer.brings, "wants": offer.wants}  # fmt: skip
    record(session, who, action="peering_offer.open", obj=offer, after=after, now=now)
    return offer


def close_peering(session: Session, who: Actor, offer_id: int, *, now: datetime) -> PeeringOffer:
    """Nobody can propose any more; deals under way go on. Raises NotFound, Conflict."""
    offer = peering_offer_of(session, offer_id, who)
    if offer.company_id != who.company_id:
        raise NotFound("There is no such peering offer.")
    done = session.execute(
        sa.update(PeeringOffer)
        .where(PeeringOffer.id == offer.id, PeeringOffer.state == "open")
        .values(state="closed")
        .execution_options(synchronize_session=False)
    )
    session.refresh(offer)
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("This offer is closed already.")
    record(
        session,
        who,
        action="peering_offer.close",
        obj=offer,
        before={"state": "open"},
        after={"state": "closed"},
        now=now,
    )
    return offer


def propose_peering(
    session: Session,
    who: Actor,
    offer_id: int,
    *,
    terms: Terms,
    valid_until: datetime,
    note: str = "",
    now: datetime,
) -> Deal:
    """Take the offer, as it stands (app.deals.peering_offers.terms_of) or with other terms; its maker answers.

    Raises Forbidden, NotFound, Invalid, Conflict while another deal of the two about the product is under way."""
    _both_ways(who)
    offer = peering_offer_of(session, offer_id, who)
    if offer.company_id == who.company_id:
        raise Invalid("This is your own offer.", hint="Other carriers propose to you.")
    if offer.state != "open":
        raise Conflict("This offer is closed.", hint="See the open ones.")
    # Two proposals at once must not both find none: the product's row is the lock.
    session.execute(sa.update(Product).where(Product.id == offer.product_id).values(version=Product.version))
    check_peering(session, terms, buyer_id=who.company_id, currency=offer.currency, peers=True)
    none_live(session, offer.product_id, who.company_id, None)
    deal = Deal(
        rfq_id=None, product_id=offer.product_id, seller_id=offer.company_id, buyer_id=who.company_id, turn="seller",
        terms=as_json(terms), valid_until=checked_validity(valid_until, now), created_by=who.user_id, created_at=now,
    )  # fmt: skip
    begin(session, who, deal, "offer", side="buyer", now=now, note=note[:2000], terms=deal.terms)
    return deal


def check_peering(session: Session, terms: Terms, *, buyer_id: int, currency: str, peers: bool) -> None:
    """A peering stays one and a purchase too; the buyer's product is the buyer's and in the deal's currency."""
    read_terms(as_json(terms))
    if (terms.peering is not None) != peers:
        raise Invalid(
            "A peering begins with a peering offer, and stays one.",
            hint="Make another deal for the other kind.",
        )
    if terms.currency != currency:
        raise Invalid(f"This is in {currency}, not {terms.currency}.")
    if terms.peering is not None:
        product = quotable_product(session, terms.peering.product_id, buyer_id)
        if product.currency != currency:
            raise Invalid(
                f"{product.name} is in {product.currency}, the offer in {currency}.",
                hint="Choose another product.",
            )


def _both_ways(who: Actor) -> None:
    if not (who.sells and who.buys) or who.is_operator:
        raise Forbidden("Peering is for companies that sell and buy: each side sends the other calls.")


def _plain(told: tuple[Place, ...]) -> list[dict[str, str]]:
    return [{"code": place.code, "destination": place.destination} for place in told]
