"""Webhooks: only the public internet is called, messages are signed, tried again, sent again on wish, and logged."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
from apiflask import APIFlask

from app.carriers.models import Company
from app.config import Hooks, Mail
from app.db import db
from app.errors import Conflict, Invalid, NotFound
from app.hooks.models import Attempt, Delivery, Happening, Webhook
from app.hooks.service.deliver import AGAIN_S, deliver
from app.hooks.service.digest import mail_news, wish_of
from app.hooks.service.keep_webhook import keep_webhook, replay, switch_webhook, try_webhook
from app.hooks.service.tell import tell
from app.hooks.signing import HEADER, genuine, secret_of
from app.hooks.target import checked_url, post
from app.mail.models import OutboxMail
from app.security.actor import Actor
from tests.factories import app as make
from tests.factories.app import NOW

KEY, LOOPBACK = "k" * 40, ("127.0.0.0/8",)


class Receiver:
    """A server on the loopback that answers as it is told and keeps what it got."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                status = outer.answers.pop(0) if outer.answers else 204
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/in?x=1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[APIFlask]:
    made = make.make_app(tmp_path, hooks=Hooks(allowed_networks=LOOPBACK))
    with made.app_context():
        yield made
        db.session.close()
        db.engine.dispose()


def person(name: str = "Acme") -> Actor:
    company = make.make_company(db.session, name, sells=True, buys=True)
    return make.actor_for(make.make_user(db.session, company), company)


def hooked(who: Actor, url: str, *kinds: str) -> Webhook:
    hook = keep_webhook(db.session, who, url, kinds, allowed=LOOPBACK, now=NOW)
    db.session.commit()
    return hook


def run(at: datetime) -> int:
    return deliver(
        db.session, KEY, allowed=LOOPBACK, timeout_s=5, now=at, clock=lambda: at, jitter=lambda: 0.0
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/", "https://127.0.0.1/", "https://10.0.0.8/x", "https://169.254.169.254/latest/meta-data",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[2002:7f00:1::]/", "https://0.0.0.0/",
        "https://localhost/", "https://printer.local/", "https://intranet/", "https://hooks.example.com:25/", "ftp://hooks.example.com/",
        "https://user:word@hooks.example.com/", "https://hooks.example.com/#part", "https://224.0.0.1/", "https://100.64.0.1/",
        "https:///x", "javascript:alert(1)", "https://hooks.example.com/a\r\nX: y", "https://192.168.1.1/",
    ],
)  # fmt: skip
def test_addresses_off_the_public_internet_are_refused(url: str) -> None:
    with pytest.raises(Invalid):
        checked_url(url)


def test_a_public_https_address_is_taken() -> None:
    assert checked_url("https://hooks.example.com/tandem?a=b").hostname == "hooks.example.com"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fd00::1", "169.254.169.254"])
def test_a_name_that_leads_inside_is_not_called(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "app.hooks.target.socket.getaddrinfo",
        lambda *_, **__: [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", (address, 443))],
    )
    answer = post("https://hooks.example.com/", b"{}", {})
    assert answer.status == 0
    assert "not on the public internet" in answer.fault


def test_a_message_is_signed_and_logged(app: APIFlask, receiver: Receiver) -> None:
    who = person()
    hook = hooked(who, receiver.url)
    told = tell(
        db.session, who.company_id, "deal.accept", "Deal 7: the seller accepted", data={"deal_id": 7}, now=NOW
    )
    db.session.commit()
    assert run(NOW) == 1
    headers, body = receiver.got[0]
    secret = secret_of(KEY, hook.id, hook.salt)
    seconds = int(NOW.timestamp())
    assert genuine(secret, headers[HEADER], body, seconds)
    assert not genuine(secret, headers[HEADER], body + b" ", seconds)
    assert not genuine(secret, headers[HEADER], body, seconds + 301)
    assert not genuine(secret_of(KEY, hook.id, "other"), headers[HEADER], body, seconds)
    assert json.loads(body) == {
        "id": told.id, "kind": "deal.accept", "at": NOW.isoformat(), "text": told.text, "data": {"deal_id": 7},
    }  # fmt: skip
    assert headers["Tandem-Event"] == str(told.id)
    delivery = db.session.scalars(sa.select(Delivery)).one()
    attempt = db.session.scalars(sa.select(Attempt)).one()
    assert (delivery.state, attempt.status, attempt.fault) == ("delivered", 204, "")
    assert run(NOW + timedelta(days=1)) == 0


def test_only_the_groups_it_is_kept_for_reach_a_webhook_and_only_its_own_company(
    app: APIFlask, receiver: Receiver
) -> None:
    who, other = person(), person("Bravo")
    hooked(who, receiver.url, "agreement")
    tell(db.session, who.company_id, "deal.offer", "no", now=NOW)
    tell(db.session, other.company_id, "agreement.conclude", "no", now=NOW)
    tell(db.session, who.company_id, "agreement.conclude", "yes", now=NOW)
    db.session.commit()
    assert run(NOW) == 1
    assert json.loads(receiver.got[0][1])["text"] == "yes"


def test_a_failing_receiver_is_tried_again_later_and_later_then_given_up(
    app: APIFlask, receiver: Receiver
) -> None:
    who = person()
    hook = hooked(who, receiver.url)
    tell(db.session, who.company_id, "deal.offer", "x", now=NOW)
    db.session.commit()
    receiver.answers = [500] * 20
    at = NOW
    for wait in AGAIN_S:
        assert run(at) == 1
        assert run(at + timedelta(seconds=wait - 1)) == 0, "too early"
        at += timedelta(seconds=wait)
    assert run(at) == 1
    delivery = db.session.scalars(sa.select(Delivery)).one()
    assert (delivery.state, delivery.tries) == ("given_up", len(AGAIN_S) + 1)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Attempt)) == len(AGAIN_S) + 1
    assert {headers["Tandem-Event"] for headers, _ in receiver.got} == {str(delivery.happening_id)}
    receiver.answers = []
    replay(db.session, who, delivery.id, now=at)
    db.session.commit()
    assert run(at) == 1
    db.session.refresh(delivery)
    assert delivery.state == "delivered"
    assert hook.enabled


def test_a_redirect_is_not_followed_and_a_closed_port_is_a_fault(app: APIFlask, receiver: Receiver) -> None:
    receiver.answers = [302]
    assert post(receiver.url, b"{}", {}, allowed=LOOPBACK).fault == "answered 302"
    receiver.server.shutdown()
    receiver.server.server_close()
    gone = post(receiver.url, b"{}", {}, allowed=LOOPBACK, timeout_s=1)
    assert gone.status == 0
    assert gone.fault


def test_a_claim_of_a_killed_worker_is_taken_up_again(app: APIFlask, receiver: Receiver) -> None:
    who = person()
    hooked(who, receiver.url)
    tell(db.session, who.company_id, "deal.offer", "x", now=NOW)
    delivery = db.session.scalars(sa.select(Delivery)).one()
    delivery.state, delivery.next_at = "sending", NOW + timedelta(minutes=2)
    db.session.commit()
    assert run(NOW + timedelta(minutes=1)) == 0
    assert run(NOW + timedelta(minutes=2)) == 1
    assert len(receiver.got) == 1


def test_nothing_goes_to_a_webhook_that_is_switched_off(app: APIFlask, receiver: Receiver) -> None:
    who = person()
    hook = hooked(who, receiver.url)
    switch_webhook(db.session, who, hook.id, enabled=False, now=NOW)
    tell(db.session, who.company_id, "deal.offer", "x", now=NOW)
    db.session.commit()
    assert run(NOW) == 0
    assert receiver.got == []


def test_a_test_message_reaches_a_webhook_whatever_it_is_kept_for(app: APIFlask, receiver: Receiver) -> None:
    who, stranger = person(), person("Bravo")
    hook = hooked(who, receiver.url, "rate")
    with pytest.raises(NotFound):
        try_webhook(db.session, stranger, hook.id, now=NOW)
    delivery = try_webhook(db.session, who, hook.id, now=NOW)
    db.session.commit()
    with pytest.raises(Conflict):
        replay(db.session, who, delivery.id, now=NOW)
    assert run(NOW) == 1
    assert json.loads(receiver.got[0][1])["kind"] == "test.webhook"


def test_news_go_out_once_a_day_and_nothing_twice(app: APIFlask) -> None:
    who = person()
    wish_of(db.session, who.user_id or 0)
    for number in range(3):
        tell(db.session, who.company_id, "deal.offer", f"thing {number}", href=f"/deals/{number}", now=NOW)
    db.session.commit()
    assert mail_news(db.session, Mail(), now=NOW) == 1
    tell(db.session, who.company_id, "deal.offer", "thing 3", now=NOW)
    assert mail_news(db.session, Mail(), now=NOW + timedelta(hours=23)) == 0
    assert mail_news(db.session, Mail(), now=NOW + timedelta(hours=24)) == 1
    db.session.commit()
    first, second = db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id)).all()
    assert [f"thing {n}" in first.text for n in range(4)] == [True, True, True, False]
    assert second.subject == "thing 3"
    wish_of(db.session, who.user_id or 0).mail = "never"
    tell(db.session, who.company_id, "deal.offer", "thing 4", now=NOW)
    assert mail_news(db.session, Mail(), now=NOW + timedelta(days=5)) == 0


def test_what_concerns_one_person_is_told_to_nobody_else(app: APIFlask) -> None:
    who = person()
    company = db.session.get_one(Company, who.company_id)
    other = make.make_user(db.session, company, "trader", "second@acme.example")
    client = make.login(app.test_client(), other)
    tell(db.session, who.company_id, "alert.offer", "only for the owner", user_id=who.user_id, now=NOW)
    tell(db.session, who.company_id, "deal.offer", "for everybody", now=NOW)
    db.session.commit()
    page = client.get("/news").get_data(as_text=True)
    assert "for everybody" in page
    assert "only for the owner" not in page
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Happening)) == 2
