"""The same key and body act once; another body is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from apiflask import APIFlask
from flask import request
from flask.testing import FlaskClient

from app.carriers.models import VendorTrunk
from app.db import db
from app.errors import Invalid
from app.security.access import actor, require
from app.web.idempotency import answer_once
from tests.factories.app import NOW, make_api_key, make_app, make_company


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    app: APIFlask = make_app(tmp_path)

    def work() -> tuple[dict[str, int], int]:
        trunk = VendorTrunk(company_id=actor().company_id, name="t", host="h", created_at=NOW)
        db.session.add(trunk)
        db.session.flush()
        if request.get_json().get("fail"):
            raise Invalid("asked to fail")
        return {"id": trunk.id}, 201

    @app.post("/api/v1/probe")
    @require("deck:write")
    def probe() -> tuple[dict[str, int], int]:
        return answer_once(work)

    with app.app_context():
        _, secret = make_api_key(db.session, make_company(db.session, sells=True), ["deck:write"])
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return client


def rows(client: FlaskClient) -> int:
    with client.application.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(VendorTrunk)) or 0


def test_the_same_key_and_body_act_once_and_answer_the_same(client: FlaskClient) -> None:
    answers = [
        client.post("/api/v1/probe", json={"a": 1}, headers={"Idempotency-Key": "k"}) for _ in range(3)
    ]
    assert {(a.status_code, a.get_data()) for a in answers} == {(201, answers[0].get_data())}
    assert rows(client) == 1


def test_another_body_under_the_same_key_is_refused(client: FlaskClient) -> None:
    client.post("/api/v1/probe", json={"a": 1}, headers={"Idempotency-Key": "k"})
    answer = client.post("/api/v1/probe", json={"a": 2}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert rows(client) == 1


def test_a_failed_request_does_not_burn_its_key(client: FlaskClient) -> None:
    failed = client.post("/api/v1/probe", json={"fail": True}, headers={"Idempotency-Key": "k"})
    assert failed.status_code == 422
    assert client.post("/api/v1/probe", json={"a": 1}, headers={"Idempotency-Key": "k"}).status_code == 201
    assert rows(client) == 1


def test_without_a_key_each_request_acts(client: FlaskClient) -> None:
    assert [client.post("/api/v1/probe", json={}).status_code for _ in range(2)] == [201, 201]
    assert rows(client) == 2
