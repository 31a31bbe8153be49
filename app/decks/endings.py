"""A deck whose check ended without a result says so, in the transaction that ends the check's job."""

from __future__ import annotations

from datetime import datetime

from flask import current_app
from sqlalchemy.orm import Session

from app.decks.service.reply_to_sender import reply_to_sender
from app.decks.service.run_check import fail_check
from app.jobs.endings import unfinished
from app.jobs.models import Job

STOPPED = "The check was cancelled."


@unfinished("deck.check")
def check_unfinished(session: Session, job: Job, why: str, now: datetime) -> None:
    """`failed`, from which a person checks again; a deck that a newer check or a person has taken on is left alone."""
    deck_id = int(job.arguments["deck_id"])
    error = STOPPED if job.cancel_requested else (
        f"The check did not come to its end. {why} Nothing of the file came into force. Check it again; "
        "if it ends like this again, ask the exchange's operator."
    )  # fmt: skip
    if fail_check(session, deck_id, job.id, error):
        session.flush()
        reply_to_sender(session, current_app.config["TANDEM"], deck_id, now=now)
