"""What may follow an offer: counter, better it, accept (one or two persons), decline, withdraw."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.deals.machine import other
from app.deals.models import Deal
from app.deals.queries import deal_of, limit_of, side_of
from app.deals.service.draft_agreement import draft_agreement
from app.deals.service.make_offer import checked_validity
from app.deals.service.peer import check_peering
from app.deals.service.take import take
from app.deals.terms import Terms, as_json, read_terms
from app.deals.volume import worth_a_month
from app.errors import Conflict, Forbidden, Invalid
from app.security.actor import Actor


def counter(
    session: Session, who: Actor, deal_id: int, *, round_: int, terms: Terms, valid_until: datetime, note: str = "",
    now: datetime,
) -> Deal:  # fmt: skip
    """Another offer in place of the one on the table; the other side has the turn then."""
    deal, side = _seen(session, who, deal_id, round_, now)
    _same_deal(session, deal, terms)
    action = "counter" if deal.turn == side else "revise"
    take(
        session, who, deal, action, side=side, now=now, note=note[:2000], terms=as_json(terms), turn=other(side),
        round=deal.round + 1, valid_until=checked_validity(valid_until, now),
    )  # fmt: skip
    # The offer itself stands in the step; the deal carries the newest.
    deal.terms = as_json(terms)
    session.flush()
    return deal


def accept(session: Session, who: Actor, deal_id: int, *, round_: int, note: str = "", now: datetime) -> Deal:
    """Agree to exactly the offer that was read (`round_`). Above the company's own limit the first of two persons
    only proposes. Raises IllegalMove, Conflict, NotFound."""
    deal, side = _seen(session, who, deal_id, round_, now)
    terms = read_terms(deal.terms)
    if deal.state == "seconding":
        if who.user_id is None or who.user_id == deal.first_of_two:
            raise Conflict(
                "You agreed first; another person must be the second.", hint="Ask a colleague who may trade."
            )
        take(session, who, deal, "second", side=side, now=now, note=note[:2000])
    elif needs_two(session, who.company_id, terms):
        if who.user_id is None:
            raise Forbidden("A deal above your company's limit needs two persons; an API key is none.")
        take(session, who, deal, "propose", side=side, now=now, note=note[:2000], first_of_two=who.user_id)
        return deal
    else:
        take(session, who, deal, "accept", side=side, now=now, note=note[:2000])
    draft_agreement(session, who, deal, side=side, now=now)
    return deal


def decline(session: Session, who: Actor, deal_id: int, *, note: str = "", now: datetime) -> Deal:
    deal = deal_of(session, deal_id, who)
    take(session, who, deal, "decline", side=side_of(who, deal), now=now, note=note[:2000])
    return deal


def withdraw(session: Session, who: Actor, deal_id: int, *, note: str = "", now: datetime) -> Deal:
    deal = deal_of(session, deal_id, who)
    take(session, who, deal, "withdraw", side=side_of(who, deal), now=now, note=note[:2000])
    return deal


def needs_two(session: Session, company_id: int, terms: Terms) -> bool:
    limit = limit_of(session, company_id)
    return limit is not None and worth_a_month(terms) > limit


def _seen(session: Session, who: Actor, deal_id: int, round_: int, now: datetime) -> tuple[Deal, str]:
    deal = deal_of(session, deal_id, who)
    side = side_of(who, deal)
    if deal.state in ("open", "seconding"):
        if deal.valid_until <= now:
            raise Conflict("This offer ran out.", hint="Make a new one.")
        if deal.round != round_:
            raise Conflict(
                f"The offer changed meanwhile: it is in round {deal.round}, not {round_}.",
                hint="Read the new one first.",
            )
    return deal, side


def _same_deal(session: Session, deal: Deal, terms: Terms) -> None:
    check_peering(
        session, terms, buyer_id=deal.buyer_id, currency=deal.terms["currency"], peers=bool(deal.terms.get("peering"))
    )  # fmt: skip
    if deal.rfq is not None:
        strange = {line.code for line in terms.rates} - {row["code"] for row in deal.rfq.destinations}
        if strange or not terms.rates:
            raise Invalid(
                "Price the codes of the request, at least one.", hint=f"Not asked for: {sorted(strange)[:3]}"
            )
