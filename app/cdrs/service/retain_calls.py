"""Old call records lose their numbers: the digits that were rated stay, everything else that tells people apart goes.

Sums, prices and the records' marks stay: a file that comes again is still known, and invoices still add up. The received files
hold the same numbers and go with them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.cdrs.models import CallImport, CallQuarantine, CallRecord
from app.config import Settings
from app.decks.models import Arrival, Deck

PART = 1_000
DAYS_A_MONTH = 30.4375
NAMELESS: dict[str, Any] = {"ani": "", "lrn": "", "call_id": ""}


def retain_calls(
    session: Session, settings: Settings, *, now: datetime, save: Callable[[], None] | None = None
) -> dict[str, int]:
    """Counts of what was cleared. Commits part by part (`save`, else the session's commit); run again it finds nothing left."""
    save = save or session.commit
    before = now - timedelta(days=settings.privacy.call_months * DAYS_A_MONTH)
    counts = {"records": 0, "quarantined": 0, "files": 0}
    while part := _records(session, before):
        for row in part:
            row.dnis, row.ani = row.code, ""
            row.record = row.record | NAMELESS | {"dnis": row.code}
        counts["records"] += len(part)
        save()
    while lines := _quarantined(session, before):
        for line in lines:
            line.record, line.detail, line.settled = {}, "", line.settled or "dropped"
            line.settled_at = line.settled_at or now
        counts["quarantined"] += len(lines)
        save()
    counts["files"] = _files(session, settings, before)
    save()
    return counts


def _records(session: Session, before: datetime) -> list[CallRecord]:
    whole = sa.or_(CallRecord.dnis != CallRecord.code, CallRecord.ani != "")
    return list(session.scalars(sa.select(CallRecord).where(CallRecord.start_at < before, whole).limit(PART)))


def _quarantined(session: Session, before: datetime) -> list[CallQuarantine]:
    whole = sa.or_(CallQuarantine.detail != "", sa.cast(CallQuarantine.record, sa.Text) != "{}")
    return list(
        session.scalars(
            sa.select(CallQuarantine).where(CallQuarantine.created_at < before, whole).limit(PART)
        )
    )


def _files(session: Session, settings: Settings, before: datetime) -> int:
    """Files that no younger import, no deck and no arrival is made of."""
    younger = sa.select(CallImport.file_key).where(CallImport.created_at >= before)
    keys = session.scalars(
        sa.select(CallImport.file_key).distinct().where(
            CallImport.created_at < before, CallImport.state.in_(("done", "failed")), CallImport.file_key.not_in(younger),
            ~sa.exists().where(Deck.file_key == CallImport.file_key), ~sa.exists().where(Arrival.file_key == CallImport.file_key),
        )
    ).all()  # fmt: skip
    gone = 0
    for key in keys:
        path = settings.files_dir / key
        if path.is_file():
            path.unlink()
            gone += 1
    return gone
