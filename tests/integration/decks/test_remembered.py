"""What an earlier file taught is shown as remembered, with who and when, and is asked again on demand."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db import db
from app.decks.models import Deck
from tests.integration.decks.world import World, make_world

ODD = "Ziel;Vorwahl;Preis;Takt;Gültig ab\nFrankreich;33;0,0123;1/1;03/04/2031\nItalien;39;0,0213;1/1;05/04/2031\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One file was read and approved; its order of dates had to be said."""
    made = make_world(tmp_path)
    first = made.sent(ODD, "first.csv", starts="rows")
    assert made.state(first) == "needs_mapping"
    answered = made.client.post(f"/decks/{first}/sheet", data={"date_order": "dmy"})
    assert answered.status_code == 302
    made.work()
    assert made.state(first) == "review"
    assert made.approve(first).status_code == 302
    return made


def text(world: World, deck: int, step: str) -> str:
    return " ".join(world.client.get(f"/decks/{deck}/{step}").get_data(as_text=True).split())


def test_a_layout_taken_by_itself_says_remembered_from_whom_and_when(world: World) -> None:
    deck = world.sent(ODD.replace("0,0123", "0,0120"), "second.csv", starts="rows")
    assert world.state(deck) == "review"
    for step in ("file", "sheet", "columns"):
        page = text(world, deck, step)
        assert 'Template <b class="text-wrap-any">first.csv</b>, confirmed by' in page, step
        assert world.user.email in page
        assert "Ask me again" in page
    assert ">remembered</span>" in text(world, deck, "columns")


def test_asked_again_the_layout_is_guessed_and_the_order_of_dates_comes_back_as_an_answer(
    world: World,
) -> None:
    deck = world.sent(ODD.replace("0,0123", "0,0120"), "second.csv", starts="rows")
    assert world.client.post(f"/decks/{deck}/ask-again", data={"what": "template"}).status_code == 302
    world.work()
    assert world.state(deck) == "review"
    assert "Template <b" not in text(world, deck, "columns")
    assert "% sure" in text(world, deck, "columns")
    page = text(world, deck, "sheet")
    assert 'Order of dates <b class="text-wrap-any">dmy</b>, confirmed by' in page
    assert world.client.post(f"/decks/{deck}/ask-again", data={"what": "date_order"}).status_code == 302
    world.work()
    assert world.state(deck) == "needs_mapping"
    assert "remembered</span>" not in text(world, deck, "sheet")


def test_what_a_person_says_otherwise_is_no_longer_remembered_but_stated(world: World) -> None:
    deck = world.sent(ODD.replace("0,0123", "0,0120"), "second.csv", starts="rows")
    world.client.post(f"/decks/{deck}/ask-again", data={"what": "template"})
    world.work()
    assert world.client.post(f"/decks/{deck}/sheet", data={"date_order": "mdy"}).status_code == 302
    world.work()
    assert "remembered</span>" not in text(world, deck, "sheet")
    with world.app.app_context():
        assert "date_order" not in db.session.get_one(Deck, deck).remembered


def test_nothing_that_was_not_remembered_can_be_asked_again(world: World) -> None:
    deck = world.sent(ODD.replace("0,0123", "0,0120"), "second.csv", starts="rows")
    assert world.client.post(f"/decks/{deck}/ask-again", data={"what": "declined"}).status_code == 404
    assert world.client.post(f"/decks/{deck}/ask-again", data={"what": "mode"}).status_code == 404
    assert world.approve(deck).status_code == 302
    assert world.client.post(f"/decks/{deck}/ask-again", data={"what": "template"}).status_code == 409
