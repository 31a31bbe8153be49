"""What a company sees of peering offers: frozen rows, under the visibility of the product each stands for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app.carriers.models import Company, Product
from app.carriers.sight import Sight, sight, telling_words
from app.deals.models import PeeringOffer
from app.deals.peering import Lane, Peering, Place
from app.deals.rows import Told
from app.deals.terms import Schedule, Terms, Volume
from app.errors import NotFound
from app.security.actor import Actor

PAGE = 200


@dataclass(frozen=True)
class PeeringRow(Told):
    """`rate`: of a minute above the ratio, in either direction; `brings` and `wants`: code and destination."""

    id: int
    company: str
    mine: bool
    product_id: int
    product: str
    route_class: str
    state: str
    settlement: str
    ratio: str
    rate: str
    currency: str
    judged_from_minutes: int
    brings: list[dict[str, Any]]
    wants: list[dict[str, Any]]
    channels: int | None
    notice_days: int
    term_months: int
    note: str
    created_at: datetime


def peering_offers(
    session: Session,
    who: Actor,
    *,
    view: str = "",
    code: str = "",
    after: int | None = None,
    limit: int = PAGE,
) -> list[PeeringRow]:
    """Open ones, and the company's own whatever their state; `view` mine: only those. Newest first; `after` continues
    below that id. `code`: digits; an offer that brings a code which begins them, or begins with them."""
    wanted = _visible(session, who).order_by(PeeringOffer.id.desc())
    if view == "mine":
        wanted = wanted.where(PeeringOffer.company_id == who.company_id)
    if after is not None:
        wanted = wanted.where(PeeringOffer.id < after)
    seen, found = sight(session, who), []
    for offer in session.scalars(wanted):
        if code and not any(_meets(place["code"], code) for place in offer.brings):
            continue
        found.append(row_of(offer, who, seen))
        if len(found) == limit:
            break
    return found


def peering_offer_of(session: Session, offer_id: int, who: Actor) -> PeeringOffer:
    """Raises NotFound for what the asker may not see."""
    found = session.scalars(_visible(session, who).where(PeeringOffer.id == offer_id)).first()
    if found is None:
        raise NotFound("There is no such peering offer.")
    return found


def row_of(offer: PeeringOffer, who: Actor, seen: Sight) -> PeeringRow:
    return PeeringRow(
        id=offer.id, company=seen.seller(offer.product_id, offer.company.name), mine=offer.company_id == who.company_id,
        product_id=offer.product_id, product=seen.product(offer.product_id, offer.product.name),
        route_class=offer.product.route_class, state=offer.state, settlement=offer.settlement, ratio=offer.ratio,
        rate=offer.rate, currency=offer.currency, judged_from_minutes=offer.judged_from_minutes,
        brings=_told(offer, offer.brings, seen), wants=_told(offer, offer.wants, seen),
        channels=offer.channels, notice_days=offer.notice_days, term_months=offer.term_months,
        # Free text may say whose it is.
        note="" if offer.product_id in seen.masked else offer.note, created_at=offer.created_at,
    )  # fmt: skip


def _told(offer: PeeringOffer, told: list[dict[str, Any]], seen: Sight) -> list[dict[str, Any]]:
    """An anonymous company's name is left out of the names it gave its destinations."""
    if offer.product_id not in seen.masked:
        return told
    names = telling_words(offer.company)
    return [{**one, "destination": names.sub("…", one.get("destination", "")).strip()} for one in told]


def terms_of(offer: PeeringOffer, product_id: int, seen: Sight = Sight()) -> Terms:
    """The terms of whoever takes the offer as it stands and as it is seen, with a product of its own."""
    return Terms(
        offer.currency, volume=Volume(channels=offer.channels), term_months=offer.term_months,
        schedule=Schedule(termination_days=offer.notice_days),
        peering=Peering(
            settlement="hybrid" if offer.settlement == "hybrid" else "bill_and_keep", ratio=offer.ratio,
            seller=Lane(places(_told(offer, offer.brings, seen)), offer.rate),
            buyer=Lane(places(_told(offer, offer.wants, seen)), offer.rate),
            product_id=product_id, judged_from_minutes=offer.judged_from_minutes,
        ),
    )  # fmt: skip


def places(told: list[dict[str, Any]]) -> tuple[Place, ...]:
    return tuple(Place(one["code"], one.get("destination", "")) for one in told)


def _visible(session: Session, who: Actor) -> sa.Select[PeeringOffer]:
    wanted = sa.select(PeeringOffer).options(
        joinedload(PeeringOffer.company), joinedload(PeeringOffer.product)
    )
    if who.is_operator:
        return wanted
    mine = PeeringOffer.company_id == who.company_id
    hidden = sight(session, who).hidden
    active = sa.select(Company.id).where(Company.status == "active")
    others = sa.and_(
        PeeringOffer.state == "open",
        PeeringOffer.company_id.in_(active),
        PeeringOffer.product_id.in_(sa.select(Product.id).where(Product.listed, Product.enabled)),
        PeeringOffer.product_id.not_in(hidden),
    )
    return wanted.where(sa.or_(mine, others))


def _meets(code: str, digits: str) -> bool:
    return code.startswith(digits) or digits.startswith(code)
