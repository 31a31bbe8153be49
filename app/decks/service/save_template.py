"""What a carrier confirmed for one shape of file: kept by the header's fingerprint, taken by itself next time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.decks.models import Deck, DeckTemplate
from app.decks.remembered import TEMPLATE
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
    """The fingerprint of the header row, or of the table's shape where it has none; None when it says nothing."""
    if guess is None:
        return None
    if guess.header_row.value in (None, "0"):
        return shape_of(guess)
    return fingerprint([column.header for column in guess.columns])


def shape_of(guess: Guess) -> str | None:
    """For tables without headings: how many columns there are and what kind of text stands in each."""
    kinds = [_kind(column.samples) for column in guess.columns]
    while kinds and kinds[-1] == "empty":
        kinds.pop()
    named = [kind for kind in kinds if kind != "empty"]
    if len(named) < 2 or "digits" not in kinds:
        return None  # too little to know a carrier's layout by
    return hashlib.sha256(f"shape{UNIT}{UNIT.join(kinds)}".encode()).hexdigest()


def _kind(samples: Sequence[str]) -> str:
    texts = [text.strip() for text in samples if text.strip()]
    if not texts:
        return "empty"
    for name, pattern in KINDS:
        if all(pattern.fullmatch(text) for text in texts):
            return name
    return "text"


KINDS = (
    ("digits", re.compile(r"\+?\d{1,15}")),
    ("increments", re.compile(r"\d{1,4}\s*[/:-]\s*\d{1,4}")),
    ("amount", re.compile(r"[^\w\s]?\s?\d{1,4}[.,]\d{1,9}\s?[^\w\s]?")),
    ("date", re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}.*")),
    ("letters", re.compile(r"[A-Z]{3}")),
)


@dataclass(frozen=True)
class Offer:
    """A template that fits, and the row whose cells are its headings; 0 = known by its shape."""

    template: DeckTemplate
    header_row: int

    def options_for(self, stated: DeckOptions) -> DeckOptions:
        """What was stated for this file, else the template's; the header row is where the file has it."""
        taken = with_template(stated, read_options(self.template.options))
        return msgspec.structs.replace(taken, header_row=self.header_row)


def offer_for(session: Session, company_id: int, report: CheckReport) -> Offer | None:
    """The company's template one of the first rows is the header of, whether or not the header was guessed; else the
    one whose table without headings has this shape."""
    rows = {
        fingerprint(row.cells): row.row for row in reversed(report.preview.first if report.preview else ())
    }
    if report.guess is not None and report.guess.header_row.value in (None, "0"):
        rows[shape_of(report.guess)] = 0
    rows.pop(None, None)
    if not rows:
        return None
    found = session.scalars(
        sa.select(DeckTemplate).where(
            DeckTemplate.company_id == company_id, DeckTemplate.fingerprint.in_(name for name in rows if name)
        )
    ).all()
    offers = [Offer(template, rows[template.fingerprint]) for template in found]
    return min(offers, key=lambda offer: (offer.header_row == 0, offer.header_row), default=None)


def save_template(
    session: Session, deck: Deck, report: CheckReport, *, name: str = "", by: int | None = None, now: datetime
) -> DeckTemplate | None:
    """Keep the deck's columns and reading options for its company. None when nothing tells the file's layout."""
    guess = report.guess
    mark = fingerprint_of(guess)
    if guess is None or mark is None:
        return None
    options = options_of(deck).template()
    bare = guess.header_row.value in (None, "0")
    headers = {column.header: column.field or "ignore" for column in guess.columns if column.header.strip()}
    mapping = {column.index: column.field for column in guess.columns if column.field}
    # Sheet name and header row change from file to file; the fingerprint already says which table is meant.
    kept = msgspec.structs.replace(
        options, mapping=mapping if bare else None, headers=None if bare else headers, sheets=(), header_row=None,
        mode=None, decimal_mark=guess.decimal_mark.value or options.decimal_mark,
        date_order=guess.date_order.value or options.date_order,
    )  # fmt: skip
    template = session.scalar(
        sa.select(DeckTemplate).where(
            DeckTemplate.company_id == deck.company_id, DeckTemplate.fingerprint == mark
        )
    )
    if template is None:
        template = DeckTemplate(
            company_id=deck.company_id,
            name=name or deck.filename[:120],
            fingerprint=mark,
            created_at=now,
            used=0,
        )
        session.add(template)
    elif name:
        template.name = name
    if by is not None and (name or TEMPLATE not in deck.remembered):
        template.kept_by, template.kept_at = by, now  # a deck that was read by it confirms nothing new
    template.options = msgspec.to_builtins(kept, str_keys=True)
    template.columns = [column.header for column in guess.columns]
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
