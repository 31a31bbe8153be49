"""The check's report as kept on the deck, typed again."""

from __future__ import annotations

import msgspec

from app.decks.models import Deck
from rates.deckcheck import CheckReport


def headings_of(deck: Deck) -> list[str]:
    """The file's own headings from column A on; [] before it could be read."""
    report = report_of(deck)
    return [column.header for column in report.guess.columns] if report and report.guess else []


def report_of(deck: Deck) -> CheckReport | None:
    """None before the first check ended."""
    return msgspec.convert(deck.report, type=CheckReport) if deck.report else None
