"""Job kinds of this domain, registered with `app.jobs.registry.job`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import current_app

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.decks.service.auto_accept_deck import auto_accept_deck
from app.decks.service.reply_to_sender import reply_to_sender
from app.decks.service.run_check import check_deck, fail_check
from app.jobs.progress import JobCancelled, Progress
from app.jobs.registry import job


@job("deck.check")
def check(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Check a deck in a jailed child process. Run again after a killed worker it starts over and ends the same."""
    settings: Settings = current_app.config["TANDEM"]
    deck_id = int(arguments["deck_id"])

    def tell(step: str, done: int, total: int) -> None:
        # The check asks `cancelled` by itself and ends in order.
        with suppress(JobCancelled):
            progress(done, total, step)

    try:
        report = check_deck(
            db.session, settings, deck_id, job_id=job_id, progress=tell, cancelled=progress.cancelled
        )
    except Exception:
        db.session.rollback()
        fail_check(db.session, deck_id, job_id, "The check broke down on our side. Start it again.")
        db.session.commit()
        raise
    if report is None:
        return {"deck_id": deck_id, "outcome": "overtaken"}
    if "cancelled" in report.problem_counts:
        raise JobCancelled(job_id)
    taken = auto_accept_deck(db.session, deck_id, settings=settings, now=utc_now())
    reply_to_sender(db.session, deck_id, now=utc_now())
    db.session.commit()
    return {
        "deck_id": deck_id, "outcome": "approved" if taken else report.status, "rows": report.rows_read, "errors": report.error_count,
        "warnings": report.warning_count,
    }  # fmt: skip
