"""A carrier's rules: auto-accept within limits, thresholds, remembered answers, templates, late rows, rate notices."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import app.mail.jobs
import app.market.jobs  # noqa: F401  (registers rate.notify, as the worker does)
from app.audit.models import AuditEvent
from app.clock import utc_now
from app.db import db
from app.decks.models import Deck, DeckTemplate, DeckVersion
from app.mail.models import OutboxMail
from app.market.models import Purchase, RateNotice
from tests.factories.app import NOW, make_company, make_customer_trunk, make_user
from tests.integration.decks.world import DECK, World, make_world

CHEAPER = DECK.replace("0.0180", "0.0170")
DEARER = DECK.replace("0.0180", "0.0190")
HEAD = "Destination,Code,Rate,Increments\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path)
    first = made.sent(DECK)
    assert made.approve(first).status_code == 302
    return made


def rule(world: World, **fields: Any) -> None:
    data = {"enabled": "y", "ways": ["web", "api"], "decreases_only": "y", "max_closed": "0", **fields}
    answer = world.client.post(f"/deck-rules/{world.seller.id}/auto", data=data)
    assert answer.status_code == 302


def events(world: World, action: str) -> list[AuditEvent]:
    with world.app.app_context():
        return list(
            db.session.scalars(
                sa.select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)
            )
        )


def test_a_deck_within_the_rule_comes_into_force_by_itself_and_the_history_says_by_which_rule(
    world: World,
) -> None:
    rule(world, max_percent="10")
    deck = world.sent(CHEAPER)
    assert world.state(deck) == "approved"
    with world.app.app_context():
        version = db.session.scalars(sa.select(DeckVersion).where(DeckVersion.deck_id == deck)).one()
        assert version.created_by is None
        assert version.rule == "only decreases, changes within 10 %, no closings, any new codes, no warnings"
    assert events(world, "deck.approve")[-1].after["rule"].startswith("only decreases")
    assert "the carrier&#39;s rule" in world.client.get(f"/products/{world.product.id}/decks").get_data(
        as_text=True
    )


@pytest.mark.parametrize(
    ("text", "fields", "why"),
    [
        (DEARER, {}, "1 prices rise."),
        (
            DECK.replace("0.0180", "0.0090"),
            {"max_percent": "10"},
            "A price changes by 50.00 %; the rule allows 10 %.",
        ),
        (
            DECK.replace("France Mobile,336,0.0210,1/1\n", ""),
            {},
            "1 codes close or are blocked; the rule allows 0.",
        ),
        (DECK + "Italy,39,0.01,1/1\n", {"max_new": "0"}, "1 codes are new; the rule allows 0."),
        (CHEAPER, {"ways": ["mail"]}, "Decks that come by web are not accepted by themselves."),
    ],
)
def test_a_deck_beyond_the_rule_waits_for_a_person_with_the_reason_on_record(
    world: World, text: str, fields: dict[str, Any], why: str
) -> None:
    rule(world, **fields)
    assert world.state(world.sent(text)) == "review"
    assert why in events(world, "deck.auto_hold")[-1].after["against"]


def test_thresholds_of_the_carrier_decide_when_a_second_person_is_needed(world: World) -> None:
    answer = world.client.post(
        f"/deck-rules/{world.seller.id}/checks", data={"number-changes_pct": "20", "number-jump_factor": "10"}
    )
    assert answer.status_code == 302
    deck = world.sent(DEARER)
    summary = world.client.get(f"/api/v1/decks/{deck}").json
    assert summary["needs_second_person"] is True
    assert "limit 20 %" in summary["second_person_reasons"][0]


def test_a_threshold_out_of_range_changes_nothing(world: World) -> None:
    page = world.client.post(
        f"/deck-rules/{world.seller.id}/checks", data={"number-changes_pct": "101"}, follow_redirects=True
    ).get_data(as_text=True)
    assert "101 is not between 0 and 100" in page
    assert events(world, "deck_policy.change") == []


def test_late_rows_are_postponed_accepted_or_left_out_one_by_one(world: World) -> None:
    text = DECK.replace("0.0180", "0.0190").replace("0.0210", "0.0230").replace("0.0040", "0.0050")
    deck = world.sent(text)
    diff = {
        row["code"]: row for row in world.client.get(f"/api/v1/decks/{deck}/diff?label=LATE").json["rows"]
    }
    assert set(diff) == {"447", "336", "44"}
    for code, choice in (("447", "accept"), ("336", "reject")):
        assert (
            world.client.post(f"/decks/{deck}/late", data={"code": code, "choice": choice}).status_code == 302
        )
        world.work()
    with world.app.app_context():
        assert db.session.get_one(Deck, deck).options["late_codes"] == {"447": "accept", "336": "reject"}
    rows = {
        row["code"]: row for row in world.client.get(f"/api/v1/decks/{deck}/diff?label=LATE").json["rows"]
    }
    assert rows["447"]["effective_from"] == rows["447"]["asked_from"]
    assert rows["44"]["effective_from"] > rows["44"]["asked_from"]
    assert rows["336"]["effective_from"] is None
    world.approve(deck)
    if world.state(deck) != "approved":  # 75 % of the rates change
        world.approve(deck, world.as_user(world.second))
    prices = {
        row["code"]: row["rate"]
        for row in world.client.get(f"/api/v1/products/{world.product.id}/deck").json["rows"]
    }
    assert prices == {"44": "0.004", "447": "0.019", "33": "0.005", "336": "0.021"}
    assert events(world, "deck.approve")[-1].after["late_codes"] == {"447": "accept", "336": "reject"}


def test_one_decision_for_all_late_rows_replaces_those_made_one_by_one(world: World) -> None:
    deck = world.sent(DEARER)
    world.client.post(f"/decks/{deck}/late", data={"code": "447", "choice": "accept"})
    world.work()
    world.client.post(f"/decks/{deck}/late", data={"all": "reject"})
    world.work()
    [row] = world.client.get(f"/api/v1/decks/{deck}/diff?label=LATE").json["rows"]
    assert (row["code"], row["effective_from"]) == ("447", None)


def test_an_ambiguous_date_is_asked_once_and_the_answer_used_for_the_carriers_next_file(world: World) -> None:
    def dated(day: str, heads: str = "Destination,Code,Rate,Start") -> str:
        return f"{heads}\nFrance,33,0.004,{day}\nItaly,39,0.004,{day}\n"

    deck = world.sent(dated("03/04/2099"), mode="partial")
    assert world.state(deck) == "needs_mapping"
    world.client.put(f"/api/v1/decks/{deck}/options", json={"date_order": "dmy"})
    world.work()
    assert world.state(deck) == "review"
    world.approve(deck)
    other = world.sent(dated("05/06/2099", "Area,Prefix,Price,From date"), mode="partial")
    assert world.state(other) != "needs_mapping"
    page = world.client.get(f"/deck-rules/{world.seller.id}").get_data(as_text=True)
    assert "Order of dates" in page
    world.client.post(f"/deck-rules/{world.seller.id}/forget", data={"question": "date_order"})
    third = world.sent(dated("07/08/2099", "Zone,Dial code,Price,Valid from"), mode="partial")
    assert world.state(third) == "needs_mapping"


def test_a_template_goes_out_as_toml_and_comes_in_at_another_carrier(world: World) -> None:
    with world.app.app_context():
        template = db.session.scalars(sa.select(DeckTemplate)).one()
    text = world.client.get(f"/deck-templates/{template.id}.toml").get_data(as_text=True)
    assert 'columns = [\n    "Destination",\n    "Code",' in text
    other = world.as_user(world.other)
    with world.app.app_context():
        rival = world.other.company_id
    sent = other.post(
        f"/deck-rules/{rival}/templates", data={"file": (io.BytesIO(text.encode()), "t.toml")},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert sent.status_code == 302
    with world.app.app_context():
        mine, theirs = db.session.scalars(sa.select(DeckTemplate).order_by(DeckTemplate.id)).all()
        assert theirs.company_id == rival
        assert (theirs.options, theirs.columns, theirs.fingerprint) == (
            mine.options,
            mine.columns,
            mine.fingerprint,
        )
    page = other.get(f"/deck-rules/{rival}").get_data(as_text=True)
    assert "Destination · Code · Rate · Increments" in page


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = [", "This is not TOML"),
        ("name = 'x'", "tandem_template = 1"),
        (
            "tandem_template = 1\nname = 'x'\ncolumns = ['a']\n[options]\nspeed = 3\n",
            "The options do not fit",
        ),
        (
            "tandem_template = 1\nname = 'x'\ncolumns = ['a']\n[options.headers]\na = 'price of tea'\n",
            "There is no field",
        ),
    ],
)
def test_a_bad_template_is_refused_with_the_reason(world: World, text: str, says: str) -> None:
    page = world.client.post(
        f"/deck-rules/{world.seller.id}/templates", data={"toml": text}, follow_redirects=True
    ).get_data(as_text=True)
    assert says in page


def test_a_file_without_headings_is_known_again_by_its_shape(world: World) -> None:
    bare = "United Kingdom,44,0.0041,1/1\nFrance,33,0.0051,1/1\n"
    deck = world.sent(bare, mode="partial")
    options = {"header_row": 0, "mapping": {"0": "destination", "1": "code", "2": "rate", "3": "increments"}}
    world.client.put(f"/api/v1/decks/{deck}/options", json=options)
    world.work()
    assert world.state(deck) == "review", world.client.get(f"/api/v1/decks/{deck}").json["problems"]
    world.approve(deck)
    if world.state(deck) != "approved":
        world.approve(deck, world.as_user(world.second))
    again = world.sent(bare.replace("0.0041", "0.0039"), mode="partial")
    assert world.state(again) == "review"
    with world.app.app_context():
        assert db.session.get_one(Deck, again).template_id is not None


def buyer(world: World) -> Any:
    """A company that bought the product."""
    with world.app.app_context():
        company = make_company(db.session, "Bravo Calls", buys=True)
        trunk = make_customer_trunk(db.session, company)
        person = make_user(db.session, company, "trader")
        db.session.add(
            Purchase(product_id=world.product.id, seller_id=world.seller.id, buyer_id=company.id, trunk_id=trunk.id,
                     state="accepted", note="", answer="", effective_from=NOW, created_at=NOW)
        )  # fmt: skip
        db.session.commit()
        return person


def test_buyers_hear_of_a_new_version_and_acknowledge_it_once(world: World) -> None:
    person = buyer(world)
    deck = world.sent(DEARER)
    world.approve(deck)
    world.work("rate.notify")
    world.work("rate.notify")
    client = world.as_user(person)
    [notice] = client.get("/api/v1/rate-notices").json["notices"]
    assert notice["counts"] == {"INCREASE": 1}
    assert notice["first_change"] > utc_now().isoformat()  # postponed by the agreement's seven days
    [change] = client.get(f"/api/v1/rate-notices/{notice['id']}").json["changes"]
    assert (change["code"], change["old_rate"], change["new_rate"]) == ("447", "0.018", "0.019")
    with world.app.app_context():
        mail = db.session.scalars(sa.select(OutboxMail)).one()
        assert (mail.recipient, mail.state) == (person.email, "kept")
        assert "447,United Kingdom Mobile,INCREASE,USD,0.018,0.019" in mail.attachments[0]["text"]
    assert world.client.post(f"/rate-notices/{notice['id']}/acknowledge").status_code in (403, 404)
    for _ in range(2):
        assert (
            client.post(f"/rate-notices/{notice['id']}/acknowledge", data={"answer": "seen"}).status_code
            == 302
        )
    with world.app.app_context():
        kept = db.session.scalars(sa.select(RateNotice)).one()
        assert (kept.acknowledged_by, kept.answer) == (person.id, "seen")
    assert len(events(world, "rate_notice.acknowledge")) == 1
    assert "acknowledged" in world.client.get("/rate-notices").get_data(as_text=True)


def test_nobody_is_told_of_a_version_that_changes_nothing_for_them(world: World) -> None:
    person = buyer(world)
    deck = world.sent(DECK.replace("France Mobile", "France mobile phones"))
    world.approve(deck)
    world.work("rate.notify")
    assert world.as_user(person).get("/api/v1/rate-notices").json["notices"] == []
