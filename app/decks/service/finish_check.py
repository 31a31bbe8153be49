"""After a check: the carrier's rule may take the deck into force, and a sender by mail is told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.config import Settings
from app.decks.models import Deck, DeckVersion
from app.decks.service.auto_accept_deck import auto_accept_deck
from app.decks.service.reply_to_sender import reply_to_sender


def finish_check(
    session: Session, settings: Settings, deck_id: int, job_id: str | None, *, now: datetime
) -> DeckVersion | None:
    """The version the rule made of the deck, or None. Only the deck's newest check acts; running it again acts once."""
    deck = session.get(Deck, deck_id, populate_existing=True)
    if deck is None or deck.job_id != job_id or deck.state in ("received", "checking"):
        return None
    version = auto_accept_deck(session, deck_id, settings=settings, now=now)
    reply_to_sender(session, settings, deck_id, now=now)
    return version
