"""A deck's way from upload to snapshot, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import app.market.jobs
import app.routing.jobs  # noqa: F401  (both register their kinds, as the worker does)
from app.audit.verify import verify_chain
from app.db import db
from app.decks.models import DeckVersion
from app.jobs.models import Job
from app.market.snapshot import current_market
from app.routing.service.build_snapshot import last_published
from tests.factories.app import let_go
from tests.integration.decks.world import DECK, World, make_world


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    yield from let_go(make_world(tmp_path, database_url))


def test_a_deck_is_received_checked_approved_versioned_and_published(world: World) -> None:
    deck = world.sent()
    assert world.state(deck) == "review"
    world.approve(deck)
    world.approve(deck)
    versions = world.client.get(f"/api/v1/products/{world.product.id}/versions").json["versions"]
    assert [(one["number"], one["codes"]) for one in versions] == [(1, 4)]
    assert world.queued() == ["market.build", "snapshot.build"]
    world.work("snapshot.build")
    world.work("market.build")
    with world.app.app_context():
        assert {job.state for job in db.session.scalars(sa.select(Job))} == {"done"}
        record = last_published(db.session)
        assert record is not None
        assert (record.offers, record.rates) == (1, 4)
        assert current_market(world.app.config["TANDEM"].market_dir).codes.num_rows == 4
        assert verify_chain(db.session) == []


def test_a_second_deck_is_compared_with_the_first_and_can_be_rolled_back(world: World) -> None:
    world.approve(world.sent())
    second = world.sent(DECK.replace("0.0050", "0.0030"), "cheaper.csv", mode="partial")
    labels = world.client.get(f"/api/v1/decks/{second}").json["labels"]
    assert labels["DECREASE"] == 1
    world.approve(second)
    url = f"/products/{world.product.id}"
    assert world.client.post(f"{url}/rollback", data={"number": "1", "expected": "2"}).status_code == 302
    versions = world.client.get(f"/api/v1{url}/versions").json["versions"]
    assert [(one["number"], one["rollback_to"]) for one in versions] == [(3, 1), (2, None), (1, None)]


def test_of_many_approvals_at_once_one_makes_the_version(world: World) -> None:
    deck = world.sent()
    barrier = threading.Barrier(4)
    statuses: list[int] = []

    def approve() -> None:
        client = world.as_user(world.user)
        barrier.wait()
        statuses.append(client.post(f"/api/v1/decks/{deck}/approve", json={}).status_code)

    threads = [threading.Thread(target=approve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 4
    with world.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(DeckVersion)) == 1
        assert verify_chain(db.session) == []
    assert world.queued() == ["market.build", "snapshot.build"]
