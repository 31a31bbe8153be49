"""Epochs: compile the next one before the rates change, let readers take it at the instant, then write that down."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

import lcr_core
from app.clock import to_micros
from app.config import Settings
from app.jobs.progress import Progress
from app.routing import ahead, compiled
from app.routing.gather import index_inputs
from app.routing.models import SnapshotRecord
from app.routing.service.build_snapshot import announce, last_published, one_builder
from app.routing.service.compile_index import compile_index


def build_ahead(session: Session, settings: Settings, *, now: datetime, progress: Progress) -> str | None:
    """Compile the index that begins where the epoch in force ends and announce it; the id of its snapshot.

    None when no epoch ends ahead. Raises lcr_core.CoreError: the epoch then ends without a successor, answers stay exact.
    """
    root = settings.snapshot_dir
    with one_builder(root):
        last = last_published(session)
        if last is None or last.epoch_until is None or last.epoch_until <= now:
            return None
        inputs = index_inputs(session, settings.lcr, last.epoch_until)
        found = ahead.load(root)
        if found is None or found.epoch_from != last.epoch_until or found.inputs != inputs:
            ahead.save(root, compile_index(settings, inputs, last.epoch_until, progress, last=None))
        return announce(session, settings, last, now)


def promote(session: Session, settings: Settings, *, now: datetime) -> SnapshotRecord | None:
    """Write down that the announced snapshot is in force, once its instant has come; committed."""
    root = settings.snapshot_dir
    found = ahead.load(root)
    if found is None or found.epoch_from > now:
        return None
    with one_builder(root):
        snapshot_id = lcr_core.promote(str(root), to_micros(now))
        if snapshot_id is None:
            return None
        record = SnapshotRecord(
            snapshot_id=snapshot_id,
            index_file=found.file,
            index_inputs=found.inputs.digest(),
            reason="rates changed at the announced instant",
            state="published",
            offers=len(found.inputs.offers),
            rates=found.rates,
            epoch_until=found.epoch_until,
            build_ms=0,
            created_at=now,
        )
        session.add(record)
        session.commit()
        return record


def is_prepared(settings: Settings, until: datetime) -> bool:
    """Is an index for the epoch that begins at `until` compiled? (Whether it still fits is seen when it is announced.)"""
    found = ahead.load(settings.snapshot_dir)
    return (
        found is not None
        and found.epoch_from == until
        and compiled.load(settings.snapshot_dir, found.file) is not None
    )
