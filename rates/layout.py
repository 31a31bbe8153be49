"""In which columns a deck goes out: our own, or those of the carrier that sent it, under its own headings and in its order."""

from collections.abc import Sequence
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
SHORT: Final[Layout] = (
    ("Destination", "destination"),
    ("Code", "code"),
    ("Rate", "rate"),
    ("Connect fee", "connect_fee"),
    ("Increments", "increments"),
    ("Effective from", "effective_from"),
    ("Currency", "currency"),
    ("Status", "status"),
)
"""What people open in a spreadsheet; whatever else a deck says comes behind it (`complete`)."""
_LAYERS: Final[Layout] = (("Origin", "origin"), ("Jurisdiction", "jurisdiction"))


def of_template(options: DeckOptions, headings: Sequence[str] = ()) -> Layout | None:
    """The columns of a carrier's template, in the order in which its files have them (`headings`, else that of its mapping); None
    where it names none. A column that is not read stays, and stays empty."""
    by_heading, by_place = options.headers or {}, options.mapping or {}
    if headings:
        return tuple((head, by_place.get(at) or by_heading.get(head, "")) for at, head in enumerate(headings))
    return tuple(by_heading.items()) or None


def complete(layout: Layout, deck: pa.Table, options: DeckOptions | None = None) -> Layout:
    """The layout with a column of ours at its end for everything the deck says that the layout has no place for. With the `options`
    of a carrier's template, what its files leave to the agreement (currency, dates, names, its usual increments) is not added."""
    held = {field for _, field in layout}
    if {"country_code", "area_code"} <= held:
        held.add("code")
    if "increments" in held:
        held |= {"initial_increment", "next_increment"}
    extra = [
        column
        for column in (*STANDARD, *_LAYERS)
        if column[1] not in held and _said(column[1], deck, options)
    ]
    return (*layout, *extra)


def _said(field: str, deck: pa.Table, options: DeckOptions | None) -> bool:
    """Whether leaving this field out would lose something."""
    if options is not None and field in ("destination", "currency", "effective_from", "effective_until"):
        return False
    if options is not None and field in ("initial_increment", "next_increment"):
        first, following = options.defaults.initial_increment, options.defaults.next_increment
        usual = (first or following or 1) if field == "initial_increment" else (following or first or 1)
        return bool(pc.any(pc.not_equal(deck[field], usual)).as_py())
    if field in ("origin", "jurisdiction"):
        return is_layered(deck) and deck[field].null_count < deck.num_rows
    if field in ("first_rate", "effective_until"):
        column = deck["first_rate_nanos" if field == "first_rate" else field]
        return bool(column.null_count < deck.num_rows)
    if field in ("connect_fee", "free_seconds", "status"):
        column = deck["connect_fee_nanos" if field == "connect_fee" else field]
        return bool(pc.any(pc.not_equal(column, OPEN)).as_py())
    return True
