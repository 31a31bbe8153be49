"""The jobs that import a received file, and that clear the numbers of old records."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.cdrs.endings import fail_import
from app.cdrs.service.import_calls import import_calls
from app.cdrs.service.receive_file import JOB
from app.cdrs.service.retain_calls import retain_calls
from app.clock import utc_now
from app.config import Settings
from app.db import db, is_passing
from app.errors import DomainError
from app.jobs.models import Job
from app.jobs.progress import JobCancelled, Progress
from app.jobs.registry import job, timer
from app.jobs.service import LIVE, enqueue


@job(JOB)
def run_import(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Part by part; after a killed worker it begins anew and stores what is missing."""
    settings: Settings = current_app.config["TANDEM"]
    import_id = int(arguments["import_id"])
    try:
        counts = import_calls(db.session, settings, import_id, now=utc_now(), progress=progress)
        db.session.commit()
    except Exception as fault:
        db.session.rollback()
        if is_passing(fault):  # the job is run again
            raise
        fail_import(db.session, import_id, _why(fault), now=utc_now())
        db.session.commit()
        raise
    return counts


@job("calls.retain")
def retain(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Numbers of records past their time are cleared. Running it again is harmless."""
    settings: Settings = current_app.config["TANDEM"]
    return retain_calls(db.session, settings, now=utc_now())


@timer("calls.retain", seconds=600.0)
def look_for_old_calls() -> None:
    """Once a day."""
    now = utc_now()
    recent = sa.exists().where(
        Job.kind == "calls.retain", sa.or_(Job.state.in_(LIVE), Job.created_at > now - timedelta(days=1))
    )
    if not db.session.scalar(sa.select(recent)):
        enqueue(db.session, "calls.retain", title="Clear the numbers of old call records", now=now)
    db.session.commit()


def _why(fault: Exception) -> str:
    if isinstance(fault, DomainError):
        return " ".join(filter(None, [fault.message, fault.hint]))
    return "It was cancelled." if isinstance(fault, JobCancelled) else "The import broke down on our side."
