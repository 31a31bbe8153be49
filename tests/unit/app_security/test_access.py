"""Who gets in: cookies, keys, permissions."""

from __future__ import annotations

from pathlib import Path

import pytest
from apiflask import APIFlask

from app.db import db
from app.security.access import actor, require
from app.security.permissions import permissions_of
from tests.factories.app import NOW, PASSWORD, login, make_api_key, make_app, make_company, make_user


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    app = make_app(tmp_path)

    @app.get("/probe")
    @require("deck:read")
    def probe() -> dict[str, str]:
        return {"who": actor().email}

    @app.get("/api/v1/probe")
    @require("deck:read")
    def api_probe() -> dict[str, str]:
        return {"who": actor().email}

    return app


def test_anonymous_people_go_to_sign_in_and_programs_get_a_problem(app: APIFlask) -> None:
    client = app.test_client()
    assert client.get("/probe").headers["Location"].startswith("/sign-in?next=/probe")
    answer = client.get("/api/v1/probe")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_a_signed_in_person_with_the_permission_gets_in(app: APIFlask) -> None:
    with app.app_context():
        user = make_user(db.session, make_company(db.session, sells=True), "rates")
        assert login(app.test_client(), user).get("/probe").json == {"who": user.email}


def test_a_role_without_the_permission_is_forbidden(app: APIFlask) -> None:
    with app.app_context():
        trader = make_user(db.session, make_company(db.session, sells=True), "trader")
        assert login(app.test_client(), trader).get("/probe").status_code == 403


def test_who_neither_sells_nor_buys_has_no_decks_and_a_buyer_its_private_ones_only(app: APIFlask) -> None:
    with app.app_context():
        nobody = make_user(db.session, make_company(db.session), "owner")
        assert login(app.test_client(), nobody).get("/probe").status_code == 403
    with app.app_context():
        buyer = make_user(db.session, make_company(db.session, "Borealis Talk", buys=True), "owner")
        assert login(app.test_client(), buyer).get("/probe").status_code == 200
    held = permissions_of(frozenset({"owner"}), sells=False, buys=True)
    assert "product:manage" not in held
    assert "product:manage" in permissions_of(frozenset({"owner"}), sells=True, buys=False)


def test_the_operator_role_means_nothing_outside_the_operator_company(app: APIFlask) -> None:
    with app.app_context():
        user = make_user(db.session, make_company(db.session, sells=True), "operator")
        assert login(app.test_client(), user).get("/probe").status_code == 403


@pytest.mark.parametrize(
    ("fields", "status"),
    [({}, 200), ({"revoked_at": NOW}, 401), ({"expires_at": NOW.replace(year=2020)}, 401)],
)
def test_a_key_works_until_it_is_revoked_or_expired(
    app: APIFlask, fields: dict[str, object], status: int
) -> None:
    with app.app_context():
        _, secret = make_api_key(db.session, make_company(db.session, sells=True), ["deck:read"], **fields)
    answer = app.test_client().get("/api/v1/probe", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == status


def test_a_key_is_limited_to_its_scopes(app: APIFlask) -> None:
    with app.app_context():
        _, secret = make_api_key(db.session, make_company(db.session, sells=True), ["market:read"])
    answer = app.test_client().get("/api/v1/probe", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 403


def test_a_bad_bearer_never_falls_back_to_the_cookie(app: APIFlask) -> None:
    with app.app_context():
        user = make_user(db.session, make_company(db.session, sells=True), "rates")
        client = login(app.test_client(), user)
    assert client.get("/api/v1/probe", headers={"Authorization": "Bearer tk_wrong"}).status_code == 401


def test_a_person_signs_in_with_the_right_password_only(app: APIFlask) -> None:
    with app.app_context():
        make_user(db.session, make_company(db.session, sells=True), "rates", "r@a.example", PASSWORD)
    client = app.test_client()
    client.post("/sign-in", data={"email": "r@a.example", "password": "not the password"})
    assert client.get("/probe").status_code == 302
    client.post("/sign-in", data={"email": "R@A.example", "password": PASSWORD})
    assert client.get("/probe").json == {"who": "r@a.example"}
