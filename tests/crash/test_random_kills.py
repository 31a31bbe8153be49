"""kill -9 of the worker at 100 random instants of import and activation: the old deck or the new one, whole, never a mix.

Each round sends a deck with a new price for every code. The carrier's rule takes it into force without a person, so that one
worker reads, checks, compares, stores, approves and publishes. It is killed somewhere on that way; then the database, the
stored timeline and the published snapshot are looked at; then a new worker must end what the dead one began.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

import lcr_core
from app.audit.verify import verify_chain
from app.carriers.models import Product
from app.clock import to_micros, utc_now
from app.db import db
from app.decks.models import Deck, DeckPolicy, DeckVersion
from app.jobs.models import Job
from rates.store import Store
from tests.crash.nursery import Nursery
from tests.crash.tree import wait
from tests.factories.app import make_vendor_trunk
from tests.integration.decks.world import World, make_world

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(1500)]
KILLS = 100
ENDS_WITHIN_S = 60.0  # a few seconds on a quiet machine; the check runs on busy ones
CODES = [f"{country}{area}" for country in (33, 34, 39, 44, 49) for area in range(10, 18)]


def price(round_number: int, code: str) -> int:
    """Nanos: lower every round, another for every code."""
    return 900_000_000 - round_number * 1_000_000 + CODES.index(code) * 10_000


def deck(round_number: int) -> str:
    rows = (f"Place {code},{code},{price(round_number, code) / 1e9:.6f}\n" for code in CODES)
    return "Destination,Code,Rate\n" + "".join(rows)


@dataclass
class Lane:
    """One exchange, its workers, and what was seen of it."""

    world: World
    url: str | None
    nursery: Nursery
    dice: random.Random
    rounds: int = 0
    worker: int = 0
    phases: list[str] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return Path(self.world.app.config["TANDEM"].data_dir)

    def send(self) -> int:
        """The next deck of the product; its id."""
        self.rounds += 1
        answer = self.world.upload(deck(self.rounds), f"deck{self.rounds}.csv")
        assert answer.status_code == 302, answer.get_data(as_text=True)[-2000:]
        return int(answer.location.split("/decks/")[1].split("/")[0].split("?")[0])

    def quiet(self) -> bool:
        with self.world.app.app_context():
            live = sa.select(sa.func.count()).select_from(Job).where(Job.state.in_(("queued", "running")))
            count = db.session.scalar(live)
            db.session.rollback()
        return count == 0

    def new_worker(self) -> None:
        self.worker = self.nursery.worker(self.root, self.url)

    def round(self, span: float) -> None:
        """Send, kill, look, let a new worker end it, look again."""
        deck_id = self.send()
        # Every second kill falls late, where the short activation and publication lie.
        time.sleep(self.dice.uniform(0.6 * span if self.rounds % 2 else 0.0, 1.05 * span))
        self.nursery.kill(self.worker)
        self.phases.append(self.look(deck_id))
        began = time.monotonic()
        self.new_worker()
        wait(self.quiet, f"the end of deck {deck_id}", ENDS_WITHIN_S)
        self.ends.append(time.monotonic() - began)
        assert self.look(deck_id) == "published"

    def look(self, deck_id: int) -> str:
        """How far the deck has come; fails on anything between the old deck and the new one."""
        settings = self.world.app.config["TANDEM"]
        with self.world.app.app_context():
            deck = db.session.get_one(Deck, deck_id, populate_existing=True)
            product = db.session.get_one(Product, self.world.product.id, populate_existing=True)
            versions = db.session.scalars(sa.select(DeckVersion).order_by(DeckVersion.number)).all()
            state = deck.state
            # Version 1 is that of round 1, and so on: each round makes exactly one.
            assert [one.number for one in versions] == list(range(1, len(versions) + 1))
            in_force = product.version
            assert in_force == len(versions)
            assert in_force in (self.rounds - 1, self.rounds)
            assert (state == "approved") == (in_force == self.rounds)
            assert product.timeline_key == versions[-1].timeline_key
            key = product.timeline_key
            db.session.rollback()
        assert key is not None
        self.whole(key, in_force)
        published = self.published(settings.snapshot_dir)
        assert published in (self.rounds - 1, self.rounds)
        assert published <= in_force
        return "published" if published == self.rounds else "approved" if in_force == self.rounds else state

    def whole(self, key: str, round_number: int) -> None:
        """The stored timeline prices every code as that round's deck says."""
        now, store = utc_now(), Store(str(self.world.app.config["TANDEM"].store_dir))
        rows = [
            row for row in store.open(key).to_pylist()
            if row["effective_from"] <= now and (row["effective_until"] is None or now < row["effective_until"])
        ]  # fmt: skip
        assert {row["code"]: row["rate_nanos"] for row in rows} == {c: price(round_number, c) for c in CODES}

    def published(self, folder: Path) -> int:
        """The round whose prices the snapshot gives, the same for every code."""
        snapshot = lcr_core.Snapshot.open(str(folder))
        found = set()
        for code in CODES:
            question = {"trunk": None, "dnis": f"{code}5550123", "at_us": to_micros(utc_now())}
            (route,) = json.loads(snapshot.decide(json.dumps(question)))["routes"]
            nanos = round(float(route["rate"]) * 1e9)
            found.add((price(0, code) - nanos) // 1_000_000)
        assert len(found) == 1, f"a mix of decks: {sorted(found)}"
        return int(found.pop())


def lane(folder: Path, url: str | None, nursery: Nursery, seed: int) -> Lane:
    """An exchange whose seller's rule takes every cheaper deck."""
    world = make_world(folder, url)
    with world.app.app_context():
        product = db.session.get_one(Product, world.product.id)
        product.vendor_trunk_id = make_vendor_trunk(db.session, world.seller).id
        db.session.add(
            DeckPolicy(
                company_id=world.seller.id, thresholds={"changes_pct": 100}, created_at=utc_now(),
                auto_accept={"enabled": True, "ways": ["web"], "warnings_ok": True},
            )
        )  # fmt: skip
        db.session.commit()
    made = Lane(world, url, nursery, random.Random(seed))
    first = made.send()
    world.work()
    assert world.approve(first).status_code == 302
    made.new_worker()
    wait(made.quiet, "the first snapshot", ENDS_WITHIN_S)
    assert made.look(first) == "published"
    return made


def run(made: Lane, kills: int) -> None:
    began = time.monotonic()
    deck_id = made.send()
    wait(made.quiet, "a round without a kill", ENDS_WITHIN_S)
    span = time.monotonic() - began
    assert made.look(deck_id) == "published"
    for _ in range(kills):
        made.round(span)
    made.nursery.kill(made.worker)
    with made.world.app.app_context():
        assert verify_chain(db.session) == []
        assert set(db.session.scalars(sa.select(Job.state))) == {"done"}
    assert list(made.root.glob("deck-*")) == []


def test_a_worker_killed_at_a_hundred_random_instants_leaves_the_old_deck_or_the_new_one(
    tmp_path: Path, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    with Nursery.open() as nursery:
        lanes = [lane(tmp_path / "a", None, nursery, 1), lane(tmp_path / "b", postgres_url, nursery, 2)]
        with ThreadPoolExecutor(len(lanes)) as pool:
            for done in [pool.submit(run, one, KILLS // len(lanes)) for one in lanes]:
                done.result()
    phases = [phase for one in lanes for phase in one.phases]
    ends = sorted(end for one in lanes for end in one.ends)
    assert len(ends) == KILLS
    assert {"checking", "published"} <= set(phases)
    with capsys.disabled():
        counts = {phase: phases.count(phase) for phase in sorted(set(phases))}
        print(
            f"\n{KILLS} kills in {time.monotonic() - began:.0f} s, half on PostgreSQL; killed while {counts}; "
            f"ended after restart in {statistics.median(ends):.1f} s (median), {ends[-1]:.1f} s (longest)"
        )
    for one in lanes:
        with one.world.app.app_context():
            db.session.close()
            db.engine.dispose()
