"""What happens to increases with too short notice: postponed to the first legal date, taken as asked, or left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
from sqlalchemy.orm import Session

from app.decks.access import own_deck
from app.decks.models import Deck
from app.decks.service.choose_mapping import choose_mapping, options_of
from app.errors import Invalid
from app.security.actor import Actor

CHOICES = ("postpone", "accept", "reject")
MOST = 100_000


def settle_late(
    session: Session,
    who: Actor,
    deck_id: int,
    *,
    every: str = "",
    codes: Sequence[str] = (),
    choice: str = "",
    now: datetime,
) -> Deck:
    """`every`: one decision for all, which replaces those made code by code; else `choice` for `codes`. Checks again.

    Raises NotFound, Conflict (approved or discarded), Invalid."""
    deck = own_deck(session, who, deck_id)
    options = options_of(deck)
    chosen = every or choice
    if chosen not in CHOICES:
        raise Invalid(
            f"{chosen[:20]} is no decision on short notice.", hint=f"Use one of {', '.join(CHOICES)}."
        )
    if every:
        changed = msgspec.structs.replace(options, late=cast(Any, every), late_codes={})
    else:
        if not codes or not all(code.isascii() and code.isdigit() and len(code) <= 15 for code in codes):
            raise Invalid("Name the dial codes this is for.", hint="Digits only.")
        decided = {**options.late_codes, **dict.fromkeys(codes, choice)}
        if len(decided) > MOST:
            raise Invalid(f"At most {MOST:,} codes are decided one by one.", hint="Decide for all at once.")
        same = {code: what for code, what in decided.items() if what != options.late}
        changed = msgspec.structs.replace(options, late_codes=cast(Any, same))
    return choose_mapping(session, who, deck_id, changed, now=now)
