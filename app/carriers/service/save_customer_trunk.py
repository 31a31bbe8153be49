"""Create or change a buyer's trunk: who may ask through it, and by which policy it is answered."""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import CustomerTrunk
from app.carriers.service.announce import announce_rights
from app.errors import Conflict
from app.security.actor import Actor


@dataclass(frozen=True)
class CustomerTrunkFacts:
    name: str
    tech_prefix: str
    source_ips: list[str]
    policy: dict[str, Any]
    max_routes: int
    blocked_codes: list[str]
    opened_codes: list[str]
    enabled: bool
    normalise: dict[str, Any] | None = None
    hunt: dict[str, Any] | None = None
    lrn_sources: list[str] | None = None


def save_customer_trunk(
    session: Session, actor: Actor, facts: CustomerTrunkFacts, *, trunk: CustomerTrunk | None, now: datetime
) -> CustomerTrunk:
    """Returns the trunk (flushed). Raises Conflict for a name in use or an address that names another trunk."""
    company_id = trunk.company_id if trunk else actor.company_id
    for other in session.scalars(sa.select(CustomerTrunk)):
        if trunk is not None and other.id == trunk.id:
            continue
        if other.company_id == company_id and other.name == facts.name:
            raise Conflict(f"There is already a trunk called {facts.name}.", hint="Choose another name.")
        shared = _shared(facts.source_ips, other.source_ips, same_company=other.company_id == company_id)
        if shared and (other.tech_prefix or "") == facts.tech_prefix:
            raise Conflict(
                f"The address {shared[0]} already identifies another trunk.",
                hint="Give this trunk a tech prefix of its own, or let it identify itself by an API key.",
            )
    before = {}
    if trunk is None:
        trunk = CustomerTrunk(company_id=company_id, created_at=now, **asdict(facts))
        session.add(trunk)
    else:
        before = {name: getattr(trunk, name) for name in asdict(facts)}
        for name, value in asdict(facts).items():
            setattr(trunk, name, value)
    session.flush()
    action = "customer_trunk.change" if before else "customer_trunk.create"
    record(session, actor, action=action, obj=trunk, before=before, after=asdict(facts), now=now)
    announce_rights(session, f"trunk {trunk.id} saved", now=now)
    return trunk


def _shared(wanted: list[str], taken: list[str], *, same_company: bool) -> list[str]:
    """Entries of `wanted` that would also identify the other trunk.

    Inside a company a single address may lie in a wider network (the narrower entry wins); between companies
    no overlap is allowed, or one could answer for the other's switches.
    """
    if same_company:
        return sorted(set(wanted) & set(taken))
    others = [ipaddress.ip_network(part) for part in taken]
    return [
        part
        for part in wanted
        if any(
            net.version == one.version and net.overlaps(one)
            for net in [ipaddress.ip_network(part)]
            for one in others
        )
    ]
