"""`Idempotency-Key`: the same write sent twice happens once and gives the same answer."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid
from app.web.models import IdempotencyKey


def remembered(session: Session, company_id: int, key: str | None, request_text: str) -> tuple[int, dict[str, Any]] | None:
    """Status and body kept under the key, None when it is new or absent.

    `request_text` says what was asked; another request under the same key is a Conflict.
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
        raise Conflict("This Idempotency-Key was used for another request.", hint="Send a fresh key.")
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
