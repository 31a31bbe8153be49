"""What else becomes true when a job ends without its work done: said by its domain, done in the transaction that ends the job.

Registered where the domain is put on the application, not with the handler: a page cancels a job too.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.jobs.models import Job

LIVE = ("queued", "running")
# ending(session, job, why, now): the job is still as it was; `why` is a sentence for a person. It may find nothing to do.
Ending = Callable[[Session, Job, str, datetime], None]

_endings: dict[str, Ending] = {}


def unfinished(kind: str) -> Callable[[Ending], Ending]:
    """Register what to do when a job of this kind failed, was cancelled or was given up."""

    def keep(ending: Ending) -> Ending:
        _endings[kind] = ending
        return ending

    return keep


def end_unfinished(session: Session, job: Job, state: str, why: str, *, now: datetime) -> None:
    """Tell the domain, then put the job into `state` (failed or cancelled) if it still lives. The caller commits.

    In this order, so that whoever holds the domain's row and cancels its job never waits for one who does the reverse."""
    ending = _endings.get(job.kind)
    if ending is not None:
        ending(session, job, why, now)
    session.execute(
        sa.update(Job)
        .where(Job.id == job.id, Job.state.in_(LIVE))
        .values(state=state, error=None if state == "cancelled" else why, finished_at=now),
        execution_options={"synchronize_session": False},
    )
