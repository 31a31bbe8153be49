"""Cookies, tokens, fresh proof and limits of tries."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.carriers.models import Company
from app.clock import utc_now
from app.db import db
from app.security.models import UserSession
from tests.factories.accounts import WORDS, make_strict_app, sign_in
from tests.factories.app import login, make_company, make_user

VI = "vi@acme.example"


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    return with_person(make_strict_app(tmp_path))


def with_person(app: APIFlask) -> APIFlask:
    with app.app_context():
        make_user(db.session, make_company(db.session, buys=True), "viewer", VI, WORDS)
    return app


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("tandem_session")
    assert found is not None
    return found.value


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def grow_old(client: FlaskClient, age: timedelta) -> None:
    with client.session_transaction() as session:
        session["fs_paa"] = (utc_now() - age).timestamp()


def thief_with(app: APIFlask, value: str) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("tandem_session", value)
    return client


def test_behind_https_the_cookie_is_bound_to_the_host_and_hidden_from_scripts(tmp_path: Path) -> None:
    app = with_person(make_strict_app(tmp_path, web_fields={"secure_cookies": True}))
    answer = app.test_client().post(
        "/sign-in", data={"email": VI, "password": WORDS}, base_url="https://localhost"
    )
    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    assert name == "__Host-tandem_session"
    words = {part.strip() for part in rest.split(";")[1:]}
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= words
    assert not any(word.startswith("Domain") for word in words)
    plain = sign_in(with_person(make_strict_app(tmp_path / "plain")).test_client(), VI)
    assert plain.get_cookie("tandem_session").http_only  # type: ignore[union-attr]


def test_each_sign_in_has_a_long_random_token_of_its_own_and_only_its_hash_is_kept(app: APIFlask) -> None:
    tokens = set()
    for _ in range(3):
        client = sign_in(app.test_client(), VI)
        with client.session_transaction() as session:
            tokens.add(session["sid"])
    assert len(tokens) == 3
    assert all(len(token) >= 43 for token in tokens), "256 bits in base64"
    with app.app_context():
        kept = set(db.session.scalars(sa.select(UserSession.token_sha256)))
    assert not tokens & kept


def test_a_sign_in_on_a_page_that_is_signed_in_ends_the_one_before(app: APIFlask) -> None:
    client = sign_in(app.test_client(), VI)
    before = cookie(client)
    client.post("/sign-out")
    sign_in(client, VI)
    assert is_in(client)
    assert not is_in(thief_with(app, before))


def test_a_cookie_that_was_changed_or_made_up_opens_nothing(app: APIFlask) -> None:
    good = cookie(sign_in(app.test_client(), VI))
    body, stamp, seal = good.rsplit(".", 2)
    for bad in (f"{body[:-2]}xx.{stamp}.{seal}", f"{body}.{stamp}.{seal[:-2]}xx", "e30.x.y", body, ""):
        assert not is_in(thief_with(app, bad))
    assert is_in(thief_with(app, good))


def test_a_token_of_another_purpose_is_no_session_and_no_reset(app: APIFlask) -> None:
    security = app.extensions["security"]
    with app.app_context():
        confirm = security.confirm_serializer.dumps(["x", "y"])
    assert not is_in(thief_with(app, confirm))
    new = {"password": "four green kettles", "password_confirm": "four green kettles"}
    app.test_client().post(f"/reset/{confirm}", data=new)
    assert not is_in(sign_in(app.test_client(), VI, new["password"]))


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/account/two-factor"), ("GET", "/account/passkeys"), ("GET", "/account/email"), ("GET", "/account/recovery-codes"),
     ("POST", "/account/recovery-codes"), ("POST", "/account/email"), ("POST", "/account/passkeys/remove"),
     ("POST", "/account/sessions/end-others"), ("POST", "/account/sessions/end-all")],
)  # fmt: skip
def test_a_quarter_of_an_hour_after_signing_in_one_proves_anew_who_one_is(
    app: APIFlask, method: str, path: str
) -> None:
    client = sign_in(app.test_client(), VI)
    grow_old(client, timedelta(minutes=16))
    answer = client.open(
        path, method=method, data={"email": "new@acme.example"} if method == "POST" else None
    )
    assert "/verify" in answer.headers.get("Location", ""), answer.status
    assert is_in(client)
    assert client.post("/verify", data={"password": "wrong one, really"}).status_code == 200
    assert "/verify" in client.open(path, method=method).headers.get("Location", "")
    assert client.post("/verify", data={"password": WORDS}).status_code == 302
    assert "/verify" not in client.open(path, method=method).headers.get("Location", "")


def test_a_new_proof_makes_a_new_token_and_the_old_one_is_worthless(app: APIFlask) -> None:
    client = sign_in(app.test_client(), VI)
    before = cookie(client)
    assert client.post("/verify", data={"password": WORDS}).status_code == 302
    assert is_in(client)
    assert not is_in(thief_with(app, before))


def test_opening_a_link_with_a_name_and_a_password_signs_nobody_in(app: APIFlask) -> None:
    client = app.test_client()
    client.get("/sign-in", query_string={"email": VI, "password": WORDS})
    assert not is_in(client)


@pytest.mark.parametrize("path", ["/market", "/account", "/company", "/onboarding"])
def test_every_page_has_a_way_to_sign_out(app: APIFlask, path: str) -> None:
    page = sign_in(app.test_client(), VI).get(path).get_data(as_text=True)
    assert 'action="/sign-out"' in page


def test_guesses_at_one_account_are_limited_from_wherever_they_come(tmp_path: Path) -> None:
    app = with_person(make_strict_app(tmp_path, web_fields={"wrong_sign_ins_per_account": 5}))

    def guess(number: int, email: str = VI) -> int:
        source = {"REMOTE_ADDR": f"192.0.2.{number}"}
        form = {"email": email, "password": "not the right one"}
        return app.test_client().post("/sign-in", data=form, environ_overrides=source).status_code

    standing = sign_in(app.test_client(), VI)
    assert [guess(number) for number in range(1, 8)] == [200] * 5 + [429] * 2
    assert guess(9, VI.upper()) == 429, "the same account in capitals"
    assert guess(10, "other@acme.example") == 200, "another account is not touched"
    assert is_in(standing), "who is in stays in"


def test_signing_in_rightly_uses_nothing_up(tmp_path: Path) -> None:
    app = with_person(make_strict_app(tmp_path, web_fields={"wrong_sign_ins_per_account": 3}))
    assert all(is_in(sign_in(app.test_client(), VI)) for _ in range(6))


def test_a_try_that_failed_is_in_the_log_without_what_was_typed(app: APIFlask) -> None:
    with structlog.testing.capture_logs() as logs:
        sign_in(app.test_client(), VI, "a wrong secret sentence")
        sign_in(app.test_client(), VI)
    told = [line for line in logs if line["event"] == "sign_in_refused"]
    assert [(line["at"], line["ip"]) for line in told] == [("security.login", "127.0.0.1")]
    assert "secret sentence" not in repr(logs)


def test_fields_that_a_form_does_not_show_are_not_taken(app: APIFlask) -> None:
    with app.app_context():
        company = make_company(db.session, "Sandy", buys=True)
        company.status = "sandbox"
        owner = make_user(db.session, company, "owner", "o@sandy.example")
        owner.tf_primary_method, owner.tf_totp_secret = "authenticator", "kept elsewhere"
        db.session.commit()
        client = login(app.test_client(), owner)
        hidden: dict[str, Any] = {
            "status": "active", "is_operator": "y", "sells": "y", "sample": "y", "company_id": "1", "facts": "{}", "slug": "x",
            "test_call": "done",
        }  # fmt: skip
        facts = {"legal_name": "Sandy", "payment_terms": "", "billing_cycle": ""}
        form = {"name": "Sandy Ltd", "country": "IE", "currency": "EUR"} | hidden
        assert client.post("/company/edit", data=form).status_code == 302
        assert client.post("/onboarding/facts", data=facts | hidden).status_code == 302
        db.session.expire_all()
        after = db.session.get_one(Company, company.id)
        assert (after.status, after.is_operator, after.sells, after.sample) == (
            "sandbox",
            False,
            False,
            False,
        )
        assert "test_call" not in after.facts
        assert (after.name, after.facts["legal_name"]) == ("Sandy Ltd", "Sandy")
