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
from app.db import db, is_gone
from app.errors import DomainError
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
    """Run the job to its end; returns {"state": …}. Never raises for a fault of the job itself; a database that is gone raises,
    and the job stays as it is."""
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
            return _finish(job_id, "cancelled", {}, None)
        except DomainError as fault:
            hint = f" {fault.hint}" if fault.hint else ""
            return _finish(job_id, "failed", {"code": fault.code}, f"{fault.message}{hint}")
        except Exception as fault:  # a job's bug must not take the worker down
            if is_gone(fault):
                raise
            log.exception("job failed", job=job_id, kind=kind)
            return _finish(job_id, "failed", {"code": "internal"}, f"Internal fault: {type(fault).__name__}")
        return _finish(job_id, "done", result, None)


def _start(job_id: str) -> tuple[str, dict[str, Any]] | None:
    """Mark the job running and count the start; None when there is nothing to do (any more)."""
    with Session(db.engine, expire_on_commit=False) as session:
        found = session.get(Job, job_id)
        if found is None or found.state not in ("queued", "running"):
            return None
        if found.attempts >= MAX_STARTS:
            found.state, found.finished_at = "failed", utc_now()
            found.error = f"The worker died {MAX_STARTS} times during this job; it is not tried again."
            session.commit()
            return None
        found.state, found.attempts = "running", found.attempts + 1
        found.started_at = found.started_at or utc_now()
        session.commit()
        return found.kind, dict(found.arguments)


def _finish(job_id: str, state: str, result: dict[str, Any], error: str | None) -> dict[str, Any]:
    db.session.rollback()  # whatever the handler left uncommitted is not wanted
    with Session(db.engine) as session:
        values: dict[str, Any] = {"state": state, "result": result, "error": error, "finished_at": utc_now()}
        if state == "done":
            values["done"] = sa.func.coalesce(sa.func.nullif(Job.total, 0), Job.done)
        session.execute(sa.update(Job).where(Job.id == job_id).values(**values))
        session.commit()
    log.info("job ended", job=job_id, state=state)
    return {"state": state}
