"""Reads of happenings, webhooks and their deliveries; each company its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.hooks.models import Attempt, Delivery, Happening, Webhook
from app.security.actor import Actor

PAGE = 100


@dataclass(frozen=True)
class NewsRow:
    id: int
    at: datetime
    kind: str
    text: str
    href: str


@dataclass(frozen=True)
class HookRow:
    """`waiting` deliveries on their way, `given_up` for good; `last` the newest answer in words."""

    id: int
    url: str
    kinds: list[str]
    enabled: bool
    created_at: datetime
    delivered: int
    waiting: int
    given_up: int
    last: str


@dataclass(frozen=True)
class DeliveryRow:
    id: int
    event: int
    kind: str
    text: str
    state: str
    tries: int
    next_at: datetime | None
    attempts: list[tuple[datetime, int, int, str]]


def news(session: Session, who: Actor, *, after: int | None = None, limit: int = PAGE) -> list[NewsRow]:
    """Newest first; `after`: older than this id."""
    wanted = sa.select(Happening).where(
        Happening.company_id == who.company_id,
        sa.or_(Happening.user_id.is_(None), Happening.user_id == who.user_id),
    )
    if after is not None:
        wanted = wanted.where(Happening.id < after)
    rows = session.scalars(wanted.order_by(Happening.id.desc()).limit(limit))
    return [NewsRow(row.id, row.created_at, row.kind, row.text, row.href) for row in rows]


def webhooks(session: Session, who: Actor) -> list[HookRow]:
    found = []
    for hook in session.scalars(
        sa.select(Webhook).where(Webhook.company_id == who.company_id).order_by(Webhook.id)
    ):
        kept = sa.select(Delivery.state, sa.func.count()).where(Delivery.webhook_id == hook.id)
        counts: dict[str, int] = {row[0]: row[1] for row in session.execute(kept.group_by(Delivery.state))}
        last = session.execute(
            sa.select(Attempt.status, Attempt.fault)
            .join(Delivery, Delivery.id == Attempt.delivery_id)
            .where(Delivery.webhook_id == hook.id)
            .order_by(Attempt.id.desc())
            .limit(1)
        ).first()
        found.append(
            HookRow(
                hook.id, hook.url, hook.kinds, hook.enabled, hook.created_at, counts.get("delivered", 0),
                counts.get("waiting", 0) + counts.get("sending", 0), counts.get("given_up", 0),
                "" if last is None else last.fault or f"answered {last.status}",
            )
        )  # fmt: skip
    return found


def deliveries(
    session: Session, webhook_id: int, *, after: int | None = None, limit: int = PAGE
) -> list[DeliveryRow]:
    """Newest first, each with every attempt."""
    wanted = sa.select(Delivery).where(Delivery.webhook_id == webhook_id)
    if after is not None:
        wanted = wanted.where(Delivery.id < after)
    rows = session.scalars(wanted.order_by(Delivery.id.desc()).limit(limit)).all()
    tried: dict[int, list[tuple[datetime, int, int, str]]] = {}
    for one in session.scalars(
        sa.select(Attempt).where(Attempt.delivery_id.in_([row.id for row in rows])).order_by(Attempt.id)
    ):
        tried.setdefault(one.delivery_id, []).append((one.at, one.status, one.milliseconds, one.fault))
    return [
        DeliveryRow(
            row.id, row.happening_id, row.happening.kind, row.happening.text, row.state, row.tries,
            row.next_at if row.state == "waiting" else None, tried.get(row.id, []),
        )
        for row in rows
    ]  # fmt: skip
