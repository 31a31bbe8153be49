"""Decks that say they are being checked while nobody checks them: a command that was killed, a job that is gone.

A check by the worker needs no such watch: its job ends in one transaction with the deck (app.decks.endings). A check by
`tandem deck import` has no job; its name says when it began, and no check may last longer than its child processes may.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from app.config import Settings
from app.decks.models import Deck
from app.jobs.models import Job
from app.jobs.service import LIVE

log = structlog.get_logger("decks")
CHILDREN = 3
"""One file is read at most so often in one check: as it is, with the template, with the remembered answers."""
GRACE = timedelta(minutes=2)
LOST = (
    "The check was broken off: its process is gone. Nothing of the file came into force. Check it again, or run the "
    "command again."
)


def own_check(now: datetime) -> str:
    """Name of a check that this process does itself."""
    return f"cli-{int(now.timestamp())}-{uuid.uuid4().hex}"


def fail_lost(session: Session, settings: Settings, *, now: datetime) -> list[int]:
    """Ids of the decks put to `failed`; the caller commits."""
    longest = timedelta(seconds=2 * settings.jobs.deck_cpu_seconds * CHILDREN) + GRACE
    live = sa.exists().where(Job.id == Deck.job_id, Job.state.in_(LIVE))
    waiting = session.scalars(
        sa.select(Deck)
        .where(Deck.state.in_(("received", "checking")), ~live)
        .with_for_update(of=Deck, skip_locked=True)
    ).all()
    failed = []
    for deck in waiting:
        if now - _since(deck) >= (longest if (deck.job_id or "cli-").startswith("cli-") else GRACE):
            deck.state, deck.error = "failed", LOST
            log.warning("check of a deck lost", deck=deck.id, job=deck.job_id)
            failed.append(deck.id)
    session.flush()
    return failed


def _since(deck: Deck) -> datetime:
    named = re.match(r"cli-(\d+)-", deck.job_id or "")
    return datetime.fromtimestamp(int(named[1]), UTC) if named else deck.received_at
