"""Snapshot jobs and the timer that follows the epochs. Other domains ask for them by name."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError
from app.jobs.progress import Progress
from app.jobs.registry import job, timer
from app.jobs.service import enqueue
from app.routing.gather import index_inputs
from app.routing.models import SnapshotRecord
from app.routing.service.build_ahead import build_ahead, is_prepared, promote
from app.routing.service.build_snapshot import build_snapshot, last_published
from lcr_core import CoreError

RETRY_AFTER = timedelta(minutes=5)
AHEAD = timedelta(minutes=15)
"""So long before an epoch ends its successor is compiled."""


def _run(reason: str, progress: Progress, *, rights_only: bool) -> dict[str, Any]:
    settings: Settings = current_app.config["TANDEM"]
    now = utc_now()
    try:
        record = build_snapshot(
            db.session, settings, reason=reason, now=now, progress=progress, rights_only=rights_only
        )
    except CoreError as fault:
        db.session.rollback()
        _remember_failure(reason, str(fault), now)
        raise DomainError(f"The snapshot was refused: {fault}", hint="The one before serves on.") from fault
    return {"snapshot": record.snapshot_id, "rates": record.rates, "build_ms": record.build_ms}


def _remember_failure(reason: str, error: str, now: datetime) -> None:
    db.session.add(SnapshotRecord(reason=reason[:200], state="failed", error=error, created_at=now))
    db.session.commit()


@job("snapshot.build")
def build(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Compile what changed and publish. Running it again is harmless."""
    return _run(str(arguments.get("reason", "asked for")), progress, rights_only=False)


@job("snapshot.publish")
def publish(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Publish changed rights, keys or policies over the index that is there."""
    return _run(str(arguments.get("reason", "rights changed")), progress, rights_only=True)


@job("snapshot.ahead")
def ahead(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Compile the next epoch before it begins and announce it. Running it again is harmless."""
    settings: Settings = current_app.config["TANDEM"]
    now = utc_now()
    try:
        announced = build_ahead(db.session, settings, now=now, progress=progress)
        db.session.commit()
    except CoreError as fault:
        db.session.rollback()
        _remember_failure("next epoch", str(fault), now)
        raise DomainError(f"The next epoch was refused: {fault}", hint="Answers stay exact.") from fault
    return {"snapshot": announced}


def _failed_lately(now: datetime) -> bool:
    """A build that failed is not asked for again by the timer within five minutes; a person or a new deck still may."""
    newest = db.session.scalars(sa.select(SnapshotRecord).order_by(SnapshotRecord.id.desc()).limit(1)).first()
    return newest is not None and newest.state == "failed" and now - newest.created_at < RETRY_AFTER


@timer("snapshot.epoch", seconds=1.0)
def follow_epoch() -> None:
    """Ask for the next epoch's index before the one in force ends, and write down the change at its instant.

    Without an announced successor a new one is asked for when the epoch is over, or decks changed without a snapshot.

    Answers stay exact meanwhile: the core takes its general path outside the epoch.
    """
    settings: Settings = current_app.config["TANDEM"]
    now = utc_now()
    last = last_published(db.session)
    if last is None:
        due = bool(index_inputs(db.session, settings.lcr, now).offers)
    else:
        until = last.epoch_until
        due = until is not None and until <= now
        if due and promote(db.session, settings, now=now) is not None:
            return
        if until is not None and now < until <= now + AHEAD and not is_prepared(settings, until):
            if not _failed_lately(now):
                enqueue(
                    db.session, "snapshot.ahead", title="Compile the next epoch", arguments={}, now=now, coalesce=True
                )  # fmt: skip
            db.session.commit()
            return
    if due and not _failed_lately(now):
        enqueue(
            db.session, "snapshot.build", title="Build the routing snapshot",
            arguments={"reason": "rates change by themselves"}, now=now, coalesce=True,
        )  # fmt: skip
        db.session.commit()
    else:
        db.session.rollback()
