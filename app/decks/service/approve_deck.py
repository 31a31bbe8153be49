"""Approve a deck: its candidate timeline becomes the product's next version, in the caller's one transaction.

Nothing is left to a later step that a crash could lose: version, product, deck, audit and the queued news
(`snapshot.build`, `market.build`) are rows of the same commit. Approving twice gives the same version.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Product
from app.config import Settings
from app.decks.access import own_deck
from app.decks.models import Deck, DeckVersion
from app.decks.report import report_of
from app.decks.service.activate_version import activate_version
from app.decks.service.choose_mapping import options_of
from app.decks.service.remember_answers import remember_answers
from app.decks.service.save_template import save_template
from app.decks.service.start_check import start_check
from app.errors import Conflict
from app.security.actor import Actor
from rates.deckcheck import CheckReport
from rates.options import DeckOptions

Outcome = Literal["approved", "seconding", "rechecking"]


@dataclass(frozen=True)
class Approval:
    """approved: `version` is in force · seconding: a second person must agree · rechecking: the product had moved."""

    outcome: Outcome
    deck: Deck
    version: DeckVersion | None = None


def approve_deck(
    session: Session,
    who: Actor,
    deck_id: int,
    *,
    settings: Settings,
    note: str = "",
    rule: str = "",
    now: datetime,
) -> Approval:
    """Take the deck into force, or note the first of two approvals.

    Raises NotFound, Conflict (wrong state, same person twice, other currency). A product that has moved since
    the comparison makes the deck be compared again (`rechecking`): what was reviewed is not what would happen.
    `rule`: words of the auto-accept rule, where no person approves.
    """
    deck = own_deck(session, who, deck_id, lock=True)
    if deck.state == "approved":
        return Approval("approved", deck, _version_of(session, deck))
    report = report_of(deck)
    if deck.state != "review" or report is None or deck.timeline_key is None:
        raise Conflict(f"Deck {deck.id} is {deck.state}, not ready for approval.", hint=_what_next(deck))
    product = session.get_one(Product, deck.product_id, with_for_update=True, populate_existing=True)
    if product.version != deck.base_version:
        start_check(session, who, deck, now=now)
        return Approval("rechecking", deck)
    _same_currency(report, product)
    if report.needs_second_person and not _second_person(session, who, deck, now=now):
        return Approval("seconding", deck)
    before = {"version": product.version, "timeline": product.timeline_key}
    version = activate_version(
        session, who, product, deck.timeline_key, deck_id=deck.id, counts=report.labels, note=note,
        effective_from=_instant(report.effective_first), settings=settings, now=now, seconded_by=deck.seconded_by,
        rule=rule,
    )  # fmt: skip
    deck.state, deck.approved_by, deck.approved_at = "approved", who.user_id, now
    save_template(session, deck, report, by=who.user_id, now=now)
    remember_answers(session, deck, report, by=who.user_id, now=now)
    record(
        session, who, action="deck.approve", obj=deck, now=now, company_id=deck.company_id, before=before,
        after={"version": version.number, "timeline": version.timeline_key, "labels": report.labels, "note": note,
               "first_of_two": deck.seconded_by, **_decided(options_of(deck), rule)},
    )  # fmt: skip
    return Approval("approved", deck, version)


def _decided(options: DeckOptions, rule: str) -> dict[str, Any]:
    """What persons or a rule took upon themselves, for the audit: as few words as there are decisions."""
    found: dict[str, Any] = {"rule": rule} if rule else {}
    if options.late != "postpone" or options.late_codes:
        found |= {"late": options.late, "late_codes": options.late_codes}
    if options.accept_warnings:
        found["accepted_warnings"] = list(options.accept_warnings)
    if options.repairs:
        found["repairs"] = list(options.repairs)
    return found


def _second_person(session: Session, who: Actor, deck: Deck, *, now: datetime) -> bool:
    """True when `who` is the second; the first is written down."""
    if deck.seconded_at is None:
        deck.seconded_by, deck.seconded_at = who.user_id, now
        record(session, who, action="deck.second", obj=deck, now=now, company_id=deck.company_id,
               after={"first_of_two": who.email})  # fmt: skip
        return False
    if who.user_id is None or who.user_id == deck.seconded_by:
        raise Conflict(
            "You gave the first approval; another person must give the second.",
            hint="Ask a colleague who may approve decks, or the exchange's operator.",
        )
    return True


def _same_currency(report: CheckReport, product: Product) -> None:
    if report.currency is not None and report.currency != product.currency:
        raise Conflict(
            f"The deck is in {report.currency}, but {product.name} is sold in {product.currency}.",
            hint="Choose the product of that currency, or state the currency of the file in the column step.",
        )


def _what_next(deck: Deck) -> str:
    hints = {
        "checking": "Wait until the check has ended.",
        "received": "Wait until the check has ended.",
        "needs_mapping": "Answer the open questions about sheet and columns first.",
        "rejected": "Mend the rows with errors, or choose a repair, first.",
        "discarded": "Upload the file again.",
        "failed": "Start the check again.",
    }
    return hints.get(deck.state, "Look at the deck's page.")


def _version_of(session: Session, deck: Deck) -> DeckVersion | None:
    return session.scalar(
        sa.select(DeckVersion).where(DeckVersion.deck_id == deck.id, DeckVersion.rollback_of.is_(None))
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
