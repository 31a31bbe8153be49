"""Money impact, traffic, pending changes and files going out: by page, API and command line."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import db
from app.decks.models import DeckTemplate, TrafficDay
from tests.integration.decks.command import tandem
from tests.integration.decks.world import DECK, World, make_world

TRAFFIC = "day,code,calls,minutes\n2026-11-18,447,1000,2000\n2026-11-19,447,500,1000\n2026-11-19,33,100,150\n"
DEARER = DECK.replace("0.0180", "0.0190")


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path)
    assert made.approve(made.sent(DECK)).status_code == 302
    return made


def send_traffic(world: World, text: str = TRAFFIC) -> Any:
    data = {"file": (io.BytesIO(text.encode()), "traffic.csv")}
    return world.client.post(
        f"/api/v1/products/{world.product.id}/traffic", data=data, content_type="multipart/form-data"
    )


def test_the_impact_prices_recorded_traffic_before_and_after(world: World) -> None:
    assert send_traffic(world).json["calls"] == 1600
    assert send_traffic(world).json["calls"] == 1600
    with world.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(TrafficDay)) == 3
    deck = world.sent(DEARER)
    answer = world.client.get(f"/api/v1/decks/{deck}/impact").json
    mobile = next(line for line in answer["lines"] if line["destination"] == "United Kingdom Mobile")
    # 3,000 minutes at 0.0180 and 0.0190; the increase is late, so both decks are compared once it applies.
    assert (mobile["old_cost"], mobile["new_cost"], mobile["delta"], mobile["percent"]) == (
        "54",
        "57",
        "3",
        "5.56",
    )
    assert answer["total"]["delta"] == "3"
    page = world.client.get(f"/decks/{deck}/impact").get_data(as_text=True)
    assert "United Kingdom Mobile" in page
    rows = list(csv.reader(io.StringIO(world.client.get(f"/decks/{deck}/impact.csv").get_data(as_text=True))))
    assert rows[0][4] == "Old cost (USD)"
    assert rows[-1][0] == "Total"
    assert rows[-1][6] == "3"


def test_a_pasted_profile_takes_the_place_of_traffic_with_names_spread_over_codes_and_a_margin(
    world: World,
) -> None:
    deck = world.sent(DEARER)
    text = "United Kingdom Mobile\t1000\t\t0.02\nNowhere\t5\n"
    assert world.client.put(f"/api/v1/decks/{deck}/profile", json={"text": text}).status_code == 200
    answer = world.client.get(f"/api/v1/decks/{deck}/impact").json
    assert answer["source"] == "profile"
    [line] = answer["lines"]
    assert (line["delta"], line["revenue"], line["new_margin"]) == ("1", "20", "1")
    assert answer["notes"] == ["Neither deck names Nowhere: left out."]
    assert "United Kingdom Mobile\t1000\t\t0.02" in world.client.get(f"/decks/{deck}/impact").get_data(
        as_text=True
    )
    bad = world.client.put(f"/api/v1/decks/{deck}/profile", json={"text": "447\t1\n33\tmany\n"})
    assert (bad.status_code, bad.json["detail"]) == (422, "line 2: “many” is not a number of minutes.")


def test_call_records_keep_only_the_decks_code_of_a_number(world: World) -> None:
    records = "id1;*rated;x;1001;+447911123456;2026-11-19 10:00:00;62;a;b;c\n"
    assert send_traffic(world, records).json["shape"] == "cgrates"
    with world.app.app_context():
        [row] = db.session.scalars(sa.select(TrafficDay)).all()
        assert (row.code, row.calls, row.seconds) == ("447", 1, 62)


def test_a_bad_traffic_file_changes_nothing_and_says_which_line(world: World) -> None:
    answer = send_traffic(world, TRAFFIC + "2026-11-19,abc,1,1\n")
    assert answer.status_code == 422
    assert "line 5" in answer.json["detail"]
    with world.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(TrafficDay)) == 0


def test_pending_changes_stand_in_the_calendar_and_in_the_rate_as_of_any_instant(world: World) -> None:
    text = DECK.replace("0.0050,60/60", "0.0040,60/60").replace("Increments\n", "Increments,Effective\n")
    text = text.replace("/1\n", "/1,2099-03-01\n").replace("/60\n", "/60,2099-03-01\n")
    world.approve(world.sent(text, mode="partial", starts="rows"))
    [instant] = world.client.get(f"/api/v1/products/{world.product.id}/calendar").json["instants"]
    assert (instant["at"], instant["counts"]) == ("2099-03-01T00:00:00+00:00", {"DECREASE": 1})
    assert "2099-03-01" in world.client.get(f"/products/{world.product.id}/calendar").get_data(as_text=True)
    for at, rate in (("2099-02-28T23:59:59", "0.0050"), ("2099-03-01T00:00", "0.0040")):
        page = world.client.get(f"/products/{world.product.id}/deck?at={at}&q=33123456789").get_data(
            as_text=True
        )
        assert "is priced by code" in page
        assert rate in page
    compared = world.client.get(
        f"/products/{world.product.id}/compare?a=2&b=2&a_at=2099-02-28&b_at=2099-03-02&format=csv"
    ).get_data(as_text=True)
    assert "33,France,DECREASE" in compared


def test_the_deck_goes_out_in_the_carriers_own_layout_and_comes_back_unchanged(
    world: World, tmp_path: Path
) -> None:
    own = (
        "Vorwahl;Zielgebiet;Preis;Takt\n44;United Kingdom;0,0040;1/1\n447;United Kingdom Mobile;0,0170;1/1\n"
    )
    own += "33;France;0,0050;60/60\n336;France Mobile;0,0210;1/1\n"
    world.approve(world.sent(own))
    with world.app.app_context():
        template = db.session.scalars(sa.select(DeckTemplate).order_by(DeckTemplate.id.desc())).first()
    assert template is not None
    text = world.client.get(f"/products/{world.product.id}/export.csv?layout={template.id}").get_data(
        as_text=True
    )
    assert text.splitlines()[:2] == ["Vorwahl;Zielgebiet;Preis;Takt", "33;France;0,005;60/60"]
    deck = world.sent(text)
    assert world.client.get(f"/api/v1/decks/{deck}").json["labels"] == {"UNCHANGED": 4}
    book = world.client.get(f"/products/{world.product.id}/export.xlsx?layout={template.id}").get_data()
    again = world.sent(book, "own.xlsx")
    assert world.client.get(f"/api/v1/decks/{again}").json["labels"] == {"UNCHANGED": 4}
    ended = tandem(
        tmp_path / "var", "deck", "send", world.product.id, "--since", "1", "--layout", template.id
    )
    assert ended.out.splitlines() == ["Vorwahl;Zielgebiet;Preis;Takt", "447;United Kingdom Mobile;0,017;1/1"]


def test_changes_only_name_closed_codes(world: World) -> None:
    less = DECK.replace("France Mobile,336,0.0210,1/1\n", "")
    deck = world.sent(less)
    world.approve(deck)
    if world.state(deck) != "approved":
        world.approve(deck, world.as_user(world.second))
    text = world.client.get(f"/api/v1/products/{world.product.id}/export?since=1").get_data(as_text=True)
    [_, row] = list(csv.reader(io.StringIO(text)))
    assert (row[0], row[1], row[-1]) == ("France Mobile", "336", "closed")


def test_the_command_line_records_traffic_and_prices_a_deck(world: World, tmp_path: Path) -> None:
    deck = world.sent(DEARER)
    file, var = tmp_path / "traffic.csv", tmp_path / "var"
    file.write_text(TRAFFIC)
    assert "1,600 calls" in tandem(var, "deck", "traffic", world.product.id, file).err
    ended = tandem(var, "deck", "impact", deck, "--json")
    assert ended.json["total"]["delta"] == "3"
    assert tandem(var, "deck", "calendar", world.product.id).err.startswith("Nothing is pending")


def test_another_carriers_layout_and_rate_card_are_not_to_be_had(world: World) -> None:
    deck = world.sent(DEARER)
    assert world.client.get(f"/api/v1/decks/{deck}/impact?card=99").status_code == 422
    other = world.as_user(world.other)
    with world.app.app_context():
        template = db.session.scalars(sa.select(DeckTemplate)).first()
    assert template is not None
    assert other.get(f"/deck-templates/{template.id}.toml").status_code == 404
    assert other.get(f"/api/v1/deck-rules/{world.seller.id}").status_code == 404
