"""What one carrier's decks are held to, typed; defaults where nothing was saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.decks.auto_accept import AutoAccept, read_rule
from app.decks.models import DeckPolicy
from rates.thresholds import Thresholds

QUESTIONS = {
    "decimal_mark": "Decimal mark", "date_order": "Order of dates", "mode": "Full or partial", "rate_unit": "Unit of the rates",
}  # fmt: skip
"""Answers that belong to a carrier's habit rather than to one file: asked once, then offered again where nothing else decides."""


@dataclass(frozen=True)
class Policy:
    company_id: int
    thresholds: Thresholds
    auto: AutoAccept
    answers: dict[str, Any]
    senders: tuple[str, ...]
    acd_seconds: int


def policy_of(session: Session, company_id: int) -> Policy:
    """The carrier's policy, from its row or the defaults."""
    row = session.scalar(sa.select(DeckPolicy).where(DeckPolicy.company_id == company_id))
    if row is None:
        return Policy(company_id, Thresholds(), AutoAccept(), {}, (), 180)
    return Policy(
        company_id, Thresholds.from_dict(row.thresholds), read_rule(row.auto_accept),
        {name: value for name, value in row.answers.items() if name in QUESTIONS}, tuple(row.senders), row.acd_seconds,
    )  # fmt: skip
