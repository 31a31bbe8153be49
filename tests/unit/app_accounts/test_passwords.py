"""What a password may be, and how it is kept and changed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from unicodedata import normalize

import pytest
import sqlalchemy as sa
from apiflask import APIFlask
from flask_security import hash_password
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.config import Settings, Web
from app.db import db
from app.security.breached import is_breached
from app.security.models import User
from app.security.passwords import faults_of
from tests.factories.accounts import WORDS, link_in, mails, make_strict_app, sign_in, sign_up
from tests.factories.app import login, make_app, make_company, make_user

NIA = "nia@nova.example"
LONG = "Ünïcode, spaces and a long sentence about seventeen green kettles in a small boat 🚣 on a lake in May"


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    return make_strict_app(tmp_path)


def set_password(app: APIFlask, password: str) -> bool:
    form = {"email": NIA, "password": password, "password_confirm": password, "name": "Nia Novarro"}
    app.test_client().post("/sign-up", data=form)
    with app.app_context():
        return db.session.scalar(sa.select(User.id)) is not None


@pytest.mark.parametrize(
    "password", [LONG, "only lower letters here", "82 kettles 19 boats", "🚣🚣 four green kettles"]
)
def test_a_password_may_have_any_characters_and_a_hundred_of_them(app: APIFlask, password: str) -> None:
    assert set_password(app, password)


@pytest.mark.parametrize(
    "password",
    ["password1234", "123456789012", "qwertyuiop12", "aaaaaaaaaaaa", "iloveyou1234", "1q2w3e4r5t6y", "passwordpassword"],
)  # fmt: skip
def test_a_password_that_is_easy_to_guess_is_refused(app: APIFlask, password: str) -> None:
    assert not set_password(app, password)


@pytest.mark.parametrize(
    "password",
    ["tandem-exchange-26", "Novarro!2026!!", "carrier.rates.deck", "Nova.example.77", "owner-trader-1234"],
)
def test_a_password_made_of_ones_name_or_the_exchanges_words_is_refused(app: APIFlask, password: str) -> None:
    assert not set_password(app, password)


def test_every_most_used_password_that_is_long_enough_is_refused() -> None:
    known = [password for password in FREQUENCY_LISTS["passwords"] if len(password) >= 12]
    assert len(known) > 200
    assert [password for password in known if not faults_of(password, [], Settings())] == []


def test_a_breached_password_is_found_in_the_local_file_and_no_other(app: APIFlask, tmp_path: Path) -> None:
    leaked = [f"four green kettles {number}" for number in range(500)]
    lines = sorted(hashlib.sha1(text.encode()).hexdigest().upper() + f":{len(text)}" for text in leaked)
    file = tmp_path / "breached.txt"
    file.write_text("\r\n".join(lines) + "\r\n")
    assert all(is_breached(text, file) for text in leaked)
    assert not any(is_breached(f"{text}!", file) for text in leaked)
    empty = tmp_path / "empty"
    empty.touch()
    assert not is_breached("x", empty)
    settings = Settings(web=Web(breached_passwords=str(file)))
    assert "leak" in faults_of(leaked[77], [], settings)[0]
    assert faults_of("four green kettles and a boat", [], settings) == []


def test_nobody_sets_a_password_while_the_file_of_breached_ones_is_gone(tmp_path: Path) -> None:
    app = make_strict_app(tmp_path, web_fields={"breached_passwords": str(tmp_path / "gone")})
    assert not set_password(app, "four green kettles and a boat")


def test_a_password_is_compared_exactly_and_kept_as_an_argon2id_hash(app: APIFlask) -> None:
    with app.app_context():
        person = make_user(
            db.session, make_company(db.session, sells=True), "viewer", NIA, normalize("NFKD", LONG)
        )
        assert person.password.startswith("$argon2id$")
        assert "kettles" not in person.password
        for wrong in (LONG[:-1], LONG.lower(), LONG + "x", LONG[:72]):
            assert sign_in(app.test_client(), NIA, wrong).get("/account").status_code == 302
        assert sign_in(app.test_client(), NIA, LONG).get("/account").status_code == 200


def test_the_cost_of_a_hash_is_the_configured_one(tmp_path: Path) -> None:
    web = {"password_time_cost": 2, "password_memory_kib": 32}
    app = make_app(tmp_path, web=Web(secret_key="k" * 40, password_salt="s" * 40, **web))
    with app.app_context():
        assert "$m=32,t=2,p=1$" in hash_password(WORDS)
    costs = Web()
    assert (costs.password_time_cost, costs.password_memory_kib) == (3, 65536), "what real exchanges pay"


def test_changing_the_password_needs_the_current_one(app: APIFlask) -> None:
    with app.app_context():
        make_user(db.session, make_company(db.session, sells=True), "viewer", NIA, WORDS)
        client = sign_in(app.test_client(), NIA)
        new = "four green kettles and a boat"
        for current, status in (("", 200), ("not my password at all", 200), (WORDS, 302)):
            form = {"password": current, "new_password": new, "new_password_confirm": new}
            assert client.post("/account/password", data=form).status_code == status
        assert sign_in(app.test_client(), NIA, new).get("/account").status_code == 200


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/account/password"])
def test_password_fields_are_masked_and_password_managers_may_fill_them(app: APIFlask, path: str) -> None:
    with app.app_context():
        make_user(db.session, make_company(db.session, sells=True), "viewer", NIA, WORDS)
        client = sign_in(app.test_client(), NIA) if path.startswith("/account") else app.test_client()
        page = client.get(path).get_data(as_text=True)
    fields = [tag for tag in page.split("<input")[1:] if "assword" in tag.split(">")[0]]
    assert fields
    for tag in fields:
        head = tag.split(">")[0]
        if 'type="checkbox"' in head:
            continue
        assert 'type="password"' in head
        assert "autocomplete=" in head
        assert "onpaste" not in head
        assert "maxlength" not in head


def test_a_first_password_is_set_by_a_link_that_works_once(app: APIFlask) -> None:
    with app.app_context():
        operator = make_company(db.session, "Exchange", is_operator=True)
        boss = make_user(db.session, operator, "operator", "boss@exchange.example")
        boss.tf_primary_method, boss.tf_totp_secret = "authenticator", "kept elsewhere"
        db.session.commit()
        form = {"name": "Fresh Voice", "country": "NL", "currency": "EUR", "buys": "y", "owner_email": "o@fresh.example",
                "owner_name": "Olga"}  # fmt: skip
        page = login(app.test_client(), boss).post(
            "/operator/companies/new", data=form, follow_redirects=True
        )
        assert page.status_code == 200
        link = link_in(mails("o@fresh.example")[-1].text)
        assert link not in page.get_data(as_text=True)
        new = {
            "password": "four green kettles and a boat",
            "password_confirm": "four green kettles and a boat",
        }
        assert app.test_client().post(link, data=new).status_code == 302
        assert (
            sign_in(app.test_client(), "o@fresh.example", new["password"]).get("/account").status_code == 200
        )
        other = {
            "password": "seven grey kettles in a barn",
            "password_confirm": "seven grey kettles in a barn",
        }
        app.test_client().post(link, data=other)
        assert (
            sign_in(app.test_client(), "o@fresh.example", other["password"]).get("/account").status_code
            == 302
        )


def test_signing_up_with_a_good_password_still_works(app: APIFlask) -> None:
    assert sign_in(sign_up(app, NIA), NIA).get("/welcome").status_code == 200
