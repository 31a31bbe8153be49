"""Runs one job: looks up its handler, keeps its row true, turns every ending into a state.

`run_one` is called by the durable workflow of app.jobs.worker, and directly by tests and by commands
that want the work done here and now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import structlog
from flask import Flask
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.db import db, is_passing
from app.errors import DomainError
from app.jobs.endings import LIVE, end_unfinished
from app.jobs.models import Job
from app.jobs.progress import JobCancelled, JobProgress
from app.jobs.registry import handler_of

log = structlog.get_logger("jobs")
MAX_STARTS = 5


def _direct(_name: str, work: Callable[[], Any]) -> Any:
    return work()


def run_one(
    app: Flask, job_id: str, run_step: Callable[[str, Callable[[], Any]], Any] = _direct
) -> dict[str, Any]:
    """Run the job to its end; returns {"state": …}. Never raises for a fault of the job itself; a database that is gone
    or busy raises, and the job stays as it is."""
    with app.app_context():
        start = _start(job_id)
        if start is None:
            return {"state": "skipped"}
        kind, arguments = start
        handler = handler_of(kind)
        try:
            if handler is None:
                raise DomainError(f"No handler is known for jobs of kind {kind}.")
            progress = JobProgress(db.engine, job_id, run_step)
            result = handler(job_id, arguments, progress)
        except JobCancelled:
            return _unfinished(job_id, "cancelled", {}, "It was cancelled.")
        except DomainError as fault:
            hint = f" {fault.hint}" if fault.hint else ""
            return _unfinished(job_id, "failed", {"code": fault.code}, f"{fault.message}{hint}")
        except Exception as fault:  # a job's bug must not take the worker down
            if is_passing(fault):
                raise
            log.exception("job failed", job=job_id, kind=kind)
            return _unfinished(
                job_id, "failed", {"code": "internal"}, f"Internal fault: {type(fault).__name__}"
            )
        return _done(job_id, result)


def give_up(job_id: str, why: str) -> None:
    """End a live job as failed, and what hangs on it, in one transaction. Does nothing to one that has ended."""
    with Session(db.engine) as session:
        found = session.get(Job, job_id)
        if found is not None and found.state in LIVE:
            end_unfinished(session, found, "failed", why, now=utc_now())
            session.commit()


def _start(job_id: str) -> tuple[str, dict[str, Any]] | None:
    """Mark the job running and count the start; None when there is nothing to do (any more)."""
    with Session(db.engine, expire_on_commit=False) as session:
        found = session.get(Job, job_id)
        if found is None or found.state not in LIVE:
            return None
        if found.attempts >= MAX_STARTS:
            why = f"It was begun {MAX_STARTS} times and its worker died each time; it is not tried again by itself."
            end_unfinished(session, found, "failed", why, now=utc_now())
            session.commit()
            log.error("job given up", job=job_id, kind=found.kind, starts=found.attempts)
            return None
        values = {
            "state": "running",
            "attempts": Job.attempts + 1,
            "started_at": found.started_at or utc_now(),
        }
        # A person may cancel it between the look and here.
        begun = sa.update(Job).where(Job.id == job_id, Job.state.in_(LIVE)).values(**values)
        begun = begun.returning(Job.id).execution_options(synchronize_session=False)
        started = session.scalars(begun).all()
        session.commit()
        return (found.kind, dict(found.arguments)) if started else None


def _done(job_id: str, result: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "state": "done", "result": result, "error": None, "finished_at": utc_now(),
        "done": sa.func.coalesce(sa.func.nullif(Job.total, 0), Job.done),
    }  # fmt: skip
    db.session.rollback()  # whatever the handler left uncommitted is not wanted
    with Session(db.engine) as session:
        session.execute(sa.update(Job).where(Job.id == job_id).values(**values))
        session.commit()
    log.info("job ended", job=job_id, state="done")
    return {"state": "done"}


def _unfinished(job_id: str, state: str, result: dict[str, Any], why: str) -> dict[str, Any]:
    db.session.rollback()  # whatever the handler left uncommitted is not wanted
    with Session(db.engine) as session:
        found = session.get_one(Job, job_id)
        end_unfinished(session, found, state, why, now=utc_now())
        session.execute(sa.update(Job).where(Job.id == job_id).values(result=result))
        session.commit()
    log.info("job ended", job=job_id, state=state)
    return {"state": state}
