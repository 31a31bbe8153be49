"""`Idempotency-Key`: the same write sent twice happens once and gives the same answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.db import db
from app.errors import Conflict, Invalid
from app.security.access import actor
from app.web.models import IdempotencyKey


def remembered(
    session: Session, company_id: int, key: str | None, request_text: str
) -> tuple[int, dict[str, Any]] | None:
    """Status and body kept under the key, None when it is new or absent.

    `request_text` says what was asked; another request under the same key is Invalid (422).
    """
    if key is None:
        return None
    if not 1 <= len(key) <= 120:
        raise Invalid("The Idempotency-Key has 1 to 120 characters.", hint="Use a UUID.")
    found = session.scalar(
        sa.select(IdempotencyKey).where(IdempotencyKey.company_id == company_id, IdempotencyKey.key == key)
    )
    if found is None:
        return None
    if found.request_sha256 != _digest(request_text):
        raise Invalid("This Idempotency-Key was used for another request.", hint="Send a fresh key.")
    return found.status or 200, dict(found.response)


def remember(
    session: Session, company_id: int, key: str | None, request_text: str, status: int, body: dict[str, Any],
    *, now: datetime,
) -> None:  # fmt: skip
    """Keep the answer in the transaction of its effect. The unique key makes a racing twin fail, not happen twice."""
    if key is not None:
        session.add(IdempotencyKey(
            company_id=company_id, key=key, request_sha256=_digest(request_text), status=status, response=body,
            created_at=now,
        ))  # fmt: skip
        session.flush()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def answer_once(work: Callable[[], tuple[dict[str, Any], int]]) -> tuple[dict[str, Any], int]:
    """Run `work` (it must not commit) and commit; the stored answer when this request's key was used before.

    For requests with a JSON body. Raises Conflict while a twin is under way.
    """
    key = request.headers.get("Idempotency-Key")
    company_id = actor().company_id
    text = f"{request.method} {request.full_path}\n{request.get_data(as_text=True)}"
    kept = remembered(db.session, company_id, key, text)
    if kept is not None:
        return kept[1], kept[0]
    body, status = work()
    try:
        remember(db.session, company_id, key, text, status, body, now=utc_now())
        db.session.commit()
    except sa.exc.IntegrityError as fault:
        db.session.rollback()
        raise Conflict("The same request is under way.", hint="Try again in a moment.") from fault
    return body, status
