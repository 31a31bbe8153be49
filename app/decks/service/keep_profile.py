"""The traffic a person pasted for a deck's money impact; empty text goes back to the recorded traffic."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.audit.record import record
from app.decks.access import own_deck
from app.decks.models import Deck
from app.errors import Invalid
from app.security.actor import Actor
from rates.traffic import TrafficError, read_profile

LONGEST = 200_000


def keep_profile(session: Session, who: Actor, deck_id: int, text: str, *, now: datetime) -> Deck:
    """Raises NotFound, Invalid naming the line."""
    deck = own_deck(session, who, deck_id, lock=True)
    if len(text) > LONGEST:
        raise Invalid("The profile is too long.", hint="Import the traffic as CSV instead.")
    try:
        lines = read_profile(text) if text.strip() else []
    except TrafficError as fault:
        raise Invalid(
            str(fault), hint="One line each: code or destination, minutes, calls, sell rate.", line=fault.line
        ) from fault
    deck.profile = [
        {
            "what": one.what,
            "seconds": one.seconds,
            "calls": one.calls,
            "sell": None if one.sell is None else f"{one.sell:f}",
        }
        for one in lines
    ]
    record(
        session,
        who,
        action="deck.profile",
        obj=deck,
        now=now,
        company_id=deck.company_id,
        after={"lines": len(lines)},
    )
    return deck
