"""A changed deck is patched in and answers like a build; the next epoch is compiled ahead and taken at its instant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from time import sleep

import pyarrow as pa
import pytest
import sqlalchemy as sa
from flask import Flask, current_app

import lcr_core
from app.carriers.models import Product
from app.clock import to_micros
from app.config import Lcr, Settings
from app.db import db
from app.routing import compiled
from app.routing.models import SnapshotRecord
from app.routing.prune import prune
from app.routing.service.build_ahead import build_ahead, promote
from app.routing.service.build_snapshot import build_snapshot
from rates.schema import TIMELINE
from rates.store import Store
from tests.factories import app as make

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
Market = tuple[Settings, list[Product]]
Price = tuple[str, int, datetime | None, datetime | None]


def timeline(*prices: Price) -> pa.Table:
    """Rows of (code, nanos a minute, from, until)."""
    long_ago = NOW - timedelta(days=30)
    columns = {
        "code": [code for code, *_ in prices],
        "destination": [f"Zone {code}" for code, *_ in prices],
        "rate_nanos": [nanos for _, nanos, _, _ in prices],
        "effective_from": [begin or long_ago for _, _, begin, _ in prices],
        "effective_until": [end for *_, end in prices],
        "received_at": [long_ago] * len(prices),
        "currency": ["USD"] * len(prices),
    }
    ones = {"initial_increment", "next_increment", "deck_id", "deck_row"}
    optional = {"first_rate_nanos", "origin", "jurisdiction"}
    for field in TIMELINE:
        if field.name not in columns:
            value = None if field.name in optional else int(field.name in ones)
            columns[field.name] = [value] * len(prices)
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in TIMELINE}, TIMELINE)


def told(_done: int, _total: int, _what: str = "") -> None:
    pass


def sell(settings: Settings, product: Product, *prices: Price) -> None:
    product.timeline_key = Store(str(settings.store_dir)).put(timeline(*prices))
    db.session.commit()


def routes(
    root: Path, number: str, at: datetime, snapshot_id: str | None = None
) -> list[tuple[int, str, str]]:
    snapshot = lcr_core.Snapshot.open(str(root), snapshot_id or lcr_core.in_force(str(root), to_micros(at)))
    answer = json.loads(snapshot.decide(json.dumps({"dnis": number, "at_us": to_micros(at)})))
    return [(r["offer"], r["code"], r["rate"]) for r in answer["routes"]]


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    """Two carriers; an index counts as large from its first rate on."""
    with make.make_app(tmp_path, lcr=Lcr(patch_from_rates=1)).app_context():
        settings: Settings = current_app.config["TANDEM"]
        products = [
            make.make_product(db.session, make.make_company(db.session, name, sells=True))
            for name in ("A", "B")
        ]
        sell(settings, products[0], ("44", 3_000_000, None, None), ("4420", 2_000_000, None, None))
        sell(settings, products[1], ("44", 2_500_000, None, None))
        yield settings, products


def build(settings: Settings, now: datetime = NOW) -> str:
    record = build_snapshot(db.session, settings, reason="test", now=now, progress=told)
    db.session.commit()
    assert record.index_file is not None
    return record.index_file


def test_a_changed_deck_is_patched_over_the_same_base_and_answers_like_a_build(market: Market) -> None:
    settings, (a, b) = market
    root = settings.snapshot_dir
    base = build(settings)
    sell(settings, b, ("44", 2_500_000, None, None), ("442", 1_000_000, None, None))
    first = compiled.load(root, build(settings, NOW + timedelta(minutes=1)))
    assert first is not None
    assert (first.base, first.rates) == (base, 4)
    at = NOW + timedelta(minutes=5)
    assert routes(root, "442079460000", at) == [(b.id, "442", "0.001"), (a.id, "4420", "0.002")]
    sell(settings, a, ("44", 500_000, None, None))
    second = compiled.load(root, build(settings, NOW + timedelta(minutes=2)))
    assert second is not None
    assert (second.base, second.rates) == (base, 3), "patches do not lie on patches"
    assert routes(root, "442079460000", at) == [(a.id, "44", "0.0005"), (b.id, "442", "0.001")]
    prune(root, keep=1)
    assert (root / "indexes" / base).exists()
    assert not (root / "indexes" / first.file).exists()


def test_rights_published_beside_a_build_lie_on_its_index(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are asked for when a deal is signed: the index of the new rates must stay in force."""
    settings, (_, b) = market
    build(settings)
    sell(settings, b, ("44", 1_000_000, None, None))
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    compiling = Event()

    def rights() -> None:
        with app.app_context():
            compiling.wait(20)
            build_snapshot(db.session, settings, reason="rights", now=NOW, progress=told, rights_only=True)

    def tell(_done: int, _total: int, _what: str = "") -> None:
        compiling.set()

    session = db.session
    commit = session.commit
    monkeypatch.setattr(session, "commit", lambda: (sleep(0.3), commit()))
    other = Thread(target=rights)
    other.start()
    build_snapshot(session, settings, reason="rates", now=NOW, progress=tell)
    other.join()
    assert [record.reason for record in session.scalars(sa.select(SnapshotRecord).order_by(SnapshotRecord.id))] == [
        "test", "rates", "rights",
    ]  # fmt: skip
    assert routes(settings.snapshot_dir, "447", NOW + timedelta(minutes=1))[0] == (b.id, "44", "0.001")


def test_other_exchange_rates_or_an_ended_epoch_need_a_whole_build(market: Market) -> None:
    settings, (_, b) = market
    change = NOW + timedelta(hours=1)
    sell(settings, b, ("44", 2_500_000, None, change), ("44", 9_000_000, change, None))
    build(settings)
    sell(settings, b, ("44", 2_000_000, None, None))
    late = compiled.load(settings.snapshot_dir, build(settings, change + timedelta(minutes=1)))
    assert late is not None
    assert late.base is None


def test_the_next_epoch_is_announced_and_in_force_from_its_instant_on(market: Market) -> None:
    settings, (_a, b) = market
    root = settings.snapshot_dir
    change = NOW + timedelta(hours=1)
    sell(settings, b, ("44", 2_500_000, None, change), ("44", 9_000_000, change, None))
    build(settings)
    current = lcr_core.in_force(str(root), to_micros(NOW))
    announced = build_ahead(db.session, settings, now=NOW, progress=told)
    before, after = change - timedelta(seconds=1), change
    assert announced is not None
    assert lcr_core.in_force(str(root), to_micros(before)) == current
    assert lcr_core.in_force(str(root), to_micros(after)) == announced
    for at in (before, after):
        assert routes(root, "447", at, current) == routes(root, "447", at, announced), "exact in both"
    ahead = lcr_core.Snapshot.open(str(root), announced)
    assert ahead.epoch_from_us == to_micros(change)

    # New rights in between are announced again behind the new CURRENT.
    build_snapshot(
        db.session, settings, reason="rights", now=NOW + timedelta(minutes=1), progress=told, rights_only=True
    )
    again = lcr_core.in_force(str(root), to_micros(after))
    assert again not in (announced, current)
    assert promote(db.session, settings, now=before) is None
    record = promote(db.session, settings, now=after)
    assert record is not None
    assert record.snapshot_id == again == (root / "CURRENT").read_text().strip()
    assert promote(db.session, settings, now=after) is None


def test_a_deck_that_arrives_in_between_puts_the_announced_one_aside(market: Market) -> None:
    settings, (a, b) = market
    root = settings.snapshot_dir
    change = NOW + timedelta(hours=1)
    sell(settings, b, ("44", 2_500_000, None, change), ("44", 9_000_000, change, None))
    build(settings)
    announced = build_ahead(db.session, settings, now=NOW, progress=told)
    sell(settings, a, ("44", 100_000, None, None))
    build(settings, NOW + timedelta(minutes=1))
    assert lcr_core.in_force(str(root), to_micros(change)) != announced
    assert routes(root, "447", change)[0] == (a.id, "44", "0.0001")
    renewed = build_ahead(db.session, settings, now=NOW + timedelta(minutes=2), progress=told)
    assert renewed is not None
    assert lcr_core.in_force(str(root), to_micros(change)) == renewed
