"""A buyer asks the market, closes or withdraws what it asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import ROUTE_CLASSES, Company
from app.deals.models import Deal, Rfq, RfqInvitation
from app.deals.queries import own_rfq
from app.deals.service.take import begin, take
from app.deals.terms import Quality, Rate, Terms, as_json, read_terms
from app.errors import Forbidden, Invalid
from app.security.actor import Actor, system_actor

LONGEST = timedelta(days=90)


def open_rfq(
    session: Session, who: Actor, *, destinations: Sequence[tuple[str, str]], minutes_month: int, currency: str,
    target_rate: Decimal | None, floors: Quality, deadline: datetime, route_class: str = "", audience: str = "public",
    invited: Sequence[int] = (), anonymous: bool = False, note: str = "", now: datetime,
) -> Rfq:  # fmt: skip
    """`destinations`: (code, name); `invited`: company ids of sellers, for audience `invited`. Raises Invalid, Forbidden."""
    if not who.buys or who.is_operator:
        raise Forbidden("Only a company that buys asks for quotes.")
    if not destinations or len(destinations) > 1_000:
        raise Invalid("Name 1 to 1,000 destinations.", hint="One dial code a line: 4420 UK London.")
    # The same checks as for an offer's rates.
    lines = tuple(Rate(code, "0", name[:120]) for code, name in destinations)
    read_terms(as_json(Terms(currency, lines)))
    if not now < deadline <= now + LONGEST:
        raise Invalid("The deadline must lie ahead, at most 90 days.")
    if minutes_month < 1:
        raise Invalid("How many minutes a month?", hint="A whole number above 0.")
    if target_rate is not None and target_rate <= 0:
        raise Invalid("A target rate lies above 0.", hint="Leave it empty to name none.")
    if route_class and route_class not in ROUTE_CLASSES:
        raise Invalid(f"There is no class {route_class[:20]!r}.", hint=", ".join(ROUTE_CLASSES))
    sellers = _sellers(session, who, invited) if audience == "invited" else []
    if audience not in ("public", "invited"):
        raise Invalid("An RFQ goes to `public` or to `invited` sellers.")
    if audience == "invited" and not sellers:
        raise Invalid("Whom do you invite?", hint="Choose at least one seller, or ask the public.")
    rfq = Rfq(
        buyer_id=who.company_id, destinations=[{"code": c, "destination": n[:120]} for c, n in destinations],
        route_class=route_class, minutes_month=minutes_month, currency=currency, target_rate=target_rate,
        floors=as_json(floors), audience=audience, anonymous=anonymous, deadline=deadline, note=note[:2000],
        created_by=who.user_id, created_at=now,
    )  # fmt: skip
    begin(session, who, rfq, "open", side="buyer", now=now)
    session.add_all(RfqInvitation(rfq_id=rfq.id, seller_id=seller, created_at=now) for seller in sellers)
    session.flush()
    return rfq


def _sellers(session: Session, who: Actor, invited: Sequence[int]) -> list[int]:
    wanted = set(invited)
    known = set(session.scalars(
        sa.select(Company.id).where(Company.id.in_(wanted), Company.sells, Company.status == "active")
    ))  # fmt: skip
    if wanted - known or who.company_id in wanted:
        raise Invalid("One of the invited companies does not sell here.", hint="Choose from the list.")
    return sorted(known)


def end_rfq(session: Session, who: Actor, rfq_id: int, action: str, *, now: datetime) -> Rfq:
    """`close` or `withdraw`: open quotes on it end with it. Raises NotFound, IllegalMove."""
    rfq = own_rfq(session, rfq_id, who)
    take(session, who, rfq, action, side="buyer", now=now)
    end_quotes(session, rfq, "lose", now=now)
    return rfq


def end_quotes(session: Session, rfq: Rfq, action: str, *, now: datetime) -> None:
    """What still waits for an answer on this RFQ."""
    waiting = (
        sa.select(Deal).where(Deal.rfq_id == rfq.id, Deal.state.in_(("open", "seconding"))).order_by(Deal.id)
    )
    for deal in session.scalars(waiting):
        take(session, system_actor(rfq.buyer_id, "exchange"), deal, action, side="system", now=now)
