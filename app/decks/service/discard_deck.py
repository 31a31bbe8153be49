"""Lay a deck aside: nothing of it comes into force; its bytes stay."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy.orm import Session

from app.audit.record import record
from app.decks.access import own_deck
from app.decks.models import Deck
from app.errors import Conflict, DomainError
from app.jobs.service import cancel
from app.security.actor import Actor


def discard_deck(session: Session, who: Actor, deck_id: int, *, now: datetime) -> Deck:
    """Raises NotFound, Conflict once approved. Discarding twice is one discard."""
    deck = own_deck(session, who, deck_id, lock=True)
    if deck.state == "discarded":
        return deck
    if deck.state == "approved":
        raise Conflict(
            f"Deck {deck.id} is approved; its version cannot be taken away.",
            hint="Roll the product back to the version before it.",
        )
    before = deck.state
    if deck.job_id is not None and deck.state == "checking":
        with suppress(DomainError):  # it ended meanwhile: its result is ignored by job_id
            cancel(session, deck.job_id, now=now)
    deck.state, deck.job_id = "discarded", None
    record(
        session, who, action="deck.discard", obj=deck, now=now, company_id=deck.company_id,
        before={"state": before}, after={"state": "discarded"},
    )  # fmt: skip
    return deck
