"""kill -9 of the worker at 100 random instants of import and activation: the old deck or the new one, whole, never a mix.

Each round sends a deck with a new price for every code. The carrier's rule takes it into force without a person, so that one
worker reads, checks, compares, stores, approves and publishes. A stage of that way is drawn, the work is watched until the stage
begins, and the worker is killed at a random instant of the time the stage took so far; then the database, the stored timeline and
the published snapshot are looked at; then a new worker must end what the dead one began.
"""

from __future__ import annotations

import io
import json
import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

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
"""Of a worker at work. One that comes too late, when all is over, is looked at like the others and does not count."""
ROUNDS_AT_MOST = 170  # where two in five kills come too late, the watching itself is broken
ENDS_WITHIN_S = 60.0  # a few seconds on a quiet machine; the check runs on busy ones
CODES = [f"{country}{area}" for country in (33, 34, 39, 44, 49) for area in range(1000, 1300)]
ASKED = CODES[::7]
"""Asked of the published snapshot; the stored timeline is compared whole."""
STAGES = ("start", "read", "check", "store", "approve", "publish", "tell")
"""start: the job waits, or its jailed child loads · read, check, store: the child's steps · approve: checked, not yet in force ·
publish: in force, not yet in the snapshot · tell: in the snapshot, but the market and the buyers do not know yet."""
STEPS = {"read": "read", "parse": "read", "check": "check", "compare": "check", "store": "store"}
OPTIONS = {
    "mode": "full", "defaults": {"effective_from": "receipt"},
    "mapping": {"0": "destination", "1": "code", "2": "rate"},
}  # fmt: skip
"""Everything is said, so that one child reads each deck once."""


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
    killed_in: list[str] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    lasts: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.01))

    @property
    def root(self) -> Path:
        return Path(self.world.app.config["TANDEM"].data_dir)

    @property
    def at_work(self) -> int:
        """Kills that met a worker at work."""
        return len(self.killed_in) - self.killed_in.count("over")

    def send(self) -> int:
        """The next deck of the product; its id."""
        self.rounds += 1
        answer = self.world.client.post("/api/v1/decks", content_type="multipart/form-data", data={
            "product_id": self.world.product.id, "options": json.dumps(OPTIONS),
            "file": (io.BytesIO(deck(self.rounds).encode()), f"deck{self.rounds}.csv"),
        })  # fmt: skip
        assert answer.status_code == 202, answer.json
        return int(answer.json["id"])

    def stage(self, deck_id: int) -> str:
        """Where the work stands now; "over" when no job waits or runs."""
        query = sa.select(Deck.state, Job.phase, Product.version).join(Product, Product.id == Deck.product_id)
        query = query.outerjoin(Job, Job.id == Deck.job_id).where(Deck.id == deck_id)
        with self.world.app.app_context(), db.engine.connect() as connection:
            state, phase, version = connection.execute(query).one()
            jobs = set(connection.scalars(sa.select(Job.kind).where(Job.state.in_(("queued", "running")))))
        if state in ("received", "checking"):
            return STEPS.get(phase, "start")
        if state == "review":
            return "approve"
        assert (state, version) == ("approved", self.rounds)
        return "publish" if "snapshot.build" in jobs else "tell" if jobs else "over"

    def watch(self, deck_id: int, until: str = "over") -> None:
        """Follow the work until it comes to this stage or a later one; learn how long each stage before it lasts."""
        order = (*STAGES, "over")
        now, since, deadline = STAGES[0], time.monotonic(), time.monotonic() + ENDS_WITHIN_S
        while (seen := self.stage(deck_id)) != "over" and order.index(seen) < order.index(until):
            assert time.monotonic() < deadline, f"deck {deck_id} stays in {seen}"
            if seen != now:
                self.lasts[now] = (self.lasts[now] + time.monotonic() - since) / 2
                now, since = seen, time.monotonic()
            time.sleep(0.003)
        if now != seen:
            self.lasts[now] = (self.lasts[now] + time.monotonic() - since) / 2

    def quiet(self) -> bool:
        with self.world.app.app_context():
            live = sa.select(sa.func.count()).select_from(Job).where(Job.state.in_(("queued", "running")))
            count = db.session.scalar(live)
            db.session.rollback()
        return count == 0

    def new_worker(self) -> None:
        self.worker = self.nursery.worker(self.root, self.url)

    def round(self) -> None:
        """Send, kill, look, let a new worker end it, look again."""
        drawn = STAGES[self.rounds % len(STAGES)]
        deck_id = self.send()
        self.watch(deck_id, drawn)
        # In the last stage not up to its end, after which nothing is left to kill.
        time.sleep(self.dice.uniform(0.0, self.lasts[drawn] * (0.6 if drawn == STAGES[-1] else 1.0)))
        self.nursery.kill(self.worker)
        self.killed_in.append(self.stage(deck_id))
        self.look(deck_id)
        began = time.monotonic()
        self.new_worker()
        wait(self.quiet, f"the end of deck {deck_id}", ENDS_WITHIN_S)
        self.ends.append(time.monotonic() - began)
        assert self.look(deck_id) == "published", self.told(deck_id)

    def told(self, deck_id: int) -> list[str]:
        """What the last jobs say of themselves, for a failure's message."""
        query = sa.select(Job).order_by(Job.created_at.desc()).limit(6)
        with self.world.app.app_context(), Session(db.engine) as session:
            deck = session.get_one(Deck, deck_id)
            jobs = [
                f"{job.id} {job.kind} {job.state}, start {job.attempts}, {job.phase!r}, {job.error!r}, {job.result}"
                for job in session.scalars(query)
            ]
            log = (self.root / "worker.log").read_text().splitlines()[-40:]
            return [
                f"deck {deck.id} {deck.state} {deck.job_id} {deck.error!r}",
                f"killed in {self.killed_in}",
                *jobs,
                *log,
            ]

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
        columns = ["code", "rate_nanos", "effective_from", "effective_until"]
        rows = [
            row for row in store.open(key).select(columns).to_pylist()
            if row["effective_from"] <= now and (row["effective_until"] is None or now < row["effective_until"])
        ]  # fmt: skip
        assert {row["code"]: row["rate_nanos"] for row in rows} == {c: price(round_number, c) for c in CODES}

    def published(self, folder: Path) -> int:
        """The round whose prices the snapshot gives, the same for every code."""
        snapshot = lcr_core.Snapshot.open(str(folder))
        found = set()
        for code in ASKED:
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
                auto_accept={"enabled": True, "ways": ["api"], "warnings_ok": True},
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
    deck_id = made.send()
    made.watch(deck_id)
    assert made.look(deck_id) == "published"
    while made.at_work < kills:
        assert made.rounds < ROUNDS_AT_MOST * kills // KILLS, f"kills come too late: {made.killed_in}"
        made.round()
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
    killed_in = [stage for one in lanes for stage in one.killed_in]
    ends = sorted(end for one in lanes for end in one.ends)
    counts = {stage: killed_in.count(stage) for stage in (*STAGES, "over")}
    with capsys.disabled():
        print(
            f"\n{len(killed_in)} kills in {time.monotonic() - began:.0f} s, half on PostgreSQL; killed in {counts}; "
            f"ended after restart in {statistics.median(ends):.1f} s (median), {ends[-1]:.1f} s (longest)"
        )
    assert len(ends) == len(killed_in)
    assert len(killed_in) - counts["over"] == KILLS
    assert all(counts[stage] for stage in STAGES)
    for one in lanes:
        with one.world.app.app_context():
            db.session.close()
            db.engine.dispose()
