"""The lists of the deck desk as CSV: decks and arrivals, outbox, versions, pending changes, columns, rules, templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, current_app, request

from app.clock import utc_now
from app.db import db
from app.decks import queries
from app.decks.access import own_company, own_deck, own_product
from app.decks.models import Arrival
from app.decks.pending import pending
from app.decks.policy import policy_of
from app.decks.report import report_of
from app.decks.timelines import LABELS
from app.decks.views.sheets import mapped_tables
from app.mail.queries import outbox
from app.security.access import actor, require
from app.web.tables import csv_response
from rates.store import Store
from rates.thresholds import SANITY_CHECKS

lists = Blueprint("deck_lists", __name__)
MOST = 20_000
"""Lines of a list's CSV: a page shows far fewer, a year of decks fits."""
INBOX = (
    "file", "bytes", "carrier", "product", "state", "reason", "mode", "way", "sender", "received_at_utc", "by", "rows",
    "errors", "warnings", *(label.lower() for label in LABELS[:5]), "version",
)  # fmt: skip
COLUMNS = ("table", "column", "heading", "field", "confidence_percent", "stated", "reason", "first_cell")


@lists.get("/decks.csv")
@require("deck:read")
def inbox() -> Response:
    """Arrivals that became no deck, then decks, newest first; filtered as the page is."""
    state, q = request.args.get("state", ""), request.args.get("q", "")
    held = queries.waiting_arrivals(db.session, actor(), state=state, q=q, limit=MOST)
    found = queries.inbox(db.session, actor(), state=state, q=q, size=MOST)
    rows = [
        *(_arrival(one) for one in held),
        *(
            (
                one.filename, one.size_bytes, one.carrier, one.product, one.state, "", one.mode, one.source, "",
                one.received_at, one.by, one.rows, one.errors, one.warnings,
                *(one.labels.get(label, 0) for label in LABELS[:5]), one.version,
            )
            for one in found.lines
        ),
    ]  # fmt: skip
    return csv_response("decks", INBOX, rows)


def _arrival(one: Arrival) -> tuple[Any, ...]:
    start = (one.filename or one.subject, one.size_bytes, None, None, one.state, one.reason, None, one.way)
    return (*start, one.sender, one.created_at, *(None for _ in range(len(INBOX) - len(start) - 2)))


@lists.get("/outbox.csv")
@require("deck:read")
def mails() -> Response:
    """Messages without their text."""
    header = (
        "to",
        "subject",
        "state",
        "attempts",
        "error",
        "written_at_utc",
        "tried_at_utc",
        "sent_at_utc",
        "message_id",
    )
    rows = [
        (
            one.recipient, one.subject, one.state, one.attempts, one.error, one.created_at, one.tried_at, one.sent_at,
            one.message_id,
        )
        for one in outbox(db.session, actor(), limit=MOST)
    ]  # fmt: skip
    return csv_response("outbox", header, rows)


@lists.get("/products/<int:product_id>/decks.csv")
@require("deck:read")
def versions(product_id: int) -> Response:
    """Every version: who, when, why, what changed."""
    product = own_product(db.session, actor(), product_id)
    header = ("version", "in_force", "created_at_utc", "by", "seconded_by", "rule", "note", "file", "rollback_to",
              "effective_from_utc", "codes", *(label.lower() for label in LABELS))  # fmt: skip
    rows = [
        (
            one.number, "yes" if one.current else "no", one.created_at, one.by, one.seconded_by, one.rule, one.note,
            one.filename, one.rollback_to, one.effective_from, one.codes, *(one.counts.get(label, 0) for label in LABELS),
        )
        for one in queries.versions(db.session, product_id)
    ]  # fmt: skip
    return csv_response(f"versions-{product.id}", header, rows)


@lists.get("/products/<int:product_id>/calendar.csv")
@require("deck:read")
def calendar(product_id: int) -> Response:
    """Approved changes that are not in force yet: one row an instant and label."""
    product = own_product(db.session, actor(), product_id)
    rows: list[tuple[Any, ...]] = []
    if product.timeline_key is not None:
        store = Store(str(current_app.config["TANDEM"].store_dir))
        days, _ = pending(store.open(product.timeline_key), utc_now())
        names = queries.deck_names(db.session, product.company_id, {d for day in days for d in day.deck_ids})
        rows = [
            (day.at, label, count, " · ".join(name for _, name in day.named(names).decks))
            for day in days
            for label, count in day.counts.items()
            if count
        ]
    return csv_response(f"pending-{product.id}", ("applies_at_utc", "change", "codes", "decks"), rows)


@lists.get("/decks/<int:deck_id>/columns.csv")
@require("deck:read")
def columns(deck_id: int) -> Response:
    """What each column was taken for, how surely, and why."""
    deck = own_deck(db.session, actor(), deck_id)
    tables = mapped_tables(report_of(deck))

    def rows() -> Iterator[tuple[Any, ...]]:
        for table in tables:
            for column in table.columns:
                yield (
                    table.name, column.letter, column.header, column.field, column.confidence,
                    "yes" if column.stated else "no", column.reason, column.samples[0] if column.samples else "",
                )  # fmt: skip

    return csv_response(f"deck-{deck.id}-columns", COLUMNS, rows())


@lists.get("/deck-rules/<int:company_id>/checks.csv")
@require("deck:read")
def checks(company_id: int) -> Response:
    """Each sanity check with this carrier's level and number."""
    company = own_company(db.session, actor(), company_id)
    limits = policy_of(db.session, company.id).thresholds
    rows = [
        (one.id, one.title, limits.level(one.id), getattr(limits, one.number) if one.number else "", one.unit)
        for one in SANITY_CHECKS
    ]
    return csv_response(f"checks-{company.slug}", ("check", "title", "level", "from", "unit"), rows)


@lists.get("/deck-rules/<int:company_id>/templates.csv")
@require("deck:read")
def templates(company_id: int) -> Response:
    """Layouts a person confirmed."""
    company = own_company(db.session, actor(), company_id)
    rows = [
        (one.name, " · ".join(filter(None, one.columns)), one.used, one.used_at, one.created_at)
        for one in queries.templates(db.session, company.id)
    ]
    header = ("template", "headings", "used", "last_used_at_utc", "kept_at_utc")
    return csv_response(f"templates-{company.slug}", header, rows)
