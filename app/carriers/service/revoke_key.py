"""Take a key back; the edge refuses it as soon as the next snapshot is there (seconds)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.service.announce import announce_rights
from app.errors import Conflict, NotFound
from app.security.actor import Actor
from app.security.models import ApiKey


def revoke_key(session: Session, actor: Actor, key_id: int, *, now: datetime) -> ApiKey:
    """Raises NotFound for another company's key, Conflict for one that is revoked already."""
    key = session.get(ApiKey, key_id)
    if key is None or key.company_id != actor.company_id:
        raise NotFound("There is no such key.")
    if key.revoked_at is not None:
        raise Conflict("This key is revoked already.")
    key.revoked_at = now
    record(
        session,
        actor,
        action="key.revoke",
        obj=key,
        before={"revoked_at": None},
        after={"revoked_at": now},
        now=now,
    )
    announce_rights(session, f"key {key.id} revoked", now=now)
    return key
