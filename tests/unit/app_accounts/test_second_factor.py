"""Codes that work once, codes for the day the telephone is lost, and who may reset a second factor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from apiflask import APIFlask
from flask.testing import FlaskClient
from passlib.totp import TOTP

from app.audit.models import AuditEvent
from app.carriers.models import Company
from app.clock import utc_now
from app.db import db
from app.security.models import User
from tests.factories.accounts import (
    WORDS,
    half_a_minute_later,
    link_in,
    mails,
    make_strict_app,
    set_up_totp,
    sign_in,
    totp_now,
)
from tests.factories.app import make_company, make_user

OLA = "ola@acme.example"


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    app = make_strict_app(tmp_path)
    with app.app_context():
        make_user(db.session, make_company(db.session, sells=True), "owner", OLA, WORDS)
    return app


def half_in(app: APIFlask, email: str = OLA) -> FlaskClient:
    """A browser whose person has typed the right password, not yet the code."""
    return sign_in(app.test_client(), email)


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def test_a_code_is_taken_once_and_an_old_one_never(app: APIFlask) -> None:
    key = set_up_totp(sign_in(app.test_client(), OLA))
    code = totp_now(key)
    seen = half_in(app)
    seen.post("/sign-in/code", data={"code": code})
    assert not is_in(seen), "the code that set it up is used"
    first, second = half_in(app), half_in(app)
    for _ in range(5):  # on a machine so busy that a code grows old on its way, with the next one
        half_a_minute_later(app)
        code = totp_now(key)
        first.post("/sign-in/code", data={"code": code})
        if is_in(first):
            break
    second.post("/sign-in/code", data={"code": code})
    assert (is_in(first), is_in(second)) == (True, False)
    half_a_minute_later(app)
    old = TOTP(key=key.replace("-", "").replace(" ", "")).generate(utc_now().timestamp() - 90).token
    third = half_in(app)
    third.post("/sign-in/code", data={"code": old})
    assert not is_in(third)


def test_recovery_codes_are_long_random_kept_as_hashes_and_work_once(app: APIFlask) -> None:
    client = sign_in(app.test_client(), OLA)
    set_up_totp(client)
    page = client.post("/account/recovery-codes", data={"generate_new_codes": "y"}).get_data(as_text=True)
    codes = re.findall(r"<li>([0-9a-f-]+)</li>", page)
    assert len(set(codes)) == 10
    assert all(len(code.replace("-", "")) * 4 >= 112 for code in codes)
    again = client.get("/account/recovery-codes?show_codes=1").get_data(as_text=True)
    assert not any(code in again for code in codes), "shown once"
    with app.app_context():
        kept = db.session.scalars(sa.select(User.mf_recovery_codes).where(User.email == OLA)).one()
        assert kept is not None
        assert all(len(part) == 64 for part in kept)
        assert not any(code.replace("-", "") in part for code in codes for part in kept)
    for code, let_in in ((codes[3].upper().replace("-", " "), True), (codes[3], False), (codes[4], True)):
        browser = half_in(app)
        browser.post("/sign-in/recovery-code", data={"code": code})
        assert is_in(browser) == let_in
    client.post("/account/recovery-codes", data={"generate_new_codes": "y"})
    late = half_in(app)
    late.post("/sign-in/recovery-code", data={"code": codes[5]})
    assert not is_in(late), "new codes make the old ones void"


def test_no_code_goes_by_mail(app: APIFlask) -> None:
    set_up_totp(sign_in(app.test_client(), OLA))
    client = half_in(app)
    with app.app_context():
        before = len(mails(OLA))
    client.post("/tf-rescue", data={"help_setup": "email"})
    with app.app_context():
        assert len(mails(OLA)) == before
    assert not is_in(client)


def test_a_password_set_anew_by_mail_does_not_pass_the_second_factor(app: APIFlask) -> None:
    set_up_totp(sign_in(app.test_client(), OLA))
    thief = app.test_client()
    thief.post("/reset", data={"email": OLA})
    with app.app_context():
        link = link_in(mails(OLA)[-1].text)
    new = "four green kettles and a boat"
    thief.post(link, data={"password": new, "password_confirm": new})
    assert not is_in(thief)
    assert not is_in(sign_in(thief, OLA, new))


def test_an_owner_resets_a_colleagues_second_factor_and_ends_all_sessions(app: APIFlask) -> None:
    boss = sign_in(app.test_client(), OLA)
    set_up_totp(boss)
    with app.app_context():
        owner = db.session.scalars(sa.select(User).where(User.email == OLA)).one()
        company = db.session.get_one(Company, owner.company_id)
        tess = make_user(db.session, company, "trader", "tess@acme.example", WORDS)
        tess_id, owner_id = tess.id, owner.id
    hers = sign_in(app.test_client(), "tess@acme.example")
    set_up_totp(hers)
    assert is_in(hers)
    assert boss.post(f"/users/{owner_id}/reset-second-factor").status_code == 409, "not one's own"
    assert boss.post(f"/users/{tess_id}/reset-second-factor").status_code == 302
    assert not is_in(hers)
    anew = sign_in(app.test_client(), "tess@acme.example")
    assert anew.get("/market").headers["Location"] == "/account", (
        "the password alone opens nothing but the set-up"
    )
    with app.app_context():
        assert "reset" in mails("tess@acme.example")[-1].subject
        events = db.session.scalars(
            sa.select(AuditEvent).where(AuditEvent.action == "user.two_factor_reset")
        ).all()
        assert [(e.actor, e.before["authenticator"]) for e in events] == [(OLA, True)]
    set_up_totp(anew)
    assert anew.get("/market").status_code == 200
    assert boss.post(f"/users/{tess_id}/end-sessions").status_code == 302
    assert not is_in(anew)


@pytest.mark.parametrize(("everyone", "path"), [(False, 200), (True, 302)])
def test_an_exchange_may_ask_a_second_factor_of_everyone(tmp_path: Path, everyone: bool, path: int) -> None:
    app = make_strict_app(tmp_path / "two", web_fields={"two_factor_everyone": everyone})
    with app.app_context():
        make_user(db.session, make_company(db.session, buys=True), "viewer", "vi@acme.example", WORDS)
    assert sign_in(app.test_client(), "vi@acme.example").get("/market").status_code == path
