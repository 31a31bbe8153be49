"""Kept parts: only what changed is priced again, and the market is the same as one built from nothing."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from apiflask import APIFlask

import app.market.jobs as market_jobs
from app.carriers.models import Company, Product, QualityCounter
from app.db import db
from app.jobs.models import Job
from app.jobs.progress import SilentProgress
from app.market.service.build_market import MarketBuilt, build_market
from app.market.snapshot import current_market, next_change
from rates.store import Store
from tests.factories import app as make
from tests.unit.app_market.test_market import MARLOWE, NOW, OLD, RHENUS, timeline


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    made = make.make_app(tmp_path)
    store = Store(str(made.config["TANDEM"].store_dir))
    with made.app_context():
        for name, rows in (("Marlowe", MARLOWE), ("Rhenus", RHENUS)):
            seller = make.make_company(db.session, name, sells=True)
            make.make_product(db.session, seller, timeline_key=store.put(timeline(rows)), listed=True)
    return made


def build(app: APIFlask, now: datetime = NOW) -> MarketBuilt:
    with app.app_context():
        return build_market(db.session, app.config["TANDEM"], now=now, progress=SilentProgress())


def assert_equal_to_a_full_build(app: APIFlask, now: datetime = NOW) -> None:
    root = app.config["TANDEM"].market_dir
    kept = current_market(root)
    shutil.rmtree(root / "parts")
    assert build(app, now).made == 2
    full = current_market(root)
    assert kept.name != full.name
    assert kept.groups.equals(full.groups)
    assert kept.codes.equals(full.codes)


def change(app: APIFlask, what: str) -> None:
    store = Store(str(app.config["TANDEM"].store_dir))
    with app.app_context():
        product = db.session.scalars(sa.select(Product).order_by(Product.id)).first()
        assert product is not None
        if what == "deck":
            product.timeline_key = store.put(timeline([*MARLOWE, ("33", "France", 5, 1, 1, OLD, None, 0)]))
        elif what == "name":
            product.name = "Gold"
        elif what == "seller":
            db.session.get_one(Company, product.company_id).name = "Marlowe & Sons"
        else:
            db.session.add(
                QualityCounter(
                    product_id=product.id, code="44", window_from=OLD, window_until=NOW, attempts=100, answered=50,
                    effective=90, talk_ms=9_000, pdd_ms_sum=1_000, pdd_samples=10,
                )
            )  # fmt: skip
        db.session.commit()


@pytest.mark.parametrize("what", ["deck", "name", "seller", "calls"])
def test_after_a_change_of_one_product_only_that_one_is_priced_again(app: APIFlask, what: str) -> None:
    assert build(app).made == 2
    assert build(app).made == 0
    change(app, what)
    assert build(app).made == 1
    assert_equal_to_a_full_build(app)


@pytest.mark.parametrize("hours", [1, 5 * 24 - 1, 5 * 24, 7 * 24, 9 * 24 + 1, 200 * 24])
def test_a_kept_part_at_a_later_instant_equals_a_fresh_one(app: APIFlask, hours: int) -> None:
    build(app)
    later = NOW + timedelta(hours=hours)
    build(app, later)
    assert_equal_to_a_full_build(app, later)


def test_a_part_is_made_again_at_the_instant_its_pending_rate_begins(app: APIFlask) -> None:
    build(app)
    root = app.config["TANDEM"].market_dir
    assert next_change(root) == NOW + timedelta(days=5)
    build(app, NOW + timedelta(days=5, microseconds=-1))
    assert next_change(root) == NOW + timedelta(days=5)
    assert build(app, NOW + timedelta(days=5)).made == 1
    assert next_change(root) == NOW + timedelta(days=9)


def test_a_damaged_part_is_made_again(app: APIFlask) -> None:
    build(app)
    root = app.config["TANDEM"].market_dir
    part = next((root / "parts").iterdir())
    (part / "codes.arrow").write_bytes(b"torn")
    assert build(app).made == 1
    assert_equal_to_a_full_build(app)


def test_a_timer_asks_once_for_a_build_when_a_pending_rate_takes_effect(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(app)
    queued = sa.select(sa.func.count()).select_from(Job).where(Job.kind == "market.build")
    for moment, jobs in (
        (NOW + timedelta(days=4), 0), (NOW + timedelta(days=5), 1), (NOW + timedelta(days=5, seconds=1), 1),
    ):  # fmt: skip
        monkeypatch.setattr(market_jobs, "utc_now", lambda moment=moment: moment)
        with app.app_context():
            market_jobs.follow_changes()
            assert db.session.scalar(queued) == jobs
