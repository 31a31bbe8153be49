"""What one carrier's decks are held to, typed; defaults where nothing was saved."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.decks.auto_accept import AutoAccept, read_rule
from app.decks.models import DeckPolicy
from rates.options import DeckOptions
from rates.thresholds import Thresholds

QUESTIONS = {"decimal_mark": "Decimal mark", "date_order": "Order of dates", "mode": "Full or partial"}
"""Option -> its name. Answers that are a carrier's habit rather than one file's: asked once, used where nothing else decides."""
ASKED_AS = {"decimal_ambiguous": "decimal_mark", "date_ambiguous": "date_order", "mode_missing": "mode"}
"""Problem id -> the option that answers it."""


@dataclass(frozen=True)
class Policy:
    company_id: int
    thresholds: Thresholds
    auto: AutoAccept
    answers: dict[str, Any]
    senders: tuple[str, ...]
    acd_seconds: int
    answered: dict[str, Any] = field(default_factory=dict)

    def answer(
        self, options: DeckOptions, asked: Iterable[str], declined: Collection[str] = ()
    ) -> DeckOptions | None:
        """`options` with what this carrier answered before to the problems `asked`, but for the `declined` questions; None when
        nothing is known."""
        known = {
            name: self.answers[name]
            for problem, name in ASKED_AS.items()
            if problem in asked
            and name in self.answers
            and name not in declined
            and getattr(options, name) is None
        }
        return msgspec.structs.replace(options, **known) if known else None


def policy_of(session: Session, company_id: int) -> Policy:
    """The carrier's policy, from its row or the defaults."""
    row = session.scalar(sa.select(DeckPolicy).where(DeckPolicy.company_id == company_id))
    if row is None:
        return Policy(company_id, Thresholds(), AutoAccept(), {}, (), 180)
    return Policy(
        company_id, Thresholds.from_dict(row.thresholds), read_rule(row.auto_accept),
        {name: value for name, value in row.answers.items() if name in QUESTIONS}, tuple(row.senders), row.acd_seconds,
        row.answered,
    )  # fmt: skip
