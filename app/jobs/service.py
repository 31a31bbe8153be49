"""Ask for a job, ask it to stop, start it again. The caller commits."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.jobs.endings import LIVE, end_unfinished
from app.jobs.models import Job

__all__ = ["LIVE", "cancel", "enqueue", "retry"]


def enqueue(
    session: Session,
    kind: str,
    *,
    title: str,
    arguments: dict[str, Any] | None = None,
    company_id: int | None = None,
    created_by: int | None = None,
    now: datetime,
    coalesce: bool = False,
) -> Job:
    """A new queued job in the caller's transaction: it exists exactly if the transaction commits.

    `coalesce`: a job of the same kind and arguments that waits unstarted is returned instead of a second one.
    """
    arguments = arguments or {}
    if coalesce:
        # Locked: the waiting job must not start before this transaction, its reason, is committed.
        waiting = session.scalars(
            sa.select(Job).where(Job.kind == kind, Job.state == "queued").with_for_update()
        )
        for found in waiting:
            if found.arguments == arguments and not found.cancel_requested:
                return found
    queued = Job(
        id=str(uuid.uuid4()),
        kind=kind,
        title=title,
        arguments=arguments,
        company_id=company_id,
        created_by=created_by,
        created_at=now,
        state="queued",
    )
    session.add(queued)
    session.flush()
    return queued


def cancel(session: Session, job_id: str, *, now: datetime) -> Job:
    """A queued job is cancelled at once, a running one at its next progress report."""
    found = session.get(Job, job_id)
    if found is None:
        raise NotFound("There is no such job.")
    if found.state not in LIVE:
        raise Conflict(
            f"The job is already {found.state}.", hint="Only a queued or running job can be cancelled."
        )
    found.cancel_requested = True
    session.flush()
    if found.state == "queued":
        end_unfinished(session, found, "cancelled", "It was cancelled.", now=now)
        session.refresh(found)
    return found


def retry(session: Session, job_id: str, *, now: datetime) -> Job:
    """Ask for the same work again as a new job."""
    found = session.get(Job, job_id)
    if found is None:
        raise NotFound("There is no such job.")
    if found.state in LIVE:
        raise Conflict("The job has not ended yet.", hint="Cancel it first.")
    return enqueue(
        session,
        found.kind,
        title=found.title,
        arguments=found.arguments,
        company_id=found.company_id,
        created_by=found.created_by,
        now=now,
    )
