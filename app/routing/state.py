"""The routing state as the database wants it: stops placed by people, and products that are switched off."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, CustomerTrunk, Product
from app.deals.limits import capped_products
from app.jobs.models import Job
from app.routing.models import RoutingStop
from app.security.models import User

PUSH = "state.push"
LISTS = {
    "switch": "disabled_offers",
    "cap": "cap_reached",
    "vendor_credit": "vendor_credit_out",
    "company_credit": "company_credit_out",
    "trunk_credit": "trunk_credit_out",
}
LABELS = {
    "switch": "Product off",
    "block": "Destination blocked",
    "cap": "Deal cap reached",
    "vendor_credit": "Carrier's credit to us used up",
    "company_credit": "Customer out of credit",
    "trunk_credit": "Trunk out of credit",
}


@dataclass(frozen=True)
class StopLine:
    """One stop, for the page and its CSV."""

    id: int
    kind: str
    what: str
    target_id: int
    target: str
    code: str
    reason: str
    set_by: str
    created_at: datetime


def desired(session: Session, now: datetime) -> dict[str, Any]:
    """The `set` command that makes the edge's lists those of the database."""
    lists: dict[str, Any] = {name: set() for name in LISTS.values()}
    blocks = []
    for stop in session.scalars(sa.select(RoutingStop)):
        if stop.kind == "block":
            blocks.append({"offer_id": stop.target_id, "code": stop.code})
        else:
            lists[LISTS[stop.kind]].add(stop.target_id)
    lists["disabled_offers"] |= set(session.scalars(sa.select(Product.id).where(Product.enabled.is_(False))))
    lists["cap_reached"] |= capped_products(session, now)
    command = {name: sorted(ids) for name, ids in lists.items()}
    blocks.sort(key=lambda block: (block["offer_id"], block["code"]))
    return {"do": "set", "blocks": blocks, **command}


def digest(command: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(command, sort_keys=True).encode()).hexdigest()[:32]


def last_push(session: Session) -> Job | None:
    return session.scalars(
        sa.select(Job).where(Job.kind == PUSH).order_by(Job.created_at.desc(), Job.id.desc()).limit(1)
    ).first()


def stops(session: Session) -> list[StopLine]:
    """All of them, the newest first."""
    rows = session.execute(
        sa.select(RoutingStop, User.email)
        .outerjoin(User, User.id == RoutingStop.set_by)
        .order_by(RoutingStop.created_at.desc(), RoutingStop.id.desc())
    ).all()
    names = target_names(session)
    return [
        StopLine(
            id=stop.id, kind=stop.kind, what=LABELS[stop.kind], target_id=stop.target_id,
            target=names.get((side_of(stop.kind), stop.target_id), str(stop.target_id)), code=stop.code,
            reason=stop.reason, set_by=email or "", created_at=stop.created_at,
        )
        for stop, email in rows
    ]  # fmt: skip


def side_of(kind: str) -> str:
    """What a stop of this kind names: product, company or trunk."""
    if kind in ("switch", "block", "cap"):
        return "product"
    return "trunk" if kind == "trunk_credit" else "company"


def target_names(session: Session) -> dict[tuple[str, int], str]:
    """Names of everything that can be stopped, by (side, id)."""
    names = {
        ("product", row.id): f"{row.company}: {row.name}"
        for row in session.execute(
            sa.select(Product.id, Product.name, Company.name.label("company")).join(
                Company, Company.id == Product.company_id
            )
        )
    }
    names |= {("company", row.id): row.name for row in session.execute(sa.select(Company.id, Company.name))}
    names |= {
        ("trunk", row.id): f"{row.company}: {row.name}"
        for row in session.execute(
            sa.select(CustomerTrunk.id, CustomerTrunk.name, Company.name.label("company")).join(
                Company, Company.id == CustomerTrunk.company_id
            )
        )
    }
    return names
