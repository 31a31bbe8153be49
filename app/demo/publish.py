"""A product's decks: received file, version and timeline, as if each had been uploaded and approved on its day."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow as pa
from sqlalchemy.orm import Session

from app.carriers.models import CustomerTrunk, Product
from app.clock import from_micros
from app.config import Settings
from app.decks.models import Deck, DeckVersion
from app.demo.catalogue import FX, Catalogue
from app.demo.companies import CarrierPlan
from app.demo.history import DeckState, deck_days, deck_states
from app.demo.numbering import world
from app.demo.prices import increments
from app.demo.trading import TrunkPlan
from app.reports.timelines import in_force, to_nanos
from app.security.models import User
from ratecards.build import CardOptions, CostDeck, build_card
from ratecards.export import decimal_text
from ratecards.rules import MarginRule
from rates.deckcheck import CheckReport
from rates.schema import CLOSED
from rates.store import Store


def add_decks(
    session: Session, settings: Settings, store: Store, carrier: CarrierPlan, index: int, product: Product, *,
    users: dict[str, User], today: datetime, seed: int,
) -> int:  # fmt: skip
    """Add the decks and versions of one product, oldest first; returns the rows of its newest timeline."""
    owner, second = users.get(f"rates@{carrier.slug}.example"), users.get(f"second@{carrier.slug}.example")
    decks = []
    for number, _ in enumerate(deck_days(index)):
        deck = Deck(
            company_id=product.company_id, product_id=product.id, filename="", size_bytes=0, sha256="", file_key="", source="demo",
            state="approved", received_at=today, created_at=today, options={"mode": "full" if number == 0 else "partial"},
            uploaded_by=owner.id if owner else None, approved_by=second.id if second else None, base_version=number or None,
        )  # fmt: skip
        decks.append(deck)
    session.add_all(decks)
    session.flush()
    rows = 0
    states = deck_states(carrier, index, today=today, seed=seed, deck_ids=[deck.id for deck in decks])
    for number, (deck, state) in enumerate(zip(decks, states, strict=True), 1):
        content = _deck_file(state, carrier)
        sha256 = keep_file(content, settings.files_dir)
        kind = "A-Z" if number == 1 else "amendment"
        deck.filename = (
            f"{carrier.slug}_{product.name.replace(' ', '_')}_{kind}_{state.received_at:%Y-%m-%d}.csv"
        )
        deck.size_bytes, deck.sha256, deck.file_key = len(content), sha256, f"{sha256[:2]}/{sha256}"
        deck.received_at = deck.created_at = state.received_at
        deck.approved_at = state.received_at
        deck.timeline_key = store.put(state.timeline)
        deck.report = _report(state, carrier)
        session.add(
            DeckVersion(
                company_id=product.company_id,
                product_id=product.id,
                number=number,
                deck_id=deck.id,
                timeline_key=deck.timeline_key,
                codes=state.codes,
                counts=state.counts,
                effective_from=state.effective_from,
                created_at=state.received_at,
                created_by=deck.approved_by,
                note="First A-Z deck" if number == 1 else "Amendment",
            )
        )
        product.timeline_key, product.version = deck.timeline_key, number
        rows = state.timeline.num_rows
    session.flush()
    return rows


def keep_file(content: bytes, root: Path) -> str:
    """Keep received bytes by SHA-256, at `ab/ab…` below the files directory; returns the digest."""
    digest = hashlib.sha256(content).hexdigest()
    target = root / digest[:2] / digest
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_suffix(".tmp")
        temporary.write_bytes(content)
        temporary.replace(target)
    return digest


def _report(state: DeckState, carrier: CarrierPlan) -> dict[str, object]:
    starts = (
        from_micros(int(state.starts.min())).isoformat(),
        from_micros(int(state.starts.max())).isoformat(),
    )
    report = CheckReport(
        status="ready", rows_read=len(state.rows), codes=len(state.rows), labels=state.counts, currency=carrier.currency,
        effective_first=starts[0], effective_last=starts[1], closing=state.counts.get("CLOSED", 0),
    )  # fmt: skip
    built: dict[str, object] = msgspec.to_builtins(report)
    return built


def _deck_file(state: DeckState, carrier: CarrierPlan) -> bytes:
    """The CSV as the carrier sent it; row numbers are those the timeline names (header in row 1)."""
    codes = world()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        ["Code", "Destination", f"Rate {carrier.currency}/min", "Increments", "Effective", "Status"]
    )
    columns = (state.rows.tolist(), state.nanos.tolist(), state.status.tolist(), state.starts.tolist())
    for row, nanos, status, start in zip(*columns, strict=True):
        code = codes[row]
        first, following = increments(code, carrier.slug)
        shown = {0: "", 1: "blocked", CLOSED: "closed"}[status]
        writer.writerow(
            [
                code.code,
                code.destination,
                decimal_text(nanos, 4),
                f"{first}/{following}",
                f"{from_micros(start):%Y-%m-%d %H:%M:%S}",
                shown,
            ]
        )
    return text.getvalue().encode()


def add_rate_card(
    session: Session,
    settings: Settings,
    store: Store,
    made: Catalogue,
    plan: TrunkPlan,
    trunk: CustomerTrunk,
    *,
    now: datetime,
) -> pa.Table:
    """The sell side of one trunk: second-cheapest of its purchased products, marked up, in force since the first of the month."""
    bought = set(plan.buys)
    decks = []
    for carrier, _, product in made.products:
        if (carrier.slug, product.name) in bought and product.timeline_key:
            decks.append(
                CostDeck(f"{carrier.name}, {product.name}", in_force(store.open(product.timeline_key), now))
            )
    rules = (
        MarginRule(percent_ppm=140_000, fixed_nanos=300_000, places=5),
        MarginRule(code="1", percent_ppm=90_000, fixed_nanos=150_000, places=5),
        MarginRule(code="2", percent_ppm=180_000, fixed_nanos=4_000_000, places=4),
        MarginRule(code="88", percent_ppm=250_000, fixed_nanos=50_000_000, places=3),
    )
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    fx = {currency: to_nanos(rates[-1]) for currency, rates in FX.items()}
    options = CardOptions(currency=settings.lcr.base_currency, fx_nanos=fx, basis="second")
    card = build_card(decks, rules, options, effective_from=month, received_at=month).card
    trunk.rate_card_key = store.put(card)
    session.flush()
    return card
