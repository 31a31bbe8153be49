"""People who come in by the front door: pages as a browser sends them, mails as the outbox keeps them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.config import Web
from app.db import db
from app.mail.models import OutboxMail
from app.security.models import User
from tests.factories.app import make_app

WORDS = "correct horse battery"
FACTS = {
    "legal_name": "Nova Telecom Ltd", "registration_number": "IE 123", "tax_number": "IE 999", "address": "1 Quay, Dublin",
    "noc_email": "noc@nova.example", "noc_phone": "+353 1 555 0100", "rates_email": "rates@nova.example",
    "codecs": ["PCMA", "G729"], "payment_terms": "7/7", "billing_cycle": "weekly", "billing_email": "bills@nova.example",
}  # fmt: skip


def make_strict_app(tmp_path: Path, database_url: str | None = None, **changes: Any) -> APIFlask:
    """An exchange as real ones are: roles that trade or publish need a second factor."""
    web = Web(
        secret_key="k" * 40, password_salt="s" * 40, password_time_cost=1, password_memory_kib=8,
        sign_ins_per_minute=changes.pop("sign_ins_per_minute", 1000), **changes.pop("web_fields", {}),
    )  # fmt: skip
    return make_app(tmp_path, database_url, web=web, **changes)


def mails(to: str) -> list[OutboxMail]:
    return list(
        db.session.scalars(sa.select(OutboxMail).where(OutboxMail.recipient == to).order_by(OutboxMail.id))
    )


def link_in(text: str) -> str:
    """The path of the first link of a mail."""
    found = re.search(r"https?://[^/\s]+(/\S+)", text)
    assert found, text
    return found[1]


def sign_up(app: APIFlask, email: str, *, password: str = WORDS, name: str = "Nia Nova") -> FlaskClient:
    """A browser whose person has signed up and confirmed the address."""
    client = app.test_client()
    form = {"email": email, "password": password, "password_confirm": password, "name": name}
    assert client.post("/sign-up", data=form).headers["Location"] == "/sign-up/sent"
    with app.app_context():
        path = link_in(mails(email)[-1].text)
    assert client.get(path).status_code == 302
    return client


def sign_in(client: FlaskClient, email: str, password: str = WORDS) -> FlaskClient:
    client.post("/sign-in", data={"email": email, "password": password})
    return client


def found(client: FlaskClient, name: str = "Nova Telecom") -> FlaskClient:
    answer = client.post(
        "/welcome", data={"name": name, "country": "IE", "currency": "EUR", "sells": "y", "buys": "y"}
    )
    assert answer.status_code == 302, answer.get_data(as_text=True)[-1500:]
    return client


def set_up_totp(client: FlaskClient) -> str:
    """Set up the authenticator app as a person does; returns the key the app keeps."""
    page = client.post("/account/two-factor", data={"setup": "authenticator"}).get_data(as_text=True)
    key = re.search(r"\b([A-Z2-7]{32}|(?:[A-Z2-7]{4}[ -]?){8})\b", page)
    token = re.search(r'action="(/account/two-factor/[^"]+)"', page)
    assert key, page
    assert token, page
    code = totp_now(key[1])
    answer = client.post(token[1], data={"code": code})
    assert answer.status_code == 302, answer.get_data(as_text=True)[-1500:]
    return key[1]


def half_a_minute_later(app: APIFlask) -> None:
    """The code of before is an old one, the same code a new one: each is taken once."""
    with app.app_context():
        db.session.execute(sa.update(User).values(tf_last_counter=None))
        db.session.commit()


def totp_now(key: str) -> str:
    """What the authenticator app shows now."""
    from passlib.totp import TOTP

    return str(TOTP(key=key.replace("-", "").replace(" ", "")).generate().token)
