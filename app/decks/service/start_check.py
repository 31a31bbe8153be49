"""Queue the check of a deck; an older check that still runs loses its say."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy.orm import Session

from app.decks.models import Deck
from app.errors import Conflict, DomainError
from app.jobs.service import cancel, enqueue
from app.security.actor import Actor

CHECKABLE = ("received", "checking", "needs_mapping", "rejected", "review", "discarded", "failed")


def start_check(session: Session, who: Actor, deck: Deck, *, now: datetime) -> Deck:
    """Put the deck into `checking` and enqueue `deck.check`. Raises Conflict once it is approved."""
    mark_checking(session, deck, now=now)
    job = enqueue(
        session, "deck.check", arguments={"deck_id": deck.id}, now=now, title=f"Check {deck.filename}"[:200],
        company_id=deck.company_id, created_by=who.user_id,
    )  # fmt: skip
    deck.job_id = job.id
    session.flush()
    return deck


def mark_checking(session: Session, deck: Deck, *, now: datetime) -> None:
    """Forget what an earlier check found; raises Conflict when the deck can no longer be checked."""
    if deck.state not in CHECKABLE:
        raise Conflict(
            f"Deck {deck.id} is {deck.state} and cannot be checked again.",
            hint="Upload the file again to make a new deck of it.",
        )
    if deck.job_id is not None and deck.state == "checking":
        with suppress(DomainError):  # it ended meanwhile: its result is ignored by job_id
            cancel(session, deck.job_id, now=now)
    deck.state, deck.error, deck.job_id = "checking", None, None
    deck.seconded_by = deck.seconded_at = None
    session.flush()
