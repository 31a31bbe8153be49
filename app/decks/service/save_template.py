"""What a carrier confirmed for one shape of file: kept by the header's fingerprint, taken by itself next time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.decks.models import Deck, DeckTemplate
from app.decks.service.choose_mapping import options_of, read_options
from rates.deckcheck import CheckReport, Guess
from rates.options import DeckOptions, Defaults

UNIT = "\x1f"


def fingerprint(texts: Sequence[str]) -> str | None:
    """SHA-256 over heading texts, case, spacing and trailing empty cells aside; None without any text."""
    plain = [" ".join(text.split()).casefold() for text in texts]
    while plain and not plain[-1]:
        plain.pop()
    return hashlib.sha256(UNIT.join(plain).encode()).hexdigest() if plain else None


def fingerprint_of(guess: Guess | None) -> str | None:
    """The fingerprint of the header row; None without one."""
    if guess is None or guess.header_row.value in (None, "0"):
        return None
    return fingerprint([column.header for column in guess.columns])


@dataclass(frozen=True)
class Offer:
    """A template that fits, and the row whose cells are its headings."""

    template: DeckTemplate
    header_row: int

    def options_for(self, stated: DeckOptions) -> DeckOptions:
        """What was stated for this file, else the template's; the header row is where the file has it."""
        taken = with_template(stated, read_options(self.template.options))
        return msgspec.structs.replace(taken, header_row=self.header_row)


def offer_for(session: Session, company_id: int, report: CheckReport) -> Offer | None:
    """The company's template one of the first rows is the header of, whether or not the header was guessed."""
    rows = {
        fingerprint(row.cells): row.row for row in reversed(report.preview.first if report.preview else ())
    }
    rows.pop(None, None)
    if not rows:
        return None
    found = session.scalars(
        sa.select(DeckTemplate).where(
            DeckTemplate.company_id == company_id, DeckTemplate.fingerprint.in_(name for name in rows if name)
        )
    ).all()
    offers = [Offer(template, rows[template.fingerprint]) for template in found]
    return min(offers, key=lambda offer: offer.header_row, default=None)


def save_template(
    session: Session, deck: Deck, report: CheckReport, *, name: str = "", now: datetime
) -> DeckTemplate | None:
    """Keep the deck's columns and reading options for its company. None when the file has no header to know it by."""
    guess = report.guess
    mark = fingerprint_of(guess)
    if guess is None or mark is None:
        return None
    options = options_of(deck).template()
    headers = {column.header: column.field or "ignore" for column in guess.columns if column.header.strip()}
    # Sheet name and header row change from file to file; the fingerprint already says which table is meant.
    kept = msgspec.structs.replace(
        options, mapping=None, headers=headers, sheets=(), header_row=None, mode=None,
        decimal_mark=guess.decimal_mark.value or options.decimal_mark,
        date_order=guess.date_order.value or options.date_order,
    )  # fmt: skip
    template = session.scalar(
        sa.select(DeckTemplate).where(
            DeckTemplate.company_id == deck.company_id, DeckTemplate.fingerprint == mark
        )
    )
    if template is None:
        template = DeckTemplate(
            company_id=deck.company_id, name=name or deck.filename[:120], fingerprint=mark, created_at=now
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
    return (
        options.mapping is None
        and options.headers is None
        and not options.sheets
        and options.header_row is None
    )
