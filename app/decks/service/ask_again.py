"""Take back what was remembered for one deck: the question is put to a person again, the memory itself stays until then."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from app.audit.record import record
from app.decks.access import own_deck
from app.decks.models import Deck
from app.decks.remembered import TEMPLATE, without
from app.decks.service.choose_mapping import options_of
from app.decks.service.start_check import start_check
from app.errors import Conflict, NotFound
from app.security.actor import Actor


def ask_again(session: Session, who: Actor, deck_id: int, what: str, *, now: datetime) -> Deck:
    """`what`: template, or an option's name. Raises NotFound, Conflict once the deck is approved or discarded."""
    deck = own_deck(session, who, deck_id, lock=True)
    if deck.state in ("approved", "discarded"):
        raise Conflict(f"Deck {deck.id} is {deck.state}.", hint="Upload the file again.")
    if what not in deck.remembered or what == "declined":
        raise NotFound(
            f"Nothing named {what[:30]} was remembered for this deck.", hint="Open the step again."
        )
    deck.options = msgspec.to_builtins(without(options_of(deck), deck.remembered, what), str_keys=True)
    declined = sorted({*deck.remembered.get("declined", []), what})
    deck.remembered = {name: one for name, one in deck.remembered.items() if name != what} | {
        "declined": declined
    }
    if what == TEMPLATE:
        deck.template_id = None
    record(session, who, action="deck.ask_again", obj=deck, now=now, company_id=deck.company_id,
           after={"declined": declined})  # fmt: skip
    return start_check(session, who, deck, now=now)
