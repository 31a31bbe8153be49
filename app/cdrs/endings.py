"""An import that ends before its end says so, how much of it stays, and what to do; in the transaction that ends its job."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.cdrs.models import CallImport
from app.cdrs.service.import_calls import announce, stored_of
from app.jobs.endings import unfinished
from app.jobs.models import Job


@unfinished("calls.import")
def import_unfinished(session: Session, job: Job, why: str, now: datetime) -> None:
    """Nothing to do where the job itself said why."""
    fail_import(session, int(job.arguments["import_id"]), why, now=now)


def fail_import(session: Session, import_id: int, why: str, *, now: datetime) -> None:
    """`failed`, unless it has ended. What was stored before stays, counts, and is known when the file comes again."""
    taken = session.get(CallImport, import_id, with_for_update=True, populate_existing=True)
    if taken is None or taken.state in ("done", "failed"):
        return
    kept = stored_of(session, taken)
    stays = (
        f" {kept:,} of its records were taken and stay; send the file again for the others: none counts twice."
        if kept
        else " Nothing of it was taken."
    )
    taken.state, taken.error, taken.finished_at = "failed", why + stays, now
    if kept:
        announce(session, now)
