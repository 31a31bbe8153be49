"""People, roles and companies: who may change what, and what always stays."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from apiflask import APIFlask

from app.audit.models import AuditEvent
from app.carriers.models import Company
from app.db import db
from app.security.models import User
from tests.factories.app import login, make_api_key, make_app, make_company, make_user


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    return make_app(tmp_path)


def test_the_last_owner_keeps_role_and_account(app: APIFlask) -> None:
    with app.app_context():
        owner = make_user(db.session, make_company(db.session, sells=True))
        client = login(app.test_client(), owner)
        assert client.post(f"/users/{owner.id}/role", data={"role": "viewer"}).status_code == 409
        assert client.post(f"/users/{owner.id}/active", data={"active": "0"}).status_code == 409


def test_a_new_role_ends_the_sessions_and_holds_from_the_next_sign_in(app: APIFlask) -> None:
    with app.app_context():
        company = make_company(db.session, sells=True)
        owner, other = make_user(db.session, company), make_user(db.session, company, "viewer")
        client, viewer = login(app.test_client(), owner), login(app.test_client(), other)
        assert viewer.get("/users").status_code == 403
        client.post(f"/users/{other.id}/role", data={"role": "owner"})
        assert viewer.get("/users").headers["Location"].startswith("/sign-in")
        assert login(app.test_client(), other).get("/users").status_code == 200


def test_a_company_cannot_give_the_operator_role(app: APIFlask) -> None:
    with app.app_context():
        company = make_company(db.session, sells=True)
        owner, other = make_user(db.session, company), make_user(db.session, company, "viewer")
        client = login(app.test_client(), owner)
        assert client.post(f"/users/{other.id}/role", data={"role": "operator"}).status_code == 422


def test_a_person_switched_off_is_signed_out(app: APIFlask) -> None:
    with app.app_context():
        company = make_company(db.session, sells=True)
        owner, other = make_user(db.session, company), make_user(db.session, company, "viewer")
        client, viewer = login(app.test_client(), owner), login(app.test_client(), other)
        client.post(f"/users/{other.id}/active", data={"active": "0"})
        assert viewer.get("/company").status_code == 302


def test_a_suspended_company_is_refused_by_page_and_key(app: APIFlask) -> None:
    with app.app_context():
        seller = make_company(db.session, "Seller", sells=True)
        person = login(app.test_client(), make_user(db.session, seller))
        _, secret = make_api_key(db.session, seller, ["deck:read"])
        operator = make_company(db.session, "Exchange", is_operator=True)
        client = login(app.test_client(), make_user(db.session, operator, "operator"))
        assert (
            client.post(f"/operator/companies/{seller.id}/status", data={"status": "suspended"}).status_code
            == 302
        )
        assert person.get("/company").status_code == 302
        key = app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
        assert key.status_code == 401


def test_the_operator_creates_a_company_with_its_first_owner(app: APIFlask) -> None:
    with app.app_context():
        operator = make_company(db.session, "Exchange", is_operator=True)
        client = login(app.test_client(), make_user(db.session, operator, "operator"))
        form = {"name": "Fresh Voice", "country": "NL", "currency": "eur", "sells": "y", "owner_email": "o@fresh.example",
                "owner_name": "Olga"}  # fmt: skip
        assert client.post("/operator/companies/new", data=form).status_code == 302
        company = db.session.scalars(sa.select(Company).where(Company.slug == "fresh-voice")).one()
        assert (company.sells, company.buys, company.currency) == (True, False, "EUR")
        assert (
            db.session.scalar(sa.select(User.company_id).where(User.email == "o@fresh.example")) == company.id
        )


def test_a_taken_e_mail_leaves_no_half_made_company(app: APIFlask) -> None:
    with app.app_context():
        operator = make_company(db.session, "Exchange", is_operator=True)
        boss = make_user(db.session, operator, "operator")
        client = login(app.test_client(), boss)
        form = {
            "name": "Fresh Voice",
            "country": "NL",
            "currency": "EUR",
            "owner_email": boss.email,
            "owner_name": "O",
        }
        assert client.post("/operator/companies/new", data=form).status_code == 409
        assert db.session.scalar(sa.select(Company.id).where(Company.slug == "fresh-voice")) is None


def test_the_operator_says_who_belongs_together_and_who_buys_from_whom(app: APIFlask) -> None:
    with app.app_context():
        make_company(db.session, "Upstream", sells=True)
        buyer = make_company(db.session, "Buyer", buys=True)
        buyer.facts = {"noc_phone": "+353 1 555 0100"}
        own = login(app.test_client(), make_user(db.session, buyer))
        operator = make_company(db.session, "Exchange", is_operator=True)
        client = login(app.test_client(), make_user(db.session, operator, "operator"))
        page = f"/operator/companies/{buyer.id}/relations"
        assert own.get(page).status_code == 403
        relations = {"group": " North  Group ", "upstreams": ["upstream"]}
        assert client.post(page, data=relations).status_code == 302
        db.session.expire_all()
        assert db.session.get_one(Company, buyer.id).facts == {
            "noc_phone": "+353 1 555 0100",
            "group": "North Group",
            "upstreams": ["upstream"],
        }
        assert client.post(page, data={"group": "", "upstreams": ["nobody"]}).status_code == 422
        client.post(page, data={"group": ""})
        db.session.expire_all()
        assert db.session.get_one(Company, buyer.id).facts == {"noc_phone": "+353 1 555 0100"}
        actions = db.session.scalars(sa.select(AuditEvent.action)).all()
        assert actions.count("company.relations") == 2
