"""`record`: one event of the hash chain, in the transaction of the change it tells of."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent, AuditHead
from app.clock import to_micros
from app.security.actor import Actor

GENESIS = "0" * 64


def plain(value: Any) -> Any:
    """A JSON value that reads back equal: the hash is taken over what the database will return."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)


def event_hash(prev_hash: str, event: AuditEvent) -> str:
    """SHA-256 over the previous hash and every field, as canonical JSON."""
    body = [
        prev_hash, to_micros(event.at), event.company_id, event.actor_user_id, event.actor, event.ip, event.action,
        event.object_type, event.object_id, event.before, event.after,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def object_name(obj: Any) -> tuple[str, str]:
    """('deck', '12') of a model instance, or of a (type, id) pair."""
    if isinstance(obj, tuple):
        return str(obj[0]), str(obj[1])
    return str(obj.__tablename__), str(obj.id)


def record(
    session: Session,
    actor: Actor,
    *,
    action: str,
    obj: Any,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    now: datetime,
    company_id: int | None = None,
) -> AuditEvent:
    """Append one event: `action` as noun.verb, `obj` a flushed model or (type, id).

    `company_id` names whose log it belongs to when that is not the actor's company. An actor of company 0 belongs to
    none yet: only the operator reads the event. The caller commits.
    """
    session.flush()
    # Updating first takes the write lock: chain order is commit order on both databases.
    head = session.execute(
        sa.update(AuditHead)
        .where(AuditHead.id == 1)
        .values(events=AuditHead.events + 1)
        .returning(AuditHead.hash)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    object_type, object_id = object_name(obj)
    event = AuditEvent(
        at=now, company_id=(actor.company_id or None) if company_id is None else company_id, actor_user_id=actor.user_id,
        actor=actor.email, ip=actor.ip, action=action, object_type=object_type, object_id=object_id,
        before=plain(before or {}), after=plain(after or {}), prev_hash=head, hash="",
    )  # fmt: skip
    event.hash = event_hash(head, event)
    session.add(event)
    session.execute(
        sa.update(AuditHead)
        .where(AuditHead.id == 1)
        .values(hash=event.hash)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    return event
