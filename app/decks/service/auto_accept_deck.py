"""A checked deck that stays within its carrier's rule comes into force without a person; audited with the rule's words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Product
from app.config import Settings
from app.decks.auto_accept import reasons_against
from app.decks.models import Deck, DeckVersion
from app.decks.policy import policy_of
from app.decks.report import report_of
from app.decks.service.approve_deck import approve_deck
from app.decks.service.choose_mapping import options_of
from app.errors import Conflict
from app.security.actor import system_actor
from rates.store import Store


def auto_accept_deck(
    session: Session, deck_id: int, *, settings: Settings, now: datetime
) -> DeckVersion | None:
    """The new version, or None where the rule is off, does not allow it, or somebody was faster."""
    deck = session.get(Deck, deck_id, populate_existing=True)
    report = report_of(deck) if deck is not None else None
    if deck is None or report is None or deck.state != "review" or deck.diff_key is None:
        return None
    rule = policy_of(session, deck.company_id).auto
    if not rule.enabled:
        return None
    product = session.get_one(Product, deck.product_id)
    worker = replace(system_actor(deck.company_id, "auto-accept rule"), company_id=deck.company_id)
    diff = Store(str(settings.store_dir)).open(deck.diff_key)
    against = reasons_against(
        rule,
        report,
        options_of(deck),
        diff,
        way=deck.source,
        first=product.timeline_key is None,
        known_layout=deck.template_id is not None,
    )
    if against:
        record(session, worker, action="deck.auto_hold", obj=deck, now=now, company_id=deck.company_id,
               after={"rule": rule.words(), "against": against})  # fmt: skip
        return None
    try:
        done = approve_deck(
            session,
            worker,
            deck.id,
            settings=settings,
            note="Accepted by the carrier's rule",
            rule=rule.words(),
            now=now,
        )
    except Conflict:
        return None
    return done.version
