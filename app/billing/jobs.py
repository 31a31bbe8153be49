"""Closes the months that are over."""

from __future__ import annotations

from typing import Any

from app.billing.service.close_months import close_months, due_months
from app.clock import utc_now
from app.db import db
from app.jobs.progress import Progress
from app.jobs.registry import job, timer
from app.jobs.service import enqueue


@job("billing.close")
def run(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Running it again closes nothing twice."""
    closed = close_months(db.session, now=utc_now())
    db.session.commit()
    return {"closed": closed}


@timer("billing.close", seconds=600.0)
def look() -> None:
    now = utc_now()
    if due_months(db.session, now):
        enqueue(
            db.session,
            "billing.close",
            title="Close months of agreements",
            arguments={},
            now=now,
            coalesce=True,
        )
        db.session.commit()
    else:
        db.session.rollback()
