"""The job that imports a received file."""

from __future__ import annotations

from typing import Any

from flask import current_app

from app.cdrs.models import CallImport
from app.cdrs.service.import_calls import import_calls
from app.cdrs.service.receive_file import JOB
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError
from app.jobs.progress import Progress
from app.jobs.registry import job


@job(JOB)
def run_import(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """One transaction: after a killed worker it starts over as if nothing had been."""
    settings: Settings = current_app.config["TANDEM"]
    import_id = int(arguments["import_id"])
    try:
        counts = import_calls(db.session, settings, import_id, now=utc_now(), progress=progress)
        db.session.commit()
    except DomainError as refusal:
        db.session.rollback()
        fail_import(import_id, " ".join(filter(None, [refusal.message, refusal.hint])))
        raise
    except Exception:
        db.session.rollback()
        fail_import(
            import_id, "The import broke down on our side. Nothing of it was taken; send the file again."
        )
        raise
    return counts


def fail_import(import_id: int, why: str) -> None:
    taken = db.session.get_one(CallImport, import_id)
    taken.state, taken.error, taken.finished_at = "failed", why, utc_now()
    db.session.commit()
