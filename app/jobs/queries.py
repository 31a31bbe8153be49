"""Reads of jobs; each is limited to the asking company."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.jobs.models import Job
from app.security.actor import Actor

PAGE = 50


@dataclass(frozen=True)
class JobRow:
    id: str
    kind: str
    title: str
    state: str
    phase: str
    done: int
    total: int
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None

    @property
    def live(self) -> bool:
        return self.state in ("queued", "running")


def _row(job: Job) -> JobRow:
    return JobRow(
        job.id, job.kind, job.title, job.state, job.phase, job.done, job.total, job.attempts, job.created_at,
        job.started_at, job.finished_at, job.error,
    )  # fmt: skip


def find_job(session: Session, job_id: str, actor: Actor) -> JobRow:
    """The job, if it is the actor's company's (the operator sees all). Raises NotFound."""
    job = session.get(Job, job_id, populate_existing=True)
    if job is None or (job.company_id != actor.company_id and not actor.is_operator):
        raise NotFound("There is no such job.")
    return _row(job)


def jobs(
    session: Session, actor: Actor, *, state: str = "", page: int = 1, size: int = PAGE
) -> tuple[list[JobRow], int]:
    """One page of jobs, newest first, and the count of all; the operator sees every company's."""
    query = sa.select(Job)
    if not actor.is_operator:
        query = query.where(Job.company_id == actor.company_id)
    if state:
        query = query.where(Job.state == state)
    total = session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    found = session.scalars(
        query.order_by(Job.created_at.desc(), Job.id).limit(size).offset((page - 1) * size)
    )
    return [_row(job) for job in found], total
