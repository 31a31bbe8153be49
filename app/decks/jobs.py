"""Job kinds of this domain, registered with `app.jobs.registry.job`."""

from __future__ import annotations

import imaplib
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from flask import current_app
from imap_tools.errors import ImapToolsError

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.decks.mailbox import read_new
from app.decks.service.fail_lost import fail_lost
from app.decks.service.finish_check import finish_check
from app.decks.service.run_check import check_deck
from app.decks.service.sweep_file import sweep_file
from app.decks.service.take_mail import Letter, take_mail
from app.decks.watched import Found, Stillness, look
from app.errors import DomainError
from app.jobs.models import Job
from app.jobs.progress import JobCancelled, Progress
from app.jobs.registry import job, timer
from app.jobs.service import LIVE, enqueue

log = structlog.get_logger("decks")


@job("deck.check")
def check(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Check a deck in a jailed child process. Run again after a killed worker it starts over and ends the same."""
    settings: Settings = current_app.config["TANDEM"]
    deck_id = int(arguments["deck_id"])

    def tell(step: str, done: int, total: int) -> None:
        # The check asks `cancelled` by itself and ends in order.
        with suppress(JobCancelled):
            progress(done, total, step)

    # Where it breaks down, app.decks.endings says so on the deck.
    report = check_deck(
        db.session, settings, deck_id, job_id=job_id, progress=tell, cancelled=progress.cancelled
    )
    if report is not None and "cancelled" in report.problem_counts:
        raise JobCancelled(job_id)
    # Also after a kill between the check's commit and here: both verbs look at the deck's state and act once.
    version = finish_check(db.session, settings, deck_id, job_id, now=utc_now())
    db.session.commit()
    if report is None:
        return {"deck_id": deck_id, "outcome": "approved" if version else "overtaken"}
    return {
        "deck_id": deck_id, "outcome": "approved" if version else report.status, "rows": report.rows_read,
        "errors": report.error_count, "warnings": report.warning_count, "peak_bytes": report.peak_bytes,
    }  # fmt: skip


@job("deck.mail")
def mail(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Read the mailbox once. Each message is one transaction; what is taken is marked in the mailbox afterwards."""
    settings: Settings = current_app.config["TANDEM"]
    counts = {"taken": 0, "quarantined": 0, "refused": 0}

    def take(letter: Letter | str) -> bool:
        progress(sum(counts.values()), 0, "messages")
        if isinstance(letter, str):
            log.warning("message too big", message=letter)
            counts["refused"] += 1
            return True
        found = take_mail(db.session, settings, letter, now=utc_now())
        db.session.commit()
        for arrival in found:
            counts[arrival.state] = counts.get(arrival.state, 0) + 1
        return True

    try:
        messages = read_new(settings.mail, take, settings.root / "mailbox.json")
    except (OSError, imaplib.IMAP4.error, ImapToolsError) as fault:
        db.session.rollback()
        raise DomainError(
            f"The mailbox {settings.mail.imap_user}@{settings.mail.imap_host} cannot be read: {fault}",
            hint="See the settings mail.imap_*; the next look comes by itself.",
        ) from fault
    return {"messages": messages, **counts}


@job("deck.folder")
def folder(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Take what stands still in the watched folder and file away what is checked. Running it again is harmless."""
    settings: Settings = current_app.config["TANDEM"]
    asked = [
        Found(str(place), int(size), int(mtime), int(inode))
        for place, size, mtime, inode in arguments["files"]
    ]
    counts = {"taken": 0, "filed": 0, "waiting": 0}
    for number, found in enumerate(asked):
        progress(number, len(asked), found.place)
        counts[sweep_file(db.session, settings, found, now=utc_now())] += 1
    return counts


_still: dict[str, Stillness] = {}


@timer("deck.lost", seconds=30.0)
def look_for_lost() -> None:
    """Decks that say they are being checked while nobody checks them."""
    settings: Settings = current_app.config["TANDEM"]
    fail_lost(db.session, settings, now=utc_now())
    db.session.commit()


@timer("deck.mail", seconds=5.0)
def look_for_mail() -> None:
    """Ask for a look into the mailbox every `mail.poll_seconds`."""
    settings: Settings = current_app.config["TANDEM"]
    if settings.mail.imap_host:
        _ask_unless_recent("deck.mail", "Read the deck mailbox", settings.mail.poll_seconds, {})


@timer("deck.folder", seconds=1.0)
def look_into_folder() -> None:
    """Files that stood still are handed to the job `deck.folder`."""
    settings: Settings = current_app.config["TANDEM"]
    if not settings.watch.folder:
        return
    still = _still.setdefault(settings.watch.folder, Stillness(settings.watch.stable_seconds))
    files = still.settled(list(look(Path(settings.watch.folder))), time.monotonic())
    if files:
        asked = {"files": [[f.place, *f.state] for f in files[:200]]}
        _ask_unless_recent("deck.folder", "Take decks from the folder", settings.watch.poll_seconds, asked)


def _ask_unless_recent(kind: str, title: str, seconds: float, arguments: dict[str, Any]) -> None:
    """One live job of a kind; the next one `seconds` after the last began."""
    now = utc_now()
    busy = sa.exists().where(
        Job.kind == kind, sa.or_(Job.state.in_(LIVE), Job.created_at > now - timedelta(seconds=seconds))
    )
    if not db.session.scalar(sa.select(busy)):
        enqueue(db.session, kind, title=title, arguments=arguments, now=now)
        # A job a minute for years would fill the table: those that did nothing are of no interest a day later.
        old = sa.delete(Job).where(
            Job.kind == kind, Job.state == "done", Job.created_at < now - timedelta(days=1)
        )
        db.session.execute(old)
    db.session.commit()
