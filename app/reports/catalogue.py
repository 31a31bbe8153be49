"""Every report by name: what it is called, which filters it takes, who it is for, and how it is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.orm import Session

from app.config import Settings
from app.errors import Forbidden, NotFound
from app.reports.changes import changes_report
from app.reports.coverage import coverage_report
from app.reports.deck import deck_report
from app.reports.lcr import lcr_report
from app.reports.quality import quality_report
from app.reports.question import Question
from app.reports.scope import Offer, compares_vendors, rate_card_key, sees_market, visible_offers
from app.reports.table import Report
from app.reports.timelines import to_nanos
from app.routing.gather import fx_rates
from app.security.access import Actor
from rates.store import Store


@dataclass(frozen=True, slots=True)
class Entry:
    """`filters`: names of the form's fields this report listens to."""

    name: str
    title: str
    summary: str
    icon: str
    filters: tuple[str, ...]
    operator_only: bool = False


REPORTS: Final[dict[str, Entry]] = {
    entry.name: entry
    for entry in (
        Entry("lcr", "LCR comparison", "Every code with its vendors by effective cost, spread and your own sell price.", "route",
              ("code", "destination", "route_class", "vendor", "layout", "at")),
        Entry("changes", "Rate changes", "What went up, down, opened or closed in a period: old → new, percent, effective date.",
              "trending-up", ("since", "until", "code", "destination", "route_class", "vendor", "product", "label")),
        Entry("deck", "Deck as priced", "A whole deck as it prices calls now, or as of any date, with what is pending.", "file-spreadsheet",
              ("product", "at", "code", "destination", "route_class")),
        Entry("quality", "Quality", "ASR, NER, ACD, PDD and MOS by vendor and destination, with sample sizes.", "activity",
              ("code", "destination", "route_class", "vendor", "product")),
        Entry("coverage", "Market coverage", "Who sells what: codes, destinations, price level, buyers, age of the deck.", "world",
              ("code", "destination", "route_class", "vendor", "at"), operator_only=True),
    )
}  # fmt: skip


def entries_for(actor: Actor) -> list[Entry]:
    return [entry for entry in REPORTS.values() if actor.is_operator or not entry.operator_only]


def entry_of(name: str, actor: Actor) -> Entry:
    """Raises NotFound for an unknown report, Forbidden for one of the operator's."""
    entry = REPORTS.get(name)
    if entry is None:
        raise NotFound("There is no such report.", hint=f"Reports: {', '.join(REPORTS)}.")
    if entry.operator_only and not actor.is_operator:
        raise Forbidden("This report is the operator's.", hint="It shows every carrier's decks and buyers.")
    return entry


def offers_for(session: Session, name: str, actor: Actor, question: Question) -> list[Offer]:
    """The offers a report covers before its own filters."""
    market = (
        sees_market(actor)
        if name == "lcr"
        else compares_vendors(actor) and name in {"changes", "quality", "coverage"}
    )
    offers = visible_offers(session, actor, market=market, now=question.now)
    if name == "deck":
        offers = [o for o in offers if o.mine or o.bought or actor.is_operator]
    return offers


def make_report(session: Session, settings: Settings, name: str, actor: Actor, question: Question) -> Report:
    """The report, its rows not yet made. A vendor or product outside the actor's sight is NotFound."""
    entry_of(name, actor)
    offers = offers_for(session, name, actor, question)
    if question.vendor_id is not None:
        offers = [o for o in offers if o.company_id == question.vendor_id]
    if question.product_id is not None:
        offers = [o for o in offers if o.product_id == question.product_id]
    if not offers and (question.vendor_id is not None or question.product_id is not None):
        raise NotFound("There is no such vendor or product in your reports.")
    store = Store(str(settings.store_dir))
    base = settings.lcr.base_currency
    fx = {currency: to_nanos(rate) for currency, rate in fx_rates(session, base, question.now).items()}
    asked = replace(question, fx_nanos={**fx, base: 1_000_000_000}, base_currency=base)
    if name == "lcr":
        return lcr_report(store, offers, asked, rate_card_key(session, actor))
    if name == "changes":
        return changes_report(store, offers, asked)
    if name == "deck":
        return deck_report(store, offers, asked)
    if name == "quality":
        return quality_report(session, store, offers, asked)
    return coverage_report(session, store, offers, asked)
