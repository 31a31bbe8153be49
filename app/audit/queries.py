"""Reads of the audit log; each company sees its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.clock import to_micros
from app.security.actor import Actor

PAGE = 50


@dataclass(frozen=True)
class EventRow:
    """`changes` is (word, before, after) for what differs."""

    id: int
    at: datetime
    actor: str
    ip: str | None
    action: str
    object: str
    changes: list[tuple[str, str, str]]
    hash: str


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    words = [word for word in {**before, **after} if before.get(word) != after.get(word)]
    return [(word, _text(before.get(word)), _text(after.get(word))) for word in words]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def events(
    session: Session, actor: Actor, *, action: str = "", page: int = 1, size: int = PAGE
) -> tuple[list[EventRow], int]:
    """One page, newest first, and the count of all; `action` is the start of noun.verb."""
    query = sa.select(AuditEvent)
    if not actor.is_operator:
        query = query.where(AuditEvent.company_id == actor.company_id)
    if action:
        query = query.where(AuditEvent.action.startswith(action, autoescape=True))
    total = session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    found = session.scalars(query.order_by(AuditEvent.id.desc()).limit(size).offset((page - 1) * size))
    return [
        EventRow(
            e.id,
            e.at,
            e.actor,
            e.ip,
            e.action,
            f"{e.object_type} {e.object_id}",
            _changes(e.before, e.after),
            e.hash,
        )
        for e in found
    ], total


def whole_events(session: Session, actor: Actor, *, action: str = "") -> Iterator[dict[str, Any]]:
    """All fields of each event the actor may see, oldest first."""
    query = sa.select(AuditEvent).order_by(AuditEvent.id).execution_options(yield_per=1000)
    if not actor.is_operator:
        query = query.where(AuditEvent.company_id == actor.company_id)
    if action:
        query = query.where(AuditEvent.action.startswith(action, autoescape=True))
    for event in session.scalars(query):
        yield {
            "id": event.id, "at_us": to_micros(event.at), "at": event.at.isoformat(), "company_id": event.company_id,
            "actor_user_id": event.actor_user_id, "actor": event.actor, "ip": event.ip, "action": event.action,
            "object_type": event.object_type, "object_id": event.object_id, "before": event.before, "after": event.after,
            "prev_hash": event.prev_hash, "hash": event.hash,
        }  # fmt: skip
