"""What every page and answer has: headers, errors, health, metrics, sign-in limit, CSRF."""

from __future__ import annotations

from pathlib import Path

import pytest
from apiflask import APIFlask

from app.db import db
from app.web.tables import safe_text
from tests.factories.app import PASSWORD, login, make_app, make_company, make_user


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    app = make_app(tmp_path)

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("secret detail")

    return app


def test_every_answer_carries_the_security_headers(app: APIFlask) -> None:
    for path in ("/sign-in", "/nowhere", "/healthz", "/api/v1/nowhere"):
        headers = app.test_client().get(path).headers
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_hold_no_inline_script_or_style(app: APIFlask) -> None:
    with app.app_context():
        company = make_company(db.session, sells=True, buys=True)
        client = login(app.test_client(), make_user(db.session, company))
    for path in ("/sign-in", "/", "/users", "/company", "/jobs", "/audit", "/api/docs"):
        html = client.get(path).get_data(as_text=True)
        assert "<style" not in html
        assert " style=" not in html
        assert "onclick" not in html
        assert "<script>" not in html


def test_an_unexpected_fault_shows_an_id_and_nothing_else(app: APIFlask) -> None:
    answer = app.test_client().get("/broken")
    assert answer.status_code == 500
    assert "secret detail" not in answer.get_data(as_text=True)


def test_faults_are_problems_for_programs_and_pages_for_people(app: APIFlask) -> None:
    problem = app.test_client().get("/api/v1/nowhere")
    assert problem.mimetype == "application/problem+json"
    assert problem.get_json()["code"] == "not_found"
    assert "Not found" in app.test_client().get("/nowhere").get_data(as_text=True)


def test_somebody_signed_in_keeps_the_menu_on_a_page_that_is_not_there(app: APIFlask) -> None:
    with app.app_context():
        company = make_company(db.session, sells=True, buys=True)
        client = login(app.test_client(), make_user(db.session, company))
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert 'href="/products"' in page.get_data(as_text=True)
    assert 'href="/products"' not in app.test_client().get("/nowhere").get_data(as_text=True)


def test_health_and_metrics_answer_without_a_session(app: APIFlask) -> None:
    client = app.test_client()
    assert [client.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 200]
    assert "tandem_web_requests_total" in client.get("/metrics").get_data(as_text=True)


def test_the_openapi_document_is_version_3_1(app: APIFlask) -> None:
    document = app.test_client().get("/api/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/me" in document["paths"]


def test_a_form_without_its_token_is_refused(tmp_path: Path) -> None:
    app = make_app(tmp_path, csrf=True)
    with app.app_context():
        client = login(app.test_client(), make_user(db.session, make_company(db.session, sells=True)))
    assert client.post("/users/1/active", data={"active": "0"}).status_code == 400


def test_sign_in_tries_are_limited(tmp_path: Path) -> None:
    from app.config import Settings, Web
    from app.factory import create_app

    made = make_app(tmp_path)
    settings: Settings = made.config["TANDEM"]
    web = Web(
        secret_key="k" * 40,
        password_salt="s" * 40,
        password_time_cost=1,
        password_memory_kib=8,
        sign_ins_per_minute=3,
    )
    app = create_app(Settings(data_dir=settings.data_dir, web=web))
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    tries = [
        client.post("/sign-in", data={"email": "a@b.example", "password": "x"}).status_code for _ in range(5)
    ]
    assert tries[-1] == 429


def test_sign_in_returns_to_the_page_that_was_asked_for(app: APIFlask) -> None:
    with app.app_context():
        make_user(db.session, make_company(db.session, sells=True), "owner", "o@a.example", PASSWORD)
    client = app.test_client()
    answer = client.post("/sign-in?next=/users", data={"email": "o@a.example", "password": PASSWORD})
    assert answer.headers["Location"].endswith("/users")


@pytest.mark.parametrize(
    ("value", "cell"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("plain", "plain"), (-0.5, -0.5), (None, "")]
)
def test_a_table_cell_cannot_become_a_formula(value: object, cell: object) -> None:
    assert safe_text(value) == cell


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "evil\u202ename"])
def test_text_that_cannot_be_read_is_refused_by_name(app: APIFlask, text: str) -> None:
    answer = app.test_client().get("/api/v1/me", query_string={"note": text})
    assert answer.status_code == 422
    assert "note" in answer.get_json()["detail"]
    assert app.test_client().post("/sign-in", data={"email": text}).status_code == 422
