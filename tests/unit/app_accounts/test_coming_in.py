"""From sign-up to approval, by the pages."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from apiflask import APIFlask

from app.accounts.models import Invitation, Paper
from app.audit.models import AuditEvent
from app.audit.verify import verify_chain
from app.carriers.models import Company
from app.clock import utc_now
from app.db import db
from app.security.models import User, UserSession
from tests.factories.accounts import (
    FACTS,
    WORDS,
    found,
    half_a_minute_later,
    link_in,
    mails,
    make_strict_app,
    set_up_totp,
    sign_in,
    sign_up,
    totp_now,
)
from tests.factories.app import login, make_company, make_user

NIA = "nia@nova.example"


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    return make_strict_app(tmp_path)


def test_nobody_signs_in_before_the_address_is_confirmed(app: APIFlask) -> None:
    client = app.test_client()
    client.post("/sign-up", data={"email": NIA, "password": WORDS, "password_confirm": WORDS, "name": "Nia"})
    assert sign_in(client, NIA).get("/welcome").headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize("password", ["short", "elevenchars", ""])
def test_a_password_has_at_least_twelve_characters(app: APIFlask, password: str) -> None:
    form = {"email": NIA, "password": password, "password_confirm": password, "name": "Nia"}
    answer = app.test_client().post("/sign-up", data=form)
    assert answer.status_code == 200
    with app.app_context():
        assert db.session.scalar(sa.select(User.id)) is None


def test_a_taken_address_is_answered_like_a_new_one_and_its_owner_is_told(app: APIFlask) -> None:
    sign_up(app, NIA)
    form = {"password": WORDS, "password_confirm": WORDS, "name": "Somebody"}
    taken = app.test_client().post("/sign-up", data={**form, "email": NIA})
    fresh = app.test_client().post("/sign-up", data={**form, "email": "new@nova.example"})
    assert (taken.status_code, taken.headers["Location"]) == (fresh.status_code, fresh.headers["Location"])
    with app.app_context():
        assert len(mails("new@nova.example")) == 1
        assert "already" in mails(NIA)[-1].text
        assert db.session.scalar(sa.select(sa.func.count(User.id))) == 2


@pytest.mark.parametrize("path", ["/reset", "/confirm"])
def test_asking_for_a_link_says_the_same_for_known_and_unknown_addresses(app: APIFlask, path: str) -> None:
    client = app.test_client()
    form = {"password": WORDS, "password_confirm": WORDS, "name": "Nia", "email": NIA}
    client.post("/sign-up", data=form)
    known = app.test_client().post(path, data={"email": NIA}).get_data(as_text=True)
    unknown = app.test_client().post(path, data={"email": "zoe@zeta.example"}).get_data(as_text=True)
    assert known.replace(NIA, "@") == unknown.replace("zoe@zeta.example", "@")


def test_known_and_unknown_addresses_cost_the_same_hashes(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dear part of an answer's time is the argon2 hash: one for either."""
    sign_up(app, NIA)
    counted: list[str] = []
    context = app.extensions["security"].pwd_context
    hashed, verified = context.hash, context.verify
    monkeypatch.setattr(context, "hash", lambda *a, **k: (counted.append("h"), hashed(*a, **k))[1])
    monkeypatch.setattr(context, "verify", lambda *a, **k: (counted.append("v"), verified(*a, **k))[1])

    def cost(path: str, **form: str) -> int:
        counted.clear()
        app.test_client().post(path, data=form)
        return len(counted)

    up = {"password": WORDS, "password_confirm": WORDS, "name": "X"}
    assert cost("/sign-up", email=NIA, **up) == cost("/sign-up", email="new@nova.example", **up) == 1
    wrong = "not the password"
    assert (
        cost("/sign-in", email=NIA, password=wrong)
        == cost("/sign-in", email="no@x.example", password=wrong)
        == 1
    )


def test_a_founder_is_led_to_a_second_factor_and_works_in_the_sandbox(app: APIFlask) -> None:
    client = found(sign_in(sign_up(app, NIA), NIA))
    assert client.get("/market").headers["Location"] == "/account"
    assert b"needs a second factor" in client.get("/account").data
    assert client.get("/api/v1/offers").status_code in (403, 404)
    key = set_up_totp(client)
    page = client.get("/onboarding").get_data(as_text=True)
    assert "Sandbox." in page
    assert "0 of 10 done" in page
    half_a_minute_later(app)
    again = sign_in(app.test_client(), NIA)
    assert again.get("/onboarding").status_code == 302, "a password alone is half a sign-in"
    again.post("/sign-in/code", data={"code": totp_now(key)})
    assert again.get("/onboarding").status_code == 200


def test_a_company_is_approved_after_its_checklist_and_every_step_is_in_the_log(app: APIFlask) -> None:
    client = found(sign_in(sign_up(app, NIA), NIA))
    set_up_totp(client)
    assert client.post("/onboarding/submit").status_code == 422
    assert client.post("/onboarding/facts", data=FACTS).status_code == 302
    paper = {"kind": "registration", "file": (io.BytesIO(b"%PDF-1.7 register"), "../../etc/register.exe")}
    assert client.post("/onboarding/papers", data=paper).status_code == 302
    sha = (
        client.get("/onboarding/terms")
        .get_data(as_text=True)
        .split('name="text_sha256"')[1]
        .split('value="')[1][:64]
    )
    assert (
        client.post("/onboarding/terms", data={"text_sha256": sha, "typed_name": "Nobody"}).status_code == 422
    )
    assert (
        client.post("/onboarding/terms", data={"text_sha256": sha, "typed_name": "nia  nova"}).status_code
        == 302
    )
    assert client.post("/onboarding/submit").status_code == 302
    assert client.post("/onboarding/submit").status_code == 409
    with app.app_context():
        company = db.session.scalars(sa.select(Company)).one()
        assert company.status == "submitted"
        operator = make_company(db.session, "Exchange", is_operator=True)
        boss = login(app.test_client(), _with_factor(make_user(db.session, operator, "operator")))
        path = f"/operator/approvals/{company.id}"
        paper_row = db.session.scalars(sa.select(Paper)).one()
        assert paper_row.filename == "register.pdf"
        answer = boss.get(f"/onboarding/papers/{paper_row.id}")
        assert answer.data == b"%PDF-1.7 register"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert boss.post(path, data={"verdict": "refuse"}).status_code == 422, "a refusal says why"
        assert boss.post(path, data={"verdict": "approve", "note": "Welcome"}).status_code == 302
        assert boss.post(path, data={"verdict": "refuse", "note": "No"}).status_code == 409
        db.session.refresh(company)
        assert company.status == "active"
        assert "approved" in mails(NIA)[-1].subject
        actions = set(db.session.scalars(sa.select(AuditEvent.action)))
        assert actions >= {
            "user.sign_up", "user.confirm", "user.sign_in", "user.two_factor", "company.found", "company.edit", "paper.add",
            "terms.accept", "company.submit", "company.approve",
        }  # fmt: skip
        assert verify_chain(db.session) == []
    assert "Sandbox." not in client.get("/onboarding").get_data(as_text=True)


def _with_factor(user: User) -> User:
    user.tf_primary_method, user.tf_totp_secret = "authenticator", "kept elsewhere"
    db.session.commit()
    return user


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"MZ\x90\x00", 422), (b"", 422), (b"<html><script>", 422), (b"%PDF-" + b"x" * (10 * 2**20), 413), (b"\xff\xd8\xff\xe0", 302)],
)  # fmt: skip
def test_a_paper_is_taken_by_its_content_and_size(app: APIFlask, content: bytes, status: int) -> None:
    with app.app_context():
        owner = _with_factor(make_user(db.session, make_company(db.session, sells=True)))
        form = {"kind": "tax", "file": (io.BytesIO(content), "tax.pdf")}
        with login(app.test_client(), owner).post("/onboarding/papers", data=form) as answer:
            assert answer.status_code == status
            # The test client keeps a large form in a temporary file and does not close it.
            answer.request.environ["wsgi.input"].close()


def test_an_invitation_works_once_until_it_ends_or_is_taken_back(app: APIFlask) -> None:
    with app.app_context():
        owner = _with_factor(make_user(db.session, make_company(db.session, sells=True)))
        client = login(app.test_client(), owner)
        client.post("/users/new", data={"email": "Ray@acme.example", "role": "viewer"})
        path = link_in(mails("ray@acme.example")[-1].text)
        assert app.test_client().get(path).status_code == 200, "opening it uses nothing up"
        form = {"name": "Ray", "password": WORDS, "password_confirm": WORDS}
        assert (
            app.test_client()
            .post(path, data={**form, "password": "short", "password_confirm": "short"})
            .status_code
            == 422
        )
        joined = app.test_client()
        assert joined.post(path, data=form).status_code == 302
        assert joined.get("/company").status_code == 200
        assert app.test_client().post(path, data=form).status_code == 404
        for email, spoil in (("a@b.example", "revoke"), ("c@d.example", "expire")):
            client.post("/users/new", data={"email": email, "role": "viewer"})
            row = db.session.scalars(sa.select(Invitation).where(Invitation.email == email)).one()
            if spoil == "revoke":
                assert client.post(f"/users/invitations/{row.id}/revoke").status_code == 302
            else:
                row.expires_at = utc_now() - timedelta(seconds=1)
                db.session.commit()
            assert app.test_client().post(link_in(mails(email)[-1].text), data=form).status_code == 404


def test_role_removal_and_new_password_end_every_session_at_once(app: APIFlask) -> None:
    with app.app_context():
        company = make_company(db.session, sells=True)
        boss = login(app.test_client(), _with_factor(make_user(db.session, company)))
        other = make_user(db.session, company, "viewer", "v@acme.example", WORDS)
        here, there = (sign_in(app.test_client(), "v@acme.example") for _ in range(2))
        assert here.get("/company").status_code == there.get("/company").status_code == 200
        new = "a different long password"
        form = {"password": WORDS, "new_password": new, "new_password_confirm": new}
        assert here.post("/account/password", data=form).status_code == 302
        assert here.get("/company").status_code == 200
        assert there.get("/company").status_code == 302
        boss.post(f"/users/{other.id}/role", data={"role": "finance"})
        assert here.get("/company").status_code == 302
        here = sign_in(app.test_client(), "v@acme.example", new)
        boss.post(f"/users/{other.id}/remove")
        assert here.get("/account").status_code == 302
        assert sign_in(here, "v@acme.example", new).get("/company").headers["Location"] == "/welcome"


def test_sessions_are_listed_and_ended_one_by_one_and_everywhere(app: APIFlask) -> None:
    with app.app_context():
        company = make_company(db.session, sells=True)
        make_user(db.session, company, "viewer", "v@acme.example", WORDS)
        one, two, three = (sign_in(app.test_client(), "v@acme.example") for _ in range(3))
        page = one.get("/account").get_data(as_text=True)
        assert page.count("data-row") == 3
        first_other = min(
            int(part.split("/end")[0]) for part in page.split("/account/sessions/")[1:] if part[0].isdigit()
        )
        one.post(f"/account/sessions/{first_other}/end")
        assert sorted(c.get("/account").status_code for c in (two, three)) == [200, 302]
        one.post("/account/sessions/end-others")
        assert [c.get("/account").status_code for c in (one, two, three)] == [200, 302, 302]
        one.post("/account/sessions/end-all")
        assert one.get("/account").status_code == 302


def test_a_session_ends_by_age_and_by_idleness_and_a_kept_cookie_is_worthless_after_sign_out(
    app: APIFlask,
) -> None:
    with app.app_context():
        make_user(db.session, make_company(db.session, sells=True), "viewer", "v@acme.example", WORDS)
        for change in ({"created_at": timedelta(hours=13)}, {"seen_at": timedelta(minutes=121)}):
            client = sign_in(app.test_client(), "v@acme.example")
            row = db.session.scalars(sa.select(UserSession).order_by(UserSession.id.desc())).first()
            assert row is not None
            for name, ago in change.items():
                setattr(row, name, utc_now() - ago)
            db.session.commit()
            assert client.get("/account").status_code == 302
        client = sign_in(app.test_client(), "v@acme.example")
        cookie = client.get_cookie("tandem_session")
        assert cookie is not None
        client.post("/sign-out")
        thief = app.test_client()
        thief.set_cookie("tandem_session", cookie.value)
        assert thief.get("/account").status_code == 302
        assert thief.get("/account/password").status_code == 302, "Flask-Security's own pages too"


def test_a_password_is_set_anew_by_mail_once_and_the_old_sessions_end(app: APIFlask) -> None:
    with app.app_context():
        make_user(db.session, make_company(db.session, sells=True), "viewer", "v@acme.example", WORDS)
        before = sign_in(app.test_client(), "v@acme.example")
        client = app.test_client()
        client.post("/reset", data={"email": "v@acme.example"})
        path = link_in(mails("v@acme.example")[-1].text)
        new = "another long password"
        client.post(path, data={"password": new, "password_confirm": new})
        assert before.get("/account").status_code == 302
        assert sign_in(app.test_client(), "v@acme.example", new).get("/account").status_code == 200
        third = "a third long password"
        client.post(path, data={"password": third, "password_confirm": third})
        assert sign_in(app.test_client(), "v@acme.example", third).get("/account").status_code == 302


def test_a_new_address_holds_after_its_link_was_opened(app: APIFlask) -> None:
    with app.app_context():
        make_user(db.session, make_company(db.session, sells=True), "viewer", "v@acme.example", WORDS)
        client = sign_in(app.test_client(), "v@acme.example")
        client.post("/account/email", data={"email": "w@acme.example"})
        assert sign_in(app.test_client(), "w@acme.example").get("/account").status_code == 302
        client.get(link_in(mails("w@acme.example")[-1].text))
        assert sign_in(app.test_client(), "w@acme.example").get("/account").status_code == 200


def test_mails_with_links_are_shown_to_nobody_and_lead_to_the_configured_address(tmp_path: Path) -> None:
    app = make_strict_app(tmp_path, web_fields={"public_url": "https://exchange.example"})
    client = app.test_client()
    form = {"email": NIA, "password": WORDS, "password_confirm": WORDS, "name": "Nia"}
    client.post("/sign-up", data=form, headers={"Host": "evil.example"})
    with app.app_context():
        text = mails(NIA)[-1].text
        assert "https://exchange.example/confirm/" in text
        assert "evil" not in text
        assert mails(NIA)[-1].company_id is None
        operator = make_company(db.session, "Exchange", is_operator=True)
        boss = login(app.test_client(), _with_factor(make_user(db.session, operator, "operator")))
        for page in ("/decks/mails", "/jobs", "/audit"):
            assert text.split("/confirm/")[1][:40] not in boss.get(page).get_data(as_text=True)


def test_tries_are_limited(tmp_path: Path) -> None:
    app = make_strict_app(tmp_path, sign_ins_per_minute=3)
    for path in ("/sign-in", "/sign-up", "/reset", "/confirm"):
        codes = [app.test_client().post(path, data={"email": "x@y.example"}).status_code for _ in range(4)]
        assert codes[-1] == 429, path
        assert 429 not in codes[:3], path


def test_a_demo_lets_its_published_accounts_in_and_says_so_but_nobody_else(tmp_path: Path) -> None:
    app = make_strict_app(tmp_path, demo=True)
    with app.app_context():
        company = make_company(db.session, sells=True)
        known = make_user(db.session, company, "owner", "owner@marlowe.example")
        real = make_user(db.session, company, "owner", "real@marlowe.example")
        page = login(app.test_client(), known).get("/users")
        assert page.status_code == 200
        assert b"Demo account." in page.data
        assert login(app.test_client(), real).get("/users").headers["Location"] == "/account"
