"""Decks by mail: a real IMAP server (Dovecot) and a real SMTP server on loopback; only the carriers are played."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import app.mail.jobs  # noqa: F401  (registers mail.send, as the worker does)
from app.clock import utc_now
from app.config import Mail
from app.db import db
from app.decks.mailbox import BATCH
from app.decks.models import Arrival, Deck, DeckPolicy
from app.jobs.models import Job
from app.jobs.service import enqueue
from app.mail.models import OutboxMail
from tests.factories.mail import (
    DOVECOT,
    PASSWORD,
    USER,
    Imap,
    Smtp,
    deck_mail,
    delivery_report,
    dovecot,
    smtp_server,
)
from tests.integration.decks.world import DECK, World, make_world

pytestmark = pytest.mark.skipif(DOVECOT is None, reason="needs Dovecot (apt-get install dovecot-imapd)")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imap]:
    with dovecot(tmp_path_factory.mktemp("imap")) as running:
        yield running


@pytest.fixture
def smtp() -> Iterator[Smtp]:
    with smtp_server() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, server: Imap, smtp: Smtp) -> World:
    """Acme's sender is known; the mailbox is emptied of what tests before left (they are marked as taken)."""
    mail = Mail(
        sender="rates@exchange.example", smtp_host="127.0.0.1", smtp_port=smtp.port, smtp_security="none",
        imap_host="127.0.0.1", imap_port=server.port, imap_security="none", imap_user=USER, imap_password=PASSWORD,
    )  # fmt: skip
    made = make_world(tmp_path, mail=mail)
    with made.app.app_context():
        db.session.add(
            DeckPolicy(company_id=made.seller.id, thresholds={}, auto_accept={}, answers={"mode": "full"},
                       senders=["rates@acme.example"], acd_seconds=180, created_at=utc_now())
        )  # fmt: skip
        db.session.commit()
    return made


@pytest.fixture(scope="module")
def plain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imap]:
    with dovecot(tmp_path_factory.mktemp("imap"), keywords=False) as running:
        yield running


def test_a_mailbox_that_keeps_no_keywords_is_read_once_and_to_its_end(
    tmp_path: Path, plain_server: Imap
) -> None:
    mail = Mail(
        imap_host="127.0.0.1", imap_port=plain_server.port, imap_security="none", imap_user=USER, imap_password=PASSWORD,
    )  # fmt: skip
    world = make_world(tmp_path, mail=mail)
    with plain_server.reading() as box:
        assert b"\\*" not in box.response("PERMANENTFLAGS")[1][0]
    for number in range(60):
        body = DATED.replace("0.0180", f"0.0{100 + number}")
        plain_server.deliver(
            deck_mail(
                "who@stranger.example", "rates", {"x.csv": body.encode()}, message_id=f"<old{number}@x>"
            )
        )
    assert messages(world) == BATCH
    assert messages(world) == 60 - BATCH
    assert [one.message_id for one in arrivals(world)] == [f"<old{number}@x>" for number in range(60)]
    assert messages(world) == 0  # nothing is read again

    with plain_server.reading() as box:  # a person reads the mailbox too
        box.store("1:*", "+FLAGS", "\\Seen")
    plain_server.deliver(
        deck_mail("who@stranger.example", "rates", {"x.csv": DATED.encode()}, message_id="<new@x>")
    )
    with plain_server.reading() as box:
        box.store("1:*", "+FLAGS", "\\Seen")
    assert messages(world) == 1
    assert [one.message_id for one in arrivals(world)][60:] == ["<new@x>"]

    # Killed between the commit and the note, or the note is lost: everything is read again, nothing is taken twice.
    place = Path(world.app.config["TANDEM"].data_dir) / "mailbox.json"
    place.write_text('{"mailbox": "half')
    assert messages(world) + messages(world) == 61
    assert len(arrivals(world)) == 61
    assert messages(world) == 0


def messages(world: World) -> int:
    """How many messages one look reads."""
    with world.app.app_context():
        asked = enqueue(db.session, "deck.mail", title="look", now=utc_now())
        db.session.commit()
        job_id = asked.id
    world.work("deck.mail")
    with world.app.app_context():
        job = db.session.get_one(Job, job_id)
        assert job.state == "done", job.error
        return int(job.result["messages"])


def look(world: World) -> None:
    """What the timer asks for, and all that follows from it."""
    with world.app.app_context():
        enqueue(db.session, "deck.mail", title="look", now=utc_now())
        db.session.commit()
    for kind in ("deck.mail", "deck.check", "mail.send"):
        world.work(kind)


def arrivals(world: World) -> list[Arrival]:
    with world.app.app_context():
        return list(db.session.scalars(sa.select(Arrival).order_by(Arrival.id)))


DATED = (
    DECK.replace("Increments", "Increments,Effective")
    .replace("/1\n", "/1,2099-01-01\n")
    .replace("/60\n", "/60,2099-01-01\n")
)


def test_a_known_senders_deck_is_checked_and_the_sender_hears_of_it(
    world: World, server: Imap, smtp: Smtp
) -> None:
    server.deliver(deck_mail("Acme Rates <rates@acme.example>", "December, full A-Z", {"acme.csv": DATED.encode()},
                             message_id="<known@acme.example>"))  # fmt: skip
    look(world)
    [arrival] = arrivals(world)
    assert (arrival.state, arrival.way, arrival.sender) == ("taken", "mail", "rates@acme.example")
    with world.app.app_context():
        deck = db.session.get_one(Deck, arrival.deck_id)
        assert (deck.source, deck.state, deck.options["mode"]) == ("mail", "review", "full")
    [answer] = smtp.messages
    assert answer["To"] == "rates@acme.example"
    assert answer["In-Reply-To"] == "<known@acme.example>"
    assert "waits for a person's approval" in answer.get_payload(decode=True).decode()
    assert "TandemTaken" in server.flags()[-1]


def test_the_same_message_read_twice_is_one_deck_and_one_answer(
    world: World, server: Imap, smtp: Smtp
) -> None:
    message = deck_mail(
        "rates@acme.example", "full", {"acme.csv": DATED.encode()}, message_id="<twice@acme.example>"
    )
    server.deliver(message)
    look(world)
    server.deliver(message)  # the mark was lost: a kill between our commit and the flag
    look(world)
    assert [one.state for one in arrivals(world)] == ["taken"]
    with world.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Deck)) == 1
    assert len(smtp.messages) == 1


def test_an_unknown_senders_file_waits_unparsed_and_unanswered_until_a_person_releases_it(
    world: World, server: Imap, smtp: Smtp
) -> None:
    server.deliver(deck_mail("who@stranger.example", "rates", {"x.csv": DATED.encode()}, message_id="<s@x>"))
    look(world)
    [arrival] = arrivals(world)
    assert (arrival.state, arrival.deck_id) == ("quarantined", None)
    assert "who@stranger.example belongs to no carrier" in arrival.reason
    assert smtp.messages == []
    with world.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Deck)) == 0
        boss = operator_client(world)
    page = boss.get("/decks?state=quarantined").get_data(as_text=True)
    assert "x.csv" in page
    sent = boss.post(f"/arrivals/{arrival.id}/release", data={"product": world.product.id, "mode": "full"})
    assert sent.status_code == 302, sent.get_data(as_text=True)[-1500:]
    world.work()
    [arrival] = arrivals(world)
    assert arrival.state == "taken"
    assert arrival.company_id == world.seller.id
    assert world.state(arrival.deck_id) == "review"


def operator_client(world: World) -> Any:
    from tests.factories.app import make_company, make_user

    company = make_company(db.session, "The Exchange", is_operator=True)
    return world.as_user(make_user(db.session, company, "operator"))


def test_a_refused_deck_is_answered_with_its_bad_rows(world: World, server: Imap, smtp: Smtp) -> None:
    bad = DATED.replace("0.0180", "-1")
    server.deliver(deck_mail("rates@acme.example", "full", {"bad.csv": bad.encode()}, message_id="<bad@x>"))
    look(world)
    [answer] = smtp.messages
    parts = list(answer.walk())
    assert "It was refused: nothing of it applies" in parts[1].get_payload(decode=True).decode()
    assert parts[2].get_filename() == "problems.csv"
    assert "rate_negative" in parts[2].get_payload(decode=True).decode()


def test_a_message_without_deck_is_answered_and_one_the_server_doubts_is_held(
    world: World, server: Imap, smtp: Smtp
) -> None:
    server.deliver(deck_mail("rates@acme.example", "hello", {}, message_id="<none@x>"))
    server.deliver(
        deck_mail("rates@acme.example", "full", {"a.csv": DATED.encode()}, message_id="<forged@x>",
                  Authentication_Results="mx.exchange.example; dmarc=fail header.from=acme.example")
    )  # fmt: skip
    look(world)
    none, forged = arrivals(world)
    assert (none.state, forged.state) == ("refused", "quarantined")
    assert "doubts" in forged.reason
    assert [one["In-Reply-To"] for one in smtp.messages] == ["<none@x>"]


def test_a_bomb_by_mail_is_refused_by_the_same_jail(world: World, server: Imap, smtp: Smtp) -> None:
    server.deliver(
        deck_mail(
            "rates@acme.example", "full", {"b.xlsx": b"PK\x03\x04" + b"\0" * 200}, message_id="<bomb@x>"
        )
    )
    look(world)
    [arrival] = arrivals(world)
    assert world.state(arrival.deck_id) == "rejected"
    assert len(smtp.messages) == 1


def test_an_answer_the_mail_server_puts_off_is_sent_later(world: World, server: Imap, smtp: Smtp) -> None:
    smtp.refuse = "451 4.7.1 greylisted"
    server.deliver(deck_mail("rates@acme.example", "full", {"g.csv": DATED.encode()}, message_id="<grey@x>"))
    look(world)
    with world.app.app_context():
        mail = db.session.scalars(sa.select(OutboxMail)).one()
        assert (mail.state, mail.attempts) == ("queued", 1)
        assert "greylisted" in mail.error
        smtp.refuse = ""
        enqueue(db.session, "mail.send", title="again", arguments={"mail_id": mail.id}, now=utc_now())
        db.session.commit()
    world.work("mail.send")
    assert len(smtp.messages) == 1
    world.work("mail.send")
    assert len(smtp.messages) == 1


def test_a_wrong_password_fails_the_look_with_a_hint_and_takes_nothing(tmp_path: Path, server: Imap) -> None:
    mail = Mail(
        imap_host="127.0.0.1", imap_port=server.port, imap_security="none", imap_user=USER, imap_password="no"
    )
    world = make_world(tmp_path, mail=mail)
    look(world)
    with world.app.app_context():
        job = db.session.scalars(sa.select(Job).where(Job.kind == "deck.mail")).one()
        assert job.state == "failed"
        assert "mail.imap_" in job.error
    assert arrivals(world) == []


def test_a_delivery_report_is_put_down_on_the_message_it_is_about(world: World, server: Imap) -> None:
    server.deliver(
        deck_mail("rates@acme.example", "rates", {"x.csv": DATED.encode()}, message_id="<bounced-1@acme>")
    )
    look(world)
    with world.app.app_context():
        mail = db.session.scalars(sa.select(OutboxMail)).one()
        assert mail.state == "sent"
        mail_id, message_id = mail.id, mail.message_id

    def stands() -> tuple[str, str]:
        with world.app.app_context():
            found = db.session.get_one(OutboxMail, mail_id, populate_existing=True)
            return found.state, found.error

    server.deliver(delivery_report("<nobody@knows>", "rates@acme.example"))
    server.deliver(delivery_report(message_id, "somebody@else.example"))
    look(world)
    assert stands() == ("sent", "")
    server.deliver(delivery_report(message_id, "rates@acme.example", action="delayed", words="451 Try later"))
    look(world)
    assert stands() == ("sent", "Delivery is late: 451 Try later")
    server.deliver(delivery_report(message_id, "Rates@Acme.example"))
    look(world)
    assert stands() == ("failed", "Returned by the receiving server: 550 5.1.1 No such user")
    reports = [one for one in arrivals(world) if one.state == "dropped"]
    assert len(reports) == 4
    assert "“Re: rates” to rates@acme.example: 550 5.1.1 No such user" in reports[-1].reason
    assert reports[-1].replied_at is None
    page = world.client.get("/outbox").get_data(as_text=True)
    assert "550 5.1.1 No such user" in page
