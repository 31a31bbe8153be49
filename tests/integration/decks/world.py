"""A seller with a product, a signed-in client, and short ways to send a deck and let the worker's jobs run."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from apiflask import APIFlask
from flask.testing import FlaskClient

import app.decks.jobs  # noqa: F401  (registers deck.check, as the worker does)
from app.carriers.models import Company, Product
from app.db import db
from app.jobs.models import Job
from app.jobs.runner import run_one
from app.security.models import User
from tests.factories.app import login, make_app, make_company, make_product, make_user

DECK = """Destination,Code,Rate,Increments
United Kingdom,44,0.0040,1/1
United Kingdom Mobile,447,0.0180,1/1
France,33,0.0050,60/60
France Mobile,336,0.0210,1/1
"""


@dataclass
class World:
    """`other` is a seller of its own; `second` a colleague who may approve."""

    app: APIFlask
    seller: Company
    product: Product
    user: User
    second: User
    other: User
    client: FlaskClient

    def as_user(self, user: User) -> FlaskClient:
        return login(self.app.test_client(), user)

    def upload(
        self, text: str | bytes = DECK, name: str = "deck.csv", *, mode: str = "full", **fields: Any
    ) -> Any:
        body = text.encode() if isinstance(text, str) else text
        data = {
            "file": (io.BytesIO(body), name),
            "product": str(self.product.id),
            "mode": mode,
            "starts": "receipt",
        }
        return self.client.post("/decks/new", data={**data, **fields}, content_type="multipart/form-data")

    def sent(self, text: str | bytes = DECK, name: str = "deck.csv", **fields: Any) -> int:
        """Upload and check; the deck's id."""
        answer = self.upload(text, name, **fields)
        assert answer.status_code == 302, answer.get_data(as_text=True)[-2000:]
        self.work()
        found = re.search(r"/decks/(\d+)", answer.location)
        assert found is not None
        return int(found.group(1))

    def work(self, kind: str = "deck.check") -> None:
        """Run what the worker would run."""
        with self.app.app_context():
            waiting = db.session.scalars(
                sa.select(Job.id).where(Job.state == "queued", Job.kind == kind)
            ).all()
            db.session.rollback()
        for job_id in waiting:
            run_one(self.app, job_id)

    def state(self, deck_id: int) -> str:
        answer = self.client.get(f"/api/v1/decks/{deck_id}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return str(answer.json["state"])

    def approve(self, deck_id: int, client: FlaskClient | None = None) -> Any:
        return (client or self.client).post(f"/decks/{deck_id}/approve", data={"read": "y", "note": "test"})

    def queued(self) -> list[str]:
        with self.app.app_context():
            return list(
                db.session.scalars(sa.select(Job.kind).where(Job.state == "queued").order_by(Job.kind))
            )


def make_world(tmp_path: Path, database_url: str | None = None, **changes: Any) -> World:
    app = make_app(tmp_path, database_url, **changes)
    with app.app_context():
        seller = make_company(db.session, "Acme Carrier", sells=True)
        product = make_product(db.session, seller)
        user = make_user(db.session, seller, "rates")
        second = make_user(db.session, seller, "owner")
        other = make_user(db.session, make_company(db.session, "Rival Telecom", sells=True), "owner")
        db.session.commit()
    return World(app, seller, product, user, second, other, login(app.test_client(), user))
