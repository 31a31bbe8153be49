"""The watched folder: what stands still is taken, checked and filed away with a report; a kill at any moment loses nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.config import Watch
from app.db import db
from app.decks.jobs import look_into_folder
from app.decks.models import Arrival, Deck, DeckPolicy
from app.decks.watched import Stillness, file_away, look
from app.jobs.models import Job
from tests.integration.decks.world import DECK, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path, watch=Watch(folder=str(tmp_path / "in"), stable_seconds=0, poll_seconds=0))
    with made.app.app_context():
        db.session.add(DeckPolicy(company_id=made.seller.id, thresholds={}, auto_accept={}, answers={"mode": "full"},
                                  senders=[], acd_seconds=180, created_at=utc_now()))  # fmt: skip
        db.session.commit()
    return made


def place(world: World, name: str, text: str = DECK) -> Path:
    path = Path(world.app.config["TANDEM"].watch.folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def tick(world: World) -> None:
    """The worker's timer, and the jobs it asks for."""
    with world.app.app_context():
        look_into_folder()
    for kind in ("deck.folder", "deck.check"):
        world.work(kind)


DATED = (
    DECK.replace("Increments", "Increments,Effective")
    .replace("/1\n", "/1,2099-01-01\n")
    .replace("/60\n", "/60,2099-01-01\n")
)


def test_a_file_becomes_a_deck_and_moves_to_done_with_its_report(world: World) -> None:
    path = place(world, "acme-carrier/Premium CLI/december.csv", DATED)
    tick(world)
    tick(world)
    assert not path.exists()
    assert (path.parent / "done" / "december.csv").read_text() == DATED
    report = json.loads((path.parent / "done" / "december.csv.report.json").read_text())
    assert (report["state"], report["deck"]["state"], report["deck"]["codes"]) == ("taken", "review", 4)
    tick(world)
    with world.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Arrival)) == 1
        assert db.session.scalars(sa.select(Deck.source)).all() == ["folder"]


def test_a_refused_deck_moves_to_failed_and_the_report_says_why(world: World) -> None:
    path = place(world, "acme-carrier/Premium CLI/bad.csv", DATED.replace("0.0180", "-1"))
    tick(world)
    tick(world)
    report = json.loads((path.parent / "failed" / "bad.csv.report.json").read_text())
    assert "rate_negative" in [one["id"] for one in report["deck"]["problems"]]


def test_a_folder_that_names_no_carrier_or_product_is_quarantined_and_filed_as_failed(world: World) -> None:
    stray = place(world, "nobody/x.csv")
    wrong = place(world, "acme-carrier/Gold/x.csv")
    tick(world)
    assert (stray.parent / "failed" / "x.csv").exists()
    assert (
        "has no product Gold"
        in json.loads((wrong.parent / "failed" / "x.csv.report.json").read_text())["reason"]
    )
    with world.app.app_context():
        assert set(db.session.scalars(sa.select(Arrival.state))) == {"quarantined"}
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Deck)) == 0


def test_links_hidden_and_half_written_names_are_left_alone(world: World, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(DECK)
    place(world, "acme-carrier/.hidden.csv")
    place(world, "acme-carrier/x.csv.part")
    link = Path(world.app.config["TANDEM"].watch.folder) / "acme-carrier" / "link.csv"
    link.symlink_to(secret)
    tick(world)
    with world.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0
    assert secret.exists()


def test_a_kill_between_taking_and_filing_is_made_good_by_the_next_look(world: World) -> None:
    path = place(world, "acme-carrier/Premium CLI/december.csv", DATED)
    with world.app.app_context():
        look_into_folder()
    world.work("deck.folder")  # taken and committed; killed here: nothing was filed, the deck is not checked
    assert path.exists()
    world.work("deck.check")
    report = path.parent / "done" / "december.csv.report.json"
    report.parent.mkdir()
    report.write_text("{}")  # killed between the report and the move
    tick(world)
    assert not path.exists()
    with world.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Deck)) == 1


def test_a_file_that_still_grows_is_not_taken(tmp_path: Path) -> None:
    folder, still = tmp_path / "in", Stillness(5)
    folder.mkdir()
    path = folder / "a.csv"
    path.write_text("half")
    assert still.settled(list(look(folder)), 0) == []
    path.write_text("half and more")
    assert still.settled(list(look(folder)), 4.9) == []
    assert still.settled(list(look(folder)), 9.0) == []
    assert [one.place for one in still.settled(list(look(folder)), 9.9)] == ["a.csv"]
    os.utime(path, (1, 1))
    assert still.settled(list(look(folder)), 20) == []


def test_filing_never_overwrites(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "a.csv").write_text("x")
        file_away(tmp_path, "a.csv", "done", {"state": "taken"})
    assert sorted(one.name for one in (tmp_path / "done").iterdir()) == [
        "a-2.csv", "a-2.csv.report.json", "a.csv", "a.csv.report.json",
    ]  # fmt: skip
