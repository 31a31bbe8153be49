"""What a person answered about an ambiguous file is the carrier's habit: kept when the deck is approved, used next time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.decks.models import Deck
from app.decks.policy import QUESTIONS
from app.decks.service.choose_mapping import options_of
from app.decks.service.save_policy import row_of
from rates.deckcheck import CheckReport


def remember_answers(
    session: Session, deck: Deck, report: CheckReport, *, by: int | None = None, now: datetime
) -> None:
    """Keep the stated decimal mark, order of dates and mode for the deck's carrier. The caller records the approval;
    an answer that was itself remembered keeps the name of whom it came from."""
    options = options_of(deck)
    said = {name: getattr(options, name) for name in QUESTIONS if getattr(options, name) is not None}
    if report.guess is not None:
        if not report.guess.decimal_mark.stated:
            said.pop("decimal_mark", None)
        if not report.guess.date_order.stated:
            said.pop("date_order", None)
    if not said:
        return
    row = row_of(session, deck.company_id, now=now)
    fresh = [name for name, value in said.items() if name not in deck.remembered]
    row.answered = {**row.answered, **{name: {"by": by, "at": now.isoformat()} for name in fresh}}
    if any(row.answers.get(name) != value for name, value in said.items()):
        row.answers = {**row.answers, **said}
