"""In which columns a deck goes out: our own, or those of the carrier that sent it, under its own headings and in its order."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from rates.options import DeckOptions
from rates.schema import OPEN, is_layered

Layout = tuple[tuple[str, str], ...]
"""(heading, field of rates.fields) from left to right."""

STANDARD: Final[Layout] = (
    ("Code", "code"),
    ("Destination", "destination"),
    ("Rate", "rate"),
    ("First rate", "first_rate"),
    ("Connection fee", "connect_fee"),
    ("Initial increment", "initial_increment"),
    ("Next increment", "next_increment"),
    ("Free seconds", "free_seconds"),
    ("Currency", "currency"),
    ("Status", "status"),
    ("Effective from", "effective_from"),
    ("Effective until", "effective_until"),
)
_LAYERS: Final[Layout] = (("Origin", "origin"), ("Jurisdiction", "jurisdiction"))


def of_template(options: DeckOptions) -> Layout | None:
    """The columns of a carrier's template, in the order in which its files have them; None where it names none."""
    return tuple(options.headers.items()) if options.headers else None


def complete(layout: Layout, deck: pa.Table) -> Layout:
    """The layout with a column of ours at its end for everything the deck says that the layout has no place for."""
    held = {field for _, field in layout}
    if {"country_code", "area_code"} <= held:
        held.add("code")
    if "increments" in held:
        held |= {"initial_increment", "next_increment"}
    extra = [column for column in (*STANDARD, *_LAYERS) if column[1] not in held and _said(column[1], deck)]
    return (*layout, *extra)


def _said(field: str, deck: pa.Table) -> bool:
    """Whether leaving this field out would lose something."""
    if field in ("origin", "jurisdiction"):
        return is_layered(deck) and deck[field].null_count < deck.num_rows
    if field in ("first_rate", "effective_until"):
        column = deck["first_rate_nanos" if field == "first_rate" else field]
        return bool(column.null_count < deck.num_rows)
    if field in ("connect_fee", "free_seconds", "status"):
        column = deck["connect_fee_nanos" if field == "connect_fee" else field]
        return bool(pc.any(pc.not_equal(column, OPEN)).as_py())
    return True
