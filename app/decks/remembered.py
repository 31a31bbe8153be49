"""What was not guessed nor said for this file, but remembered from an earlier one: shown with who and when, asked again on demand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.decks.models import Deck, DeckTemplate
from app.decks.policy import QUESTIONS
from app.security.models import User
from rates.options import DeckOptions

TEMPLATE = "template"
PLAIN = msgspec.to_builtins(DeckOptions(), str_keys=True)


@dataclass(frozen=True)
class Remembered:
    """`what`: template, or the option that was answered; `by` None = a program or the carrier's rule."""

    what: str
    title: str
    value: str
    by: str | None
    at: datetime | None


def of_template(template: DeckTemplate, before: DeckOptions, after: DeckOptions) -> dict[str, Any]:
    """For Deck.remembered: which options the template gave, with what was stated before."""
    first, then = (msgspec.to_builtins(options, str_keys=True) for options in (before, after))
    return {
        "value": template.name, "by": template.kept_by,
        "at": (template.kept_at or template.created_at).isoformat(),
        "stated": {name: first[name] for name in first if first[name] != then[name]},
    }  # fmt: skip


def of_answers(given: dict[str, Any], answered: dict[str, Any]) -> dict[str, Any]:
    """For Deck.remembered: option -> value, by whom and when."""
    return {name: {"value": value, **answered.get(name, {})} for name, value in given.items()}


def still_remembered(kept: dict[str, Any], before: DeckOptions, after: DeckOptions) -> dict[str, Any]:
    """`kept` without what a person has now said otherwise."""
    found = dict(kept)
    if (before.mapping, before.headers, before.tables) != (after.mapping, after.headers, after.tables):
        found.pop(TEMPLATE, None)
    for name in QUESTIONS:
        if name in found and getattr(after, name) != found[name]["value"]:
            found.pop(name)
    return found


def without(options: DeckOptions, kept: dict[str, Any], what: str) -> DeckOptions:
    """The options as they were before `what` was remembered."""
    plain = msgspec.to_builtins(options, str_keys=True)
    if what == TEMPLATE:
        plain |= kept[TEMPLATE]["stated"]
    else:
        plain[what] = PLAIN[what]
    return msgspec.convert(plain, type=DeckOptions, strict=False)


def remembered_of(session: Session, deck: Deck) -> dict[str, Remembered]:
    """By what it is, for the pages."""
    kept = {name: one for name, one in deck.remembered.items() if name == TEMPLATE or name in QUESTIONS}
    people = {one["by"] for one in kept.values() if one.get("by")}
    emails = {
        row.id: row.email
        for row in session.execute(sa.select(User.id, User.email).where(User.id.in_(people)))
    }
    return {
        name: Remembered(
            name, QUESTIONS.get(name, "Template"), str(one["value"]), emails.get(one.get("by")),
            datetime.fromisoformat(one["at"]) if one.get("at") else None,
        )
        for name, one in kept.items()
    }  # fmt: skip
