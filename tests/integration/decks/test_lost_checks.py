"""No deck says for ever that it is being checked: whatever ends its check's job ends in the same transaction on the deck."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import app.decks.service.run_check as run_check
from app.clock import utc_now
from app.db import db
from app.decks.models import Deck
from app.decks.service.fail_lost import fail_lost, own_check
from app.jobs.models import Job
from app.jobs.runner import MAX_STARTS, give_up, run_one
from tests.factories.app import let_go
from tests.integration.decks.world import DECK, World, make_world


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    yield from let_go(make_world(tmp_path, database_url))


def uploaded(world: World) -> tuple[int, str]:
    """A deck whose check waits; its id and its job's."""
    assert world.upload(DECK).status_code == 302
    with world.app.app_context():
        deck = db.session.scalars(sa.select(Deck)).one()
        assert deck.job_id is not None
        return deck.id, deck.job_id


def stands(world: World, deck_id: int) -> tuple[str, str, str | None]:
    """Deck's state, its last job's, and what the deck says."""
    with world.app.app_context():
        query = sa.select(Deck.state, Job.state, Deck.error).outerjoin(Job, Job.id == Deck.job_id)
        found = db.session.execute(query.where(Deck.id == deck_id)).one()
        db.session.rollback()
        return found[0], found[1], found[2]


def set_job(world: World, job_id: str, **values: Any) -> None:
    with world.app.app_context():
        db.session.execute(sa.update(Job).where(Job.id == job_id).values(**values))
        db.session.commit()


def test_a_check_that_is_given_up_leaves_a_deck_that_says_why_and_is_checked_again_by_a_button(
    world: World,
) -> None:
    deck_id, job_id = uploaded(world)
    set_job(world, job_id, state="running", attempts=MAX_STARTS)
    assert run_one(world.app, job_id) == {"state": "skipped"}
    state, job, error = stands(world, deck_id)
    assert (state, job) == ("failed", "failed")
    assert "begun 5 times and its worker died each time" in (error or "")
    page = world.client.get(f"/decks/{deck_id}", follow_redirects=True).get_data(as_text=True)
    assert "Check again" in page
    assert "worker died each time" in page
    assert world.client.get(f"/api/v1/decks/{deck_id}").json["next"].startswith("PUT options again")
    assert world.client.post(f"/decks/{deck_id}/check").status_code == 302
    world.work()
    assert stands(world, deck_id) == ("review", "done", None)


def test_the_deck_fails_exactly_if_its_job_does(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    deck_id, job_id = uploaded(world)
    set_job(world, job_id, state="running", attempts=MAX_STARTS)
    with world.app.app_context(), monkeypatch.context() as broken:
        broken.setattr("app.jobs.endings.sa.update", lambda _table: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            give_up(job_id, "Broken off between the two.")
    assert stands(world, deck_id)[:2] == ("checking", "running")
    with world.app.app_context():
        give_up(job_id, "Now both.")
    assert stands(world, deck_id)[:2] == ("failed", "failed")


def test_a_check_that_breaks_down_says_so_on_the_deck(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    deck_id, _ = uploaded(world)
    monkeypatch.setattr(run_check, "run_with_template", lambda *_a, **_k: 1 / 0)
    world.work()
    state, job, error = stands(world, deck_id)
    assert (state, job) == ("failed", "failed")
    assert "ZeroDivisionError" in (error or "")
    assert list((world.app.config["TANDEM"].root).glob("deck-*")) == []


def test_cancelling_the_job_on_its_own_page_ends_the_deck_too(world: World) -> None:
    deck_id, job_id = uploaded(world)
    owner = world.as_user(world.second)
    assert owner.post(f"/jobs/{job_id}/cancel").status_code == 302
    assert stands(world, deck_id) == ("failed", "cancelled", "The check was cancelled.")


def test_a_newer_check_is_not_failed_by_the_end_of_the_one_before(world: World) -> None:
    deck_id, first = uploaded(world)
    set_job(world, first, state="running", attempts=MAX_STARTS)
    assert world.client.post(f"/decks/{deck_id}/check").status_code == 302
    run_one(world.app, first)
    assert stands(world, deck_id)[:2] == ("checking", "queued")
    world.work()
    assert stands(world, deck_id)[0] == "review"


def test_a_command_that_was_killed_while_it_checked_leaves_a_deck_that_fails_by_itself(world: World) -> None:
    deck_id, job_id = uploaded(world)
    now, settings = utc_now(), world.app.config["TANDEM"]
    with world.app.app_context():
        assert fail_lost(db.session, settings, now=now + timedelta(days=1)) == []  # its job waits
        deck = db.session.get_one(Deck, deck_id)
        deck.job_id = own_check(now)
        db.session.execute(sa.update(Job).where(Job.id == job_id).values(state="cancelled"))
        db.session.commit()
        assert (
            fail_lost(db.session, settings, now=now + timedelta(minutes=20)) == []
        )  # it may still be at work
        assert fail_lost(db.session, settings, now=now + timedelta(minutes=40)) == [deck_id]
        db.session.commit()
    state, _, error = stands(world, deck_id)
    assert state == "failed"
    assert "its process is gone" in (error or "")
