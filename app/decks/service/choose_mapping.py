"""What a person decided about a file replaces what was guessed; then the file is checked again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from app.audit.record import record
from app.decks.access import own_deck
from app.decks.models import Deck
from app.decks.remembered import still_remembered
from app.decks.service.start_check import CHECKABLE, start_check
from app.errors import Conflict, Invalid
from app.security.actor import Actor
from rates.fields import FREE, MANY
from rates.options import DeckOptions, options_from_dict


def choose_mapping(
    session: Session, who: Actor, deck_id: int, options: DeckOptions, *, now: datetime
) -> Deck:
    """Set the deck's options and check again. Raises NotFound, Conflict (approved or discarded), Invalid."""
    deck = own_deck(session, who, deck_id, lock=True)
    if deck.state not in CHECKABLE or deck.state == "discarded":
        raise Conflict(
            f"Deck {deck.id} is {deck.state}; its options can no longer change.",
            hint="Upload the file again.",
        )
    if options.mapping is not None:
        used = [field for field in options.mapping.values() if field not in (*FREE, *MANY)]
        twice = sorted({field for field in used if used.count(field) > 1})
        if twice:
            raise Invalid(
                f"Two columns are mapped to {', '.join(twice)}.", hint="Map each field to one column only."
            )
    before = deck.options
    deck.remembered = still_remembered(deck.remembered, options_of(deck), options)
    deck.options = msgspec.to_builtins(options, str_keys=True)
    record(
        session, who, action="deck.options", obj=deck, now=now, company_id=deck.company_id,
        before=changed(before, deck.options), after=changed(deck.options, before),
    )  # fmt: skip
    return start_check(session, who, deck, now=now)


def options_of(deck: Deck) -> DeckOptions:
    """The deck's options, typed."""
    return read_options(deck.options)


def read_options(values: dict[str, Any]) -> DeckOptions:
    """DeckOptions of JSON or form values. Raises Invalid naming the field."""
    try:
        return options_from_dict(values)
    except msgspec.ValidationError as error:
        raise Invalid(
            f"The options do not fit: {error}.",
            hint="The fields are listed in docs/deck-format.md.",
            where=str(error),
        ) from error


def changed(values: dict[str, Any], against: dict[str, Any]) -> dict[str, Any]:
    """The part of `values` that differs from `against`."""
    return {key: value for key, value in values.items() if against.get(key) != value}
