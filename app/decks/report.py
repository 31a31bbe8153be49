"""The check's report as kept on the deck, typed again."""

from __future__ import annotations

import msgspec

from app.decks.models import Deck
from rates.deckcheck import CheckReport


def report_of(deck: Deck) -> CheckReport | None:
    """None before the first check ended."""
    return msgspec.convert(deck.report, type=CheckReport) if deck.report else None
