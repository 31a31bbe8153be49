"""Change what a carrier's decks are held to; each part apart, audited."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Company
from app.decks.auto_accept import WAYS, AutoAccept
from app.decks.models import DeckPolicy
from app.errors import Conflict, Invalid
from app.security.actor import Actor
from rates.thresholds import InvalidThresholds, Thresholds

ADDRESS = re.compile(r"^[^@\s<>,;\"]{0,64}@[A-Za-z0-9.-]{1,190}$")
SENDERS = 50


def save_policy(
    session: Session, who: Actor, company: Company, *, now: datetime, thresholds: dict[str, Any] | None = None,
    auto: AutoAccept | None = None, senders: list[str] | None = None, acd_seconds: int | None = None,
) -> DeckPolicy:  # fmt: skip
    """Set the parts given. Raises Invalid naming what does not fit; Conflict for a sender another carrier has."""
    row = row_of(session, company.id, now=now)
    before, after = {}, {}
    values: dict[str, Any] = {}
    if thresholds is not None:
        values["thresholds"] = _thresholds(thresholds)
    if auto is not None:
        values["auto_accept"] = msgspec.to_builtins(_auto(auto))
    if senders is not None:
        values["senders"] = _senders(session, company, senders)
    if acd_seconds is not None:
        if not 1 <= acd_seconds <= 7200:
            raise Invalid("The length of a call lies between 1 and 7,200 seconds.", hint="180 is usual.")
        values["acd_seconds"] = acd_seconds
    for name, value in values.items():
        if getattr(row, name) != value:
            before[name], after[name] = getattr(row, name), value
            setattr(row, name, value)
    if after:
        record(session, who, action="deck_policy.change", obj=row, now=now, company_id=company.id, before=before,
               after=after)  # fmt: skip
    return row


def forget_answer(session: Session, who: Actor, company: Company, question: str, *, now: datetime) -> None:
    """The question is asked again with the carrier's next file."""
    row = row_of(session, company.id, now=now)
    if question in row.answers:
        record(session, who, action="deck_policy.forget", obj=row, now=now, company_id=company.id,
               before={question: row.answers[question]})  # fmt: skip
        row.answers = {name: value for name, value in row.answers.items() if name != question}


def row_of(session: Session, company_id: int, *, now: datetime) -> DeckPolicy:
    """The carrier's row, made when there is none."""
    row = session.scalar(sa.select(DeckPolicy).where(DeckPolicy.company_id == company_id).with_for_update())
    if row is None:
        row = DeckPolicy(
            company_id=company_id,
            thresholds={},
            auto_accept={},
            answers={},
            senders=[],
            acd_seconds=180,
            created_at=now,
        )
        session.add(row)
        session.flush()
    return row


def _thresholds(values: dict[str, Any]) -> dict[str, Any]:
    try:
        return Thresholds.from_dict(values).to_dict()
    except InvalidThresholds as fault:
        raise Invalid(
            f"The thresholds do not fit: {fault}.", hint="The page shows each check's range."
        ) from fault


def _auto(rule: AutoAccept) -> AutoAccept:
    unknown = [way for way in rule.ways if way not in WAYS]
    if unknown:
        raise Invalid(f"There is no way in named {unknown[0]}.", hint=f"Use {', '.join(WAYS)}.")
    for name in ("max_percent", "max_closed", "max_new"):
        value = getattr(rule, name)
        if value is not None and not 0 <= value <= 1_000_000:
            raise Invalid(f"{name} lies between 0 and 1,000,000.", hint="Leave it empty for no limit.")
    return rule


def _senders(session: Session, company: Company, wanted: list[str]) -> list[str]:
    """Addresses in lower case. An address or domain names one carrier only, or its mail could not be told."""
    found = list(dict.fromkeys(address.strip().lower() for address in wanted if address.strip()))
    if len(found) > SENDERS:
        raise Invalid(f"At most {SENDERS} senders are kept.", hint="Use @domain for a whole company.")
    for address in found:
        if not ADDRESS.match(address):
            raise Invalid(
                f"{address[:80]} is not a mail address.",
                hint="Write rates@carrier.example or @carrier.example.",
            )
    others = session.scalars(sa.select(DeckPolicy).where(DeckPolicy.company_id != company.id))
    taken = {address for row in others for address in row.senders}
    if clash := sorted(taken & set(found)):
        raise Conflict(
            f"{clash[0]} already sends for another carrier.",
            hint="An address can belong to one carrier only.",
        )
    return found
