"""A person has read a warning, or says that what a blocking sanity check found is meant."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from app.audit.record import record
from app.decks.access import own_deck
from app.decks.models import Deck
from app.decks.report import report_of
from app.decks.service.choose_mapping import choose_mapping, options_of
from app.errors import Conflict, Invalid
from app.security.actor import Actor
from rates.thresholds import BY_ID

BLOCKABLE = frozenset(BY_ID)
"""Checks whose blocking a person may lift; a second one must then approve."""


def accept_problem(
    session: Session, who: Actor, deck_id: int, problem_id: str, *, undo: str = "", now: datetime
) -> Deck:
    """Add `problem_id` to what was read, or take `undo` back. Where that changes the verdict the file is checked again.

    Raises NotFound, Conflict (approved or discarded), Invalid for something that cannot be accepted."""
    deck = own_deck(session, who, deck_id, lock=True)
    report = report_of(deck)
    if deck.state in ("approved", "discarded") or report is None:
        raise Conflict(f"Deck {deck.id} is {deck.state}.", hint="Upload the file again.")
    options = options_of(deck)
    wanted = problem_id or undo
    severities = {group.severity for group in report.problems if group.id == wanted}
    blocked = "error" in severities or (
        wanted in BLOCKABLE and wanted in options.accept_warnings and bool(undo)
    )
    if problem_id and (not severities or ("error" in severities and problem_id not in BLOCKABLE)):
        raise Invalid(f"{problem_id[:40]} cannot be accepted.", hint="Mend the rows, or choose a repair.")
    kept = tuple(name for name in options.accept_warnings if name not in (undo, problem_id))
    changed = msgspec.structs.replace(options, accept_warnings=(*kept, problem_id) if problem_id else kept)
    if blocked:
        return choose_mapping(session, who, deck_id, changed, now=now)
    deck.options = msgspec.to_builtins(changed, str_keys=True)
    record(session, who, action="deck.warning", obj=deck, now=now, company_id=deck.company_id,
           before={"read": list(options.accept_warnings)}, after={"read": list(changed.accept_warnings)})  # fmt: skip
    return deck
