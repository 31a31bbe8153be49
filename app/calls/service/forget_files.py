"""Recordings and packets are let go when their time is over; figures, ladder and verdict stay."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.calls.files import path_of
from app.calls.log import Place, read_to_the_end
from app.calls.models import LogCursor, TestCall, TestFile
from app.config import Settings

BATCH = 500


def forget_files(session: Session, settings: Settings, *, now: datetime) -> dict[str, int]:
    """Commits in parts. The row goes before the bytes, so that no page offers what is gone; running it again is harmless."""
    old = now - timedelta(days=settings.calls.keep_days)
    gone = 0
    while True:
        rows = session.scalars(
            sa.select(TestFile)
            .join(TestCall, TestCall.id == TestFile.call_id)
            .where(TestCall.ended_at < old)
            .limit(BATCH)
        ).all()
        if not rows:
            break
        names = {row.sha256 for row in rows}
        for row in rows:
            session.delete(row)
        session.commit()
        still = set(session.scalars(sa.select(TestFile.sha256).where(TestFile.sha256.in_(names))))
        for name in names - still:
            path_of(settings.evidence_dir, name).unlink(missing_ok=True)
        gone += len(rows)
    return {"files": gone, "logs": _old_logs(session, settings)}


def _old_logs(session: Session, settings: Settings) -> int:
    """Files of the record log that were read to their end."""
    cursor = session.scalar(sa.select(LogCursor).where(LogCursor.directory == str(settings.calls_dir)))
    done = read_to_the_end(settings.calls_dir, Place(cursor.file, cursor.offset)) if cursor else []
    for path in done:
        path.unlink(missing_ok=True)
    return len(done)
