"""What a carrier confirmed for one shape of file: kept by the header's fingerprint, taken by itself next time."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.decks.models import Deck, DeckTemplate
from app.decks.service.choose_mapping import options_of
from rates.deckcheck import CheckReport, Guess
from rates.options import Defaults, DeckOptions

UNIT = "\x1f"


def fingerprint_of(guess: Guess | None) -> str | None:
    """SHA-256 over the header texts, case and spacing aside; None without a header row."""
    if guess is None or not guess.columns or guess.header_row.value in (None, "0"):
        return None
    texts = [" ".join(column.header.split()).casefold() for column in guess.columns]
    return hashlib.sha256(UNIT.join(texts).encode()).hexdigest()


def template_for(session: Session, company_id: int, guess: Guess | None) -> DeckTemplate | None:
    """The company's template for a file of this shape."""
    fingerprint = fingerprint_of(guess)
    if fingerprint is None:
        return None
    return session.scalar(
        sa.select(DeckTemplate).where(
            DeckTemplate.company_id == company_id, DeckTemplate.fingerprint == fingerprint
        )
    )


def save_template(session: Session, deck: Deck, report: CheckReport, *, name: str = "", now: datetime) -> DeckTemplate | None:
    """Keep the deck's columns and reading options for its company. None when the file has no header to know it by."""
    guess = report.guess
    fingerprint = fingerprint_of(guess)
    if guess is None or fingerprint is None:
        return None
    options = options_of(deck).template()
    headers = {column.header: column.field or "ignore" for column in guess.columns if column.header.strip()}
    # Sheet name and header row change from file to file; the fingerprint already says which table is meant.
    kept = msgspec.structs.replace(
        options, mapping=None, headers=headers, sheets=(), header_row=None, mode=None,
        decimal_mark=guess.decimal_mark.value or options.decimal_mark,
        date_order=guess.date_order.value or options.date_order,
    )  # fmt: skip
    template = template_for(session, deck.company_id, guess)
    if template is None:
        template = DeckTemplate(
            company_id=deck.company_id, name=name or deck.filename[:120], fingerprint=fingerprint, created_at=now
        )
        session.add(template)
    elif name:
        template.name = name
    template.options = msgspec.to_builtins(kept, str_keys=True)
    session.flush()
    return template


def with_template(stated: DeckOptions, template: DeckOptions) -> DeckOptions:
    """The template, overruled by whatever was stated for this file."""
    plain, plain_defaults = DeckOptions(), Defaults()
    said = {
        field: getattr(stated, field)
        for field in DeckOptions.__struct_fields__
        if field != "defaults" and getattr(stated, field) != getattr(plain, field)
    }
    said_defaults = {
        field: getattr(stated.defaults, field)
        for field in Defaults.__struct_fields__
        if getattr(stated.defaults, field) != getattr(plain_defaults, field)
    }
    return msgspec.structs.replace(
        template, **said, defaults=msgspec.structs.replace(template.defaults, **said_defaults)
    )


def may_take_template(options: DeckOptions) -> bool:
    """Only while nobody has mapped a column or named a sheet or header row for this file."""
    return options.mapping is None and options.headers is None and not options.sheets and options.header_row is None
