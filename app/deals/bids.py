"""The other side of the market: what buyers ask for one number or code, as far as the asker may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.deals.models import Rfq
from app.deals.queries import may_see
from app.security.actor import Actor

MOST = 2_000


@dataclass(frozen=True)
class Bid:
    """An open request that covers the code. `target_nanos`: base currency a minute, None: no target named."""

    rfq_id: int
    code: str
    destination: str
    minutes_month: int
    target_nanos: int | None
    route_class: str
    deadline: datetime
    own: bool


def bids(
    session: Session, who: Actor, digits: str, route_class: str, fx_nanos: Mapping[str, int], *, now: datetime
) -> list[Bid]:
    """Dearest target first."""
    wanted = sa.select(Rfq).where(Rfq.state == "open", Rfq.deadline > now).order_by(Rfq.id.desc()).limit(MOST)
    found = []
    for rfq in session.scalars(wanted):
        if route_class and rfq.route_class not in ("", route_class):
            continue
        fitting = [row for row in rfq.destinations if digits.startswith(row["code"])]
        if not fitting or not may_see(session, rfq, who):
            continue
        row = max(fitting, key=lambda one: len(one["code"]))
        fx = fx_nanos.get(rfq.currency)
        target = None if rfq.target_rate is None or fx is None else int(rfq.target_rate * fx)
        found.append(
            Bid(rfq.id, row["code"], row["destination"], rfq.minutes_month, target, rfq.route_class, rfq.deadline,
                rfq.buyer_id == who.company_id)
        )  # fmt: skip
    return sorted(found, key=lambda bid: (-(bid.target_nanos or 0), bid.rfq_id))
