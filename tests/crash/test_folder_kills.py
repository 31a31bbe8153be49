"""kill -9 of the worker while it takes files from the watched folder: each becomes exactly one deck and is filed away."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.config import Watch
from app.db import db
from app.decks.models import Arrival, Deck, DeckPolicy
from app.decks.watched import look
from app.jobs.models import Job
from tests.crash.nursery import Nursery
from tests.crash.tree import wait
from tests.integration.decks.world import DECK, World, make_world

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(600)]
DATED = (
    DECK.replace("Increments", "Increments,Effective")
    .replace("/1\n", "/1,2099-01-01\n")
    .replace("/60\n", "/60,2099-01-01\n")
)


def test_a_worker_killed_over_the_watched_folder_loses_no_file_and_takes_none_twice(tmp_path: Path) -> None:
    folder, dice = tmp_path / "in", random.Random(4)
    watch = Watch(folder=str(folder), stable_seconds=0, poll_seconds=0)
    world = make_world(tmp_path, watch=watch)
    with world.app.app_context():
        db.session.add(DeckPolicy(company_id=world.seller.id, thresholds={}, auto_accept={}, answers={"mode": "full"},
                                  senders=[], acd_seconds=180, created_at=utc_now()))  # fmt: skip
        db.session.commit()
    moments: list[Callable[[], bool]] = [
        lambda: bool(kinds(world, "deck.folder")),  # asked for: nothing is taken yet
        lambda: arrivals(world) > 0,  # taken, waits for its check
        lambda: bool(kinds(world, "deck.check", "running")),  # being checked
        lambda: len(list(folder.rglob("done/*.report.json"))) > 0,  # being filed away
    ]
    names = []
    with Nursery.open() as nursery:
        for number, moment in enumerate(moments):
            names += [f"deck{number}{letter}.csv" for letter in "abc"]
            for letter in "abc":
                place(folder, f"deck{number}{letter}.csv", number * 3 + ord(letter))
            worker = nursery.worker(Path(world.app.config["TANDEM"].data_dir), None, folder)
            wait(moment, f"moment {number}")
            time.sleep(dice.uniform(0, 0.05))
            nursery.kill(worker)
            nursery.worker(Path(world.app.config["TANDEM"].data_dir), None, folder)
            wait(lambda: not list(look(folder)) and not kinds(world), "every file to be filed away", 120)
            nursery.kill(nursery.born[-1])
            for file in folder.rglob("done/*"):
                if not file.name.endswith(".report.json"):
                    names.remove(file.name)
                    report = json.loads(file.with_name(f"{file.name}.report.json").read_text())
                    assert (report["state"], report["deck"]["state"], report["deck"]["codes"]) == (
                        "taken",
                        "review",
                        4,
                    )
                    file.with_name(f"{file.name}.report.json").unlink()
                    file.unlink()
            assert names == []
            assert not list(folder.rglob("failed/*"))
            with world.app.app_context():
                assert db.session.scalar(sa.select(sa.func.count()).select_from(Deck)) == 3 * (number + 1)
                db.session.rollback()
            assert arrivals(world) == 3 * (number + 1)
    with world.app.app_context():
        assert set(db.session.scalars(sa.select(Job.state))) == {"done"}
        assert len(set(db.session.scalars(sa.select(Deck.sha256)))) == 3 * len(moments)


def place(folder: Path, name: str, price: int) -> None:
    """Laid there whole, as by a rename."""
    target = folder / "acme-carrier" / "Premium CLI" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{name}")
    half.write_text(DATED.replace("0.0180", f"0.0{200 + price}"))
    half.rename(target)


def kinds(world: World, *wanted: str) -> list[str]:
    """Kinds of the jobs that wait or run; `wanted`: only of this kind, and in this state."""
    query = sa.select(Job.kind).where(Job.state.in_(wanted[1:] or ("queued", "running")))
    with world.app.app_context():
        found = list(db.session.scalars(query.where(Job.kind == wanted[0]) if wanted else query))
        db.session.rollback()
    return found


def arrivals(world: World) -> int:
    with world.app.app_context():
        count = db.session.scalar(sa.select(sa.func.count()).select_from(Arrival))
        db.session.rollback()
    return count or 0
