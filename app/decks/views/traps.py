"""Margin traps of a deck, as a page and as CSV."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, render_template, request

from app.clock import utc_now
from app.db import db
from app.decks.access import own_deck
from app.decks.models import Deck
from app.decks.report import report_of
from app.decks.steps import asking, steps_of
from app.decks.traps import COLUMNS, SHOWN_CODES, Traps, trap_rows, traps_of_deck
from app.security.access import actor, require
from app.web.tables import csv_response

traps = Blueprint("deck_traps", __name__, template_folder="../templates")
SHOWN = 300


def _found(deck: Deck) -> Traps:
    return traps_of_deck(
        db.session, current_app.config["TANDEM"], actor(), deck, now=utc_now(),
        card_id=request.args.get("card", None, int),
    )  # fmt: skip


@traps.get("/decks/<int:deck_id>/traps")
@require("deck:read")
def show(deck_id: int) -> str:
    """Sell codes over dearer cost codes, the largest loss first."""
    deck = own_deck(db.session, actor(), deck_id)
    report = report_of(deck)
    return render_template(
        "decks/traps.html", deck=deck, report=report, here="traps", steps=steps_of(deck, report, "review"),
        asking=asking(report), traps=_found(deck), shown=SHOWN, shown_codes=SHOWN_CODES,
    )  # fmt: skip


@traps.get("/decks/<int:deck_id>/traps.csv")
@require("deck:read")
def csv_file(deck_id: int) -> Response:
    """One row a dearer cost code."""
    deck = own_deck(db.session, actor(), deck_id)
    return csv_response(f"deck-{deck.id}-margin-traps", COLUMNS, trap_rows(_found(deck)))
