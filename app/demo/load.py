"""Loads the whole demo, once: one transaction, so that a broken run leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.carriers.models import Company, QualityCounter
from app.config import Settings
from app.decks.models import TrafficDay
from app.demo.accounts import add_keys, add_people
from app.demo.calls import add_calls
from app.demo.catalogue import add_catalogue
from app.demo.companies import OPERATOR
from app.demo.events import add_events
from app.demo.layered import add_layered, add_number_blocks, plans
from app.demo.numbering import world
from app.demo.publish import add_decks, add_rate_card
from app.demo.quality import counters
from app.demo.testing import add_testing
from app.demo.trading import TRUNKS, add_trading
from app.demo.traffic import traffic
from app.jobs.service import enqueue
from rates.store import Store

SEED = 20_261_121

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What stands after loading. `loaded` is False when it stood before."""

    loaded: bool
    carriers: int = 0
    products: int = 0
    rates: int = 0
    codes: int = 0


def load_demo(
    session: Session, settings: Settings, *, now: datetime, progress: Progress, seed: int = SEED
) -> DemoSummary:
    """Add carriers, decks, quality, traffic, buyers, people and keys; the caller commits. Needs an application context.

    Does nothing when the demo operator is there. History ends at `now`'s day. Asks for a snapshot and a market build by job.
    """
    if session.scalar(select(Company.id).where(Company.slug == OPERATOR.slug)) is not None:
        return DemoSummary(loaded=False)
    progress("numbering", 0, 1)
    codes = len(world())
    progress("numbering", 1, 1)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    made = add_catalogue(session, today=today)
    users = add_people(session, made, now=today - timedelta(days=100))
    trunks = add_trading(session, made, users, today=today)
    add_keys(session, made, trunks, now=today - timedelta(days=60))
    store = Store(str(settings.store_dir))
    rates = add_layered(session, settings, store, made, trunks, users=users, today=today)
    for number, (carrier, index, product) in enumerate(made.products):
        progress("decks", number, len(made.products))
        rates += add_decks(
            session, settings, store, carrier, index, product, users=users, today=today, seed=seed
        )
    progress("decks", len(made.products), len(made.products))
    progress("rate card", 0, 1)
    carded = next(plan for plan in TRUNKS if plan.card)
    add_rate_card(session, settings, store, made, carded, trunks[carded.name], now=now)
    progress("rate card", 1, 1)
    progress("calls", 0, 1)
    add_calls(session, settings, now=now)
    # The drawn calls are a sample; the counters below stand for all calls of the month.
    session.execute(delete(QualityCounter))
    progress("calls", 1, 1)
    for number, (carrier, _, product) in enumerate(made.products):
        progress("quality", number, len(made.products))
        session.execute(insert(QualityCounter), list(counters(carrier, product, today=today)))
        calls = traffic(carrier, product, store.open(str(product.timeline_key)), today=today)
        session.execute(insert(TrafficDay), list(calls))
    progress("quality", len(made.products), len(made.products))
    add_events(session, made, users, now=now)
    add_testing(session, now=today)
    enqueue(
        session,
        "snapshot.build",
        title="Snapshot of the demo",
        arguments={"reason": "demo loaded"},
        now=now,
        coalesce=True,
    )
    add_number_blocks(session, settings, now=now)
    enqueue(session, "market.build", title="Market of the demo", now=now, coalesce=True)
    carriers, products = len({c.slug for c, _, _ in made.products}), len(made.products) + len(plans())
    return DemoSummary(True, carriers, products, rates, codes)
