"""The timer that follows the clock."""

from __future__ import annotations

from typing import Any

from app.clock import utc_now
from app.db import db
from app.deals.service.follow import due, follow
from app.jobs.progress import Progress
from app.jobs.registry import job, timer
from app.jobs.service import enqueue


@job("deals.follow")
def run(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    moved = follow(db.session, now=utc_now())
    db.session.commit()
    return {"moved": moved}


@timer("deals.follow", seconds=1.0)
def look() -> None:
    now = utc_now()
    if due(db.session, now):
        enqueue(db.session, "deals.follow", title="Deadlines of deals", arguments={}, now=now, coalesce=True)
        db.session.commit()
    else:
        db.session.rollback()
