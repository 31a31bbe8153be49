"""Rights, policies or addresses changed: the core must hear of it within seconds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.jobs.service import enqueue


def announce_rights(session: Session, reason: str, *, now: datetime) -> None:
    """Ask for a snapshot over the index that is there; several wishes at once become one."""
    enqueue(
        session,
        "snapshot.publish",
        title="Publish rights",
        arguments={"reason": reason},
        now=now,
        coalesce=True,
    )
