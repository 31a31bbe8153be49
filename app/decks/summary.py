"""A deck and a version as JSON: one shape for the API and for `tandem deck … --json`."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy.orm import Session

from app.decks import queries
from app.decks.models import Deck
from app.decks.queries import VersionLine
from app.decks.report import report_of
from app.decks.steps import asking
from rates.deckcheck import CheckReport

NEXT = {
    "received": "Wait: the check begins.", "checking": "Wait: the file is being checked.",
    "needs_mapping": "Answer the questions under `problems` with PUT options.",
    "rejected": "Mend the file, or choose a repair with PUT options.", "review": "Look at the diff, then approve.",
    "failed": "PUT options again to start the check anew.", "approved": "", "discarded": "",
}  # fmt: skip


def deck_summary(session: Session, deck: Deck) -> dict[str, Any]:
    """State, progress, guess, problems grouped by cause, tiles, guards."""
    report = report_of(deck)
    progress = queries.check_progress(session, deck) if deck.state == "checking" else None
    body: dict[str, Any] = {
        "id": deck.id, "product_id": deck.product_id, "filename": deck.filename, "size_bytes": deck.size_bytes,
        "sha256": deck.sha256, "source": deck.source, "state": deck.state, "next": NEXT.get(deck.state, ""),
        "received_at": deck.received_at.isoformat(), "options": deck.options, "error": deck.error,
        "base_version": deck.base_version, "version": queries.version_of_deck(session, deck.id),
        "seconded_by": queries.email_of(session, deck.seconded_by),
        "approved_at": deck.approved_at.isoformat() if deck.approved_at else None,
        "progress": None if progress is None else {
            "phase": progress.phase, "done": progress.done, "total": progress.total, "percent": progress.percent,
        },
    }  # fmt: skip
    if report is not None and deck.state not in ("received", "checking"):
        body |= report_summary(report)
    return body


def report_summary(report: CheckReport) -> dict[str, Any]:
    """What a check found."""
    return {
        "rows_read": report.rows_read, "rows_skipped": report.rows_skipped, "codes": report.codes,
        "error_count": report.error_count, "warning_count": report.warning_count, "labels": report.labels,
        "closing": report.closing, "closes_at": report.closes_at, "currency": report.currency,
        "effective_first": report.effective_first, "effective_last": report.effective_last,
        "needs_second_person": report.needs_second_person,
        "second_person_reasons": list(report.second_person_reasons), "asks_at": asking(report),
        "guess": msgspec.to_builtins(report.guess), "problems": msgspec.to_builtins(report.problems),
    }  # fmt: skip


def version_summary(version: VersionLine) -> dict[str, Any]:
    """One version of a product."""
    return {
        "number": version.number, "current": version.current, "created_at": version.created_at.isoformat(),
        "by": version.by, "note": version.note, "codes": version.codes, "counts": version.counts,
        "effective_from": version.effective_from.isoformat() if version.effective_from else None,
        "deck_id": version.deck_id, "filename": version.filename, "rollback_to": version.rollback_to,
    }  # fmt: skip
