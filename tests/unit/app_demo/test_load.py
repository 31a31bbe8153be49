"""Loading the demo: everything there, once, through the normal tables and the store."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest
import sqlalchemy as sa

from app.audit.models import AuditEvent
from app.audit.verify import verify_chain
from app.carriers.models import Company, CustomerTrunk, Product, QualityCounter
from app.cdrs.models import CallImport, CallRecord
from app.db import db
from app.decks.impact import impact_of_deck
from app.decks.models import Deck, DeckVersion, TrafficDay
from app.demo.accounts import KEYS
from app.demo.companies import LOGINS
from app.demo.load import load_demo
from app.demo.samples import SAMPLES, write_samples
from app.jobs.models import Job
from app.market.models import Purchase
from app.security.models import ApiKey, User
from rates.store import Store
from tests.factories.app import NOW, actor_for, make_app


def count(model: type, *where: sa.ColumnElement[bool]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*where)) or 0


@pytest.mark.slow
def test_the_demo_loads_whole_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    app = make_app(tmp_path, demo=True)
    settings = app.config["TANDEM"]
    seen: list[str] = []
    with app.app_context():
        summary = load_demo(
            db.session, settings, now=NOW, progress=lambda phase, done, total: seen.append(phase)
        )
        db.session.commit()
        assert summary.loaded
        assert count(Company, Company.sells) >= 14
        assert 2 * 14 <= count(Product) == summary.products
        assert {"numbering", "decks", "quality", "rate card"} <= set(seen)
        oldest = db.session.scalar(sa.select(sa.func.min(DeckVersion.created_at)))
        assert oldest is not None
        assert oldest <= NOW - timedelta(days=90)
        assert count(QualityCounter) > 5_000
        assert count(QualityCounter, QualityCounter.attempts < 30) > 100
        assert count(QualityCounter, QualityCounter.answered > QualityCounter.attempts) == 0
        assert count(QualityCounter, QualityCounter.effective < QualityCounter.answered) == 0
        assert {p.policy["kind"] for p in db.session.scalars(sa.select(CustomerTrunk))} == {
            "cost",
            "quality",
            "cost_delta",
            "score",
        }
        assert {state for (state,) in db.session.execute(sa.select(Purchase.state).distinct())} == {
            "requested",
            "accepted",
            "declined",
        }
        assert (count(User), count(ApiKey)) == (len(LOGINS), len(KEYS))
        assert {kind for (kind,) in db.session.execute(sa.select(Job.kind))} == {
            "snapshot.build",
            "snapshot.publish",
            "market.build",
            "calls.import",
        }
        records = db.session.scalars(sa.select(CallRecord)).all()
        assert len(records) > 2_500
        assert {record.answered for record in records} == {True, False}
        assert any(record.margin_nanos is not None for record in records)
        assert {one.state for one in db.session.scalars(sa.select(CallImport))} == {"done"}
        store = Store(str(settings.store_dir))
        card = db.session.scalar(
            sa.select(CustomerTrunk.rate_card_key).where(CustomerTrunk.rate_card_key.is_not(None))
        )
        assert store.open(card).num_rows > 1_000
        for carrier in db.session.scalars(sa.select(Company).where(Company.sells)):
            keys = db.session.scalars(sa.select(Product.timeline_key).where(Product.company_id == carrier.id))
            assert max(pc.count_distinct(store.open(key)["code"]).as_py() for key in keys) >= 20_000
        deck = db.session.scalars(sa.select(Deck).order_by(Deck.id.desc())).first()
        assert (settings.files_dir / deck.file_key).read_bytes().startswith(b"Code,Destination,Rate")
        orla = db.session.scalars(sa.select(User).where(User.email == "operator@tandem.example")).one()
        operator = actor_for(orla, db.session.get_one(Company, orla.company_id))
        shown = impact_of_deck(db.session, settings, operator, deck, now=NOW)
        assert (shown.source, shown.days) == ("traffic", 30)
        assert shown.impact is not None
        assert shown.impact.total.delta
        assert 200 * summary.products < count(TrafficDay) < 400 * summary.products
        layers = {}
        for name in ("Origin rated", "US jurisdictional"):
            product = db.session.scalars(sa.select(Product).where(Product.name == name)).one()
            timeline = store.open(product.timeline_key)
            assert 200 < pc.count_distinct(timeline["code"]).as_py() < 1_000
            layers[name] = {*timeline["origin"].to_pylist(), *timeline["jurisdiction"].to_pylist()}
        assert layers == {
            "Origin rated": {None, "EEA", "Invalid CLI"},
            "US jurisdictional": {None, "interstate", "intrastate", "indeterminate"},
        }
        events = count(AuditEvent)
        verify_chain(db.session)
        assert not load_demo(db.session, settings, now=NOW, progress=lambda *_: None).loaded
        assert count(AuditEvent) == events


def test_sample_decks_are_the_same_each_time_and_no_two_alike(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, again = write_samples(tmp_path / "a", now=NOW), write_samples(tmp_path / "b", now=NOW)
    assert [path.name for path in first] == list(SAMPLES)
    for path, other in zip(first, again, strict=True):
        assert path.stat().st_size > 500
        if path.suffix in {".csv", ".tsv"}:
            assert path.read_bytes() == other.read_bytes()
