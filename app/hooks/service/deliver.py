"""Send what is due: claim, post, write down what came of it. A killed worker's claims are taken up again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.hooks.models import Attempt, Delivery, Webhook
from app.hooks.signing import HEADER, secret_of, signature
from app.hooks.target import Answer, post

BATCH, AT_ONCE = 50, 8
CLAIM = timedelta(minutes=2)
AGAIN_S = (10, 60, 300, 1_800, 7_200, 21_600, 86_400)
"""Seconds until the next try; after the last one it is given up. Up to a fifth more, so that many do not come at once."""
Post = Callable[[str, bytes, dict[str, str]], Answer]


@dataclass(frozen=True)
class Letter:
    delivery_id: int
    url: str
    body: bytes
    headers: dict[str, str]


def due(session: Session, now: datetime) -> bool:
    return session.scalar(_due(now).with_only_columns(Delivery.id).limit(1)) is not None


def deliver(
    session: Session, key: str, *, allowed: Sequence[str], timeout_s: float, now: datetime,
    clock: Callable[[], datetime], jitter: Callable[[], float] = random.random,
) -> int:  # fmt: skip
    """One batch; commits the claim before and the outcome after each. So many were tried."""
    letters = _claim(session, key, now)
    session.commit()
    if not letters:
        return 0
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(
            threads.map(
                lambda one: post(one.url, one.body, one.headers, allowed=allowed, timeout_s=timeout_s),
                letters,
            )
        )
    at = clock()
    for letter, answer in zip(letters, answers, strict=True):
        _write(session, letter, answer, at, jitter())
    session.commit()
    return len(letters)


def _due(now: datetime) -> sa.Select[Delivery]:
    """Waiting and due, or claimed by a worker that did not come back."""
    return (
        sa.select(Delivery)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Webhook.enabled, Delivery.state.in_(("waiting", "sending")), Delivery.next_at <= now)
        .order_by(Delivery.next_at, Delivery.id)
    )


def _claim(session: Session, key: str, now: datetime) -> list[Letter]:
    letters = []
    for delivery in session.scalars(_due(now).limit(BATCH)).all():
        taken = session.execute(
            sa.update(Delivery)
            .where(
                Delivery.id == delivery.id,
                Delivery.state == delivery.state,
                Delivery.next_at == delivery.next_at,
            )
            .values(state="sending", next_at=now + CLAIM, tries=Delivery.tries + 1)
            .execution_options(synchronize_session=False)
        )
        if taken.rowcount == 1:  # type: ignore[attr-defined]
            letters.append(_letter(delivery, key, now))
    return letters


def _letter(delivery: Delivery, key: str, now: datetime) -> Letter:
    hook, happening = delivery.webhook, delivery.happening
    body = json.dumps(
        {
            "id": happening.id, "kind": happening.kind, "at": happening.created_at.isoformat(), "text": happening.text,
            "data": happening.data,
        }, separators=(",", ":"), ensure_ascii=False,
    ).encode()  # fmt: skip
    headers = {
        "Content-Type": "application/json", "User-Agent": "Tandem-Webhook/1", "Tandem-Event": str(happening.id),
        "Tandem-Delivery": str(delivery.id),
        HEADER: signature(secret_of(key, hook.id, hook.salt), int(now.timestamp()), body),
    }  # fmt: skip
    return Letter(delivery.id, hook.url, body, headers)


def _write(session: Session, letter: Letter, answer: Answer, at: datetime, share: float) -> None:
    session.add(
        Attempt(
            delivery_id=letter.delivery_id,
            at=at,
            status=answer.status,
            milliseconds=answer.milliseconds,
            fault=answer.fault[:200],
        )
    )
    delivery = session.get(Delivery, letter.delivery_id, populate_existing=True)
    if delivery is None:
        return  # its webhook was taken away meanwhile
    if answer.good:
        delivery.state = "delivered"
    elif delivery.tries > len(AGAIN_S):
        delivery.state = "given_up"
    else:
        wait = AGAIN_S[delivery.tries - 1] * (1 + share / 5)
        delivery.state, delivery.next_at = "waiting", at + timedelta(seconds=wait)
    session.flush()
