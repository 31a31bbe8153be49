"""Rate notices over a real SMTP server: in the buyer's column order, acknowledged by their link, tried again when refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
import sqlalchemy as sa

import app.mail.jobs
import app.market.jobs
from app.clock import utc_now
from app.config import Mail
from app.db import db
from app.decks.models import DeckTemplate
from app.decks.service.manage_template import import_template
from app.decks.service.take_mail import Letter, take_mail
from app.mail.bounces import bounce_of
from app.mail.models import OutboxMail
from app.market.models import Purchase, RateNotice
from app.security.models import User
from tests.factories.app import NOW, actor_for, make_company, make_customer_trunk, make_user
from tests.factories.mail import Smtp, delivery_report, smtp_server
from tests.integration.decks.world import DECK, World, make_world

DEARER = (
    DECK.replace("0.0180", "0.0190")
    .replace("0.0050,60/60", "0.0045,60/60")
    .replace("France Mobile,336,0.0210,1/1\n", "")
)
LAYOUT = """
tandem_template = 1
name = "Halb Europa"
columns = ["Ziel", "Vorwahl", "Preis", "Bemerkung", "Gültig ab", "Status"]
[options]
decimal_mark = ","
date_order = "dmy"
[options.headers]
Ziel = "destination"
Vorwahl = "code"
Preis = "rate"
Bemerkung = "comment"
"Gültig ab" = "effective_from"
Status = "status"
"""


@pytest.fixture
def smtp() -> Iterator[Smtp]:
    with smtp_server() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, smtp: Smtp) -> World:
    made = make_world(tmp_path, mail=Mail(
        sender="rates@exchange.example", smtp_host="127.0.0.1", smtp_port=smtp.port, smtp_security="none",
    ))  # fmt: skip
    assert made.approve(made.sent(DECK)).status_code == 302
    return made


@pytest.fixture
def trader(world: World) -> User:
    """A buyer of the product; it reads decks in a layout of its own."""
    with world.app.app_context():
        company = make_company(db.session, "Bigbuy", buys=True)
        trunk = make_customer_trunk(db.session, company)
        person = make_user(db.session, company, "trader")
        db.session.add(
            Purchase(product_id=world.product.id, seller_id=world.seller.id, buyer_id=company.id, trunk_id=trunk.id,
                     state="accepted", note="", answer="", effective_from=NOW, created_at=NOW)
        )  # fmt: skip
        import_template(db.session, actor_for(person, company), company, LAYOUT, now=NOW)
        db.session.commit()
        return person


def publish(world: World) -> None:
    deck = world.sent(DEARER)
    world.approve(deck)
    world.approve(deck, world.as_user(world.second))
    assert world.state(deck) == "approved"
    for kind in ("rate.notify", "mail.send"):
        world.work(kind)


def parts(message: Message) -> dict[str, str]:
    """File name -> text; the body under ""."""
    return {
        part.get_filename() or "": (part.get_payload(decode=True) or b"").decode()  # type: ignore[union-attr]
        for part in message.walk()
        if not part.is_multipart()
    }


def the_mail(world: World) -> OutboxMail:
    with world.app.app_context():
        return db.session.scalars(sa.select(OutboxMail)).one()


def test_a_notice_comes_by_mail_in_the_buyer_s_column_order_and_is_acknowledged_by_its_link(
    world: World, trader: User, smtp: Smtp
) -> None:
    publish(world)
    [message] = smtp.messages
    assert message["To"] == trader.email
    found = parts(message)
    late = found["rate-changes.csv"].splitlines()[1:]
    assert sorted(line.split(",")[2] for line in late) == ["CLOSED", "DECREASE", "INCREASE"]
    head, *lines = found["rates-in-your-layout.csv"].splitlines()
    assert head.startswith("Ziel;Vorwahl;Preis;Bemerkung;Gültig ab;Status")
    assert [line.split(";")[:3] for line in lines if ";447;" in line] == [
        ["United Kingdom Mobile", "447", "0,019"]
    ]
    assert [line.split(";")[5] for line in lines if ";336;" in line] == ["closed"]
    link = re.search(r"http://127\.0\.0\.1:8080(/rate-notices/mail/\S+)", found[""])
    assert link is not None, found[""]
    stranger = world.app.test_client()
    assert "I have read it" in stranger.get(link[1]).get_data(as_text=True)
    [before] = world.as_user(trader).get("/api/v1/rate-notices").json["notices"]
    assert before["acknowledged_at"] is None  # a scanner that follows links has changed nothing
    assert stranger.post(link[1], data={"answer": "noted"}).status_code == 302
    assert "noted" in stranger.get(link[1]).get_data(as_text=True)
    [after] = world.client.get("/api/v1/rate-notices").json["notices"]
    assert (after["answer"], after["acknowledged_by"]) == ("noted", "Bigbuy")


def test_a_link_that_is_cut_or_whose_person_has_left_leads_nowhere(
    world: World, trader: User, smtp: Smtp
) -> None:
    publish(world)
    path = re.search(r"/rate-notices/mail/\S+", parts(smtp.messages[0])[""])
    assert path is not None
    stranger = world.app.test_client()
    assert stranger.get(path[0][:-2]).status_code == 404
    assert stranger.post(path[0] + "x").status_code == 404
    with world.app.app_context():
        db.session.get_one(User, trader.id).active = False
        db.session.commit()
    assert stranger.get(path[0]).status_code == 404


def test_a_busy_server_is_tried_again_by_the_worker_and_the_outbox_says_so(
    world: World, trader: User, smtp: Smtp
) -> None:
    smtp.refuse = "451 4.7.1 greylisted, come back"
    publish(world)
    mail = the_mail(world)
    assert (mail.state, mail.attempts, smtp.messages) == ("queued", 1, [])
    page = world.as_user(trader_owner(world)).get("/outbox").get_data(as_text=True)
    assert "451 4.7.1 greylisted" in page
    assert "tried again by itself" in page
    smtp.refuse = ""
    with world.app.app_context():
        row = db.session.scalars(sa.select(OutboxMail)).one()
        row.tried_at = utc_now() - timedelta(minutes=5)
        db.session.commit()
        app.mail.jobs.try_again()
    world.work("mail.send")
    assert the_mail(world).state == "sent"
    assert len(smtp.messages) == 1


def test_what_the_server_refuses_for_good_is_failed_and_sent_again_by_a_person(
    world: World, trader: User, smtp: Smtp
) -> None:
    smtp.refuse = "550 5.1.1 no such user"
    publish(world)
    assert (the_mail(world).state, the_mail(world).error) == ("failed", "550 5.1.1 no such user")
    owner = world.as_user(trader_owner(world))
    assert "Send again" in owner.get("/outbox").get_data(as_text=True)
    smtp.refuse = ""
    stranger = world.as_user(world.other)
    assert stranger.post(f"/outbox/{the_mail(world).id}/send").status_code == 404
    assert owner.post(f"/outbox/{the_mail(world).id}/send").status_code == 302
    world.work("mail.send")
    assert the_mail(world).state == "sent"
    assert owner.post(f"/outbox/{the_mail(world).id}/send").status_code == 409


def trader_owner(world: World) -> User:
    """An owner of the buyer, who may see its outbox; written to like the trader, but joined after the notice."""
    with world.app.app_context():
        buyer_id = db.session.scalars(
            sa.select(DeckTemplate.company_id).where(DeckTemplate.name == "Halb Europa")
        ).one()
        company = db.session.get_one(type(world.seller), buyer_id)
        company.sells = True  # a pure buyer has no deck desk
        db.session.commit()
        return make_user(db.session, company, "owner")


def test_a_notice_that_came_back_says_so_to_both_sides(world: World, trader: User) -> None:
    publish(world)
    with world.app.app_context():
        mail = db.session.scalars(sa.select(OutboxMail)).one()
        report = message_from_bytes(delivery_report(mail.message_id, mail.recipient))
        letter = Letter("<r@mx>", "mailer-daemon@mx.example", "Returned", (), bounce=bounce_of(report))
        take_mail(db.session, world.app.config["TANDEM"], letter, now=utc_now())
        db.session.commit()
        notice_id, recipient = db.session.scalars(sa.select(RateNotice.id)).one(), mail.recipient
    sellers = world.client.get(f"/rate-notices/{notice_id}").get_data(as_text=True)
    assert "1 of 1 message about this notice did not arrive" in sellers
    assert recipient not in sellers  # whom the buyer employs is the buyer's
    buyers = world.as_user(trader).get(f"/rate-notices/{notice_id}").get_data(as_text=True)
    assert "550 5.1.1 No such user" in buyers
