"""Create or change where calls for a seller's products are sent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import VendorTrunk
from app.carriers.service.announce import announce_rights
from app.security.actor import Actor


@dataclass(frozen=True)
class VendorTrunkFacts:
    name: str
    host: str
    port: int
    transport: str
    channels: int | None
    cps: int | None
    enabled: bool


def save_vendor_trunk(
    session: Session, actor: Actor, facts: VendorTrunkFacts, *, trunk: VendorTrunk | None, now: datetime
) -> VendorTrunk:
    """Returns the trunk (flushed)."""
    before = {}
    if trunk is None:
        trunk = VendorTrunk(company_id=actor.company_id, created_at=now, **asdict(facts))
        session.add(trunk)
    else:
        before = {name: getattr(trunk, name) for name in asdict(facts)}
        for name, value in asdict(facts).items():
            setattr(trunk, name, value)
    session.flush()
    action = "vendor_trunk.change" if before else "vendor_trunk.create"
    record(session, actor, action=action, obj=trunk, before=before, after=asdict(facts), now=now)
    announce_rights(session, f"vendor trunk {trunk.id} saved", now=now)
    return trunk
