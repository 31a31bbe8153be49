"""An exchange under `tandem serve` with a seller, a buyer and their keys; asked over real HTTP, read in the database."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.db import db
from app.jobs.models import Job
from app.market.models import Purchase
from tests.crash.tree import Tree, serving, wait
from tests.factories.app import (
    make_api_key,
    make_company,
    make_customer_trunk,
    make_product,
    make_vendor_trunk,
)
from tests.integration.decks.world import World, make_world

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # the tree's processes live by the real clock
SELLER_SCOPES = ["deck:read", "deck:write", "deck:approve", "market:read"]


@dataclass
class Exchange:
    """`small` has a deck in force, which the buyer's trunk may use; `large` has none yet."""

    world: World
    tree: Tree
    small: int
    large: int
    seller_key: str
    buyer_key: str
    small_deck: int

    def send(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        """One request of the seller's to the web; (0, None) while nobody answers."""
        headers = {"Authorization": f"Bearer {self.seller_key}", "Content-Type": kind}
        url = f"http://127.0.0.1:{self.tree.web_port}/api/v1{path}"
        request = urllib.request.Request(url, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, None

    def upload(self, product: int, content: bytes, name: str) -> int:
        """Multipart upload of a full deck that starts at its receipt; the deck's id."""
        mark = uuid.uuid4().hex
        fields = {"product_id": str(product), "mode": "full", "effective_from": "receipt"}
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        body = "".join([*parts, head, "Content-Type: text/csv\r\n\r\n"]).encode() + content
        status, answer = self.send(
            "POST", "/decks", body + f"\r\n--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"
        )
        assert status == 202, answer
        return int(answer["id"])

    def deck(self, deck_id: int) -> Any:
        """What the web says of a deck; it is asked again while it does not answer."""
        answer: tuple[int, Any] = (0, None)

        def answered() -> bool:
            nonlocal answer
            answer = self.send("GET", f"/decks/{deck_id}")
            return answer[0] != 0

        wait(answered, "the web's answer")
        assert answer[0] == 200, answer
        return answer[1]

    def lcr(self, number: str, at: str) -> tuple[int, Any]:
        """The edge's answer but for its decision id, which is new each time."""
        path = f"/v1/lcr?dnis={number}&at={at}"
        headers = {"Authorization": f"Bearer {self.buyer_key}"}
        status, body = self.tree.get(self.tree.edge_port, path, headers)
        answer = json.loads(body) if body else None
        if isinstance(answer, dict):
            answer.pop("decision_id", None)
        return status, answer

    def jobs(self, kind: str) -> list[Job]:
        """Jobs of a kind as they stand in the database now, oldest first."""
        query = sa.select(Job).where(Job.kind == kind).order_by(Job.created_at, Job.id)
        with self.world.app.app_context(), Session(db.engine, expire_on_commit=False) as session:
            found = list(session.scalars(query))
            session.expunge_all()
        return found

    def quiet(self) -> bool:
        """No job waits or runs."""
        with self.world.app.app_context():
            live = sa.select(sa.func.count()).select_from(Job).where(Job.state.in_(("queued", "running")))
            count = db.session.scalar(live)
            db.session.rollback()
        return count == 0


@contextmanager
def exchange(folder: Path) -> Iterator[Exchange]:
    """A small deck approved before the start; the tree's own worker publishes it."""
    world = make_world(folder)
    with world.app.app_context():
        host = make_vendor_trunk(db.session, world.seller)
        large = make_product(db.session, world.seller, "Large", "standard", host)
        buyer = make_company(db.session, "Bigbuy", buys=True)
        trunk = make_customer_trunk(db.session, buyer)
        for product in (world.product, large):
            db.session.add(
                Purchase(
                    product_id=product.id, seller_id=world.seller.id, buyer_id=buyer.id, trunk_id=trunk.id,
                    state="accepted", effective_from=LONG_AGO, created_at=LONG_AGO,
                )
            )  # fmt: skip
        db.session.commit()
        _, seller_key = make_api_key(db.session, world.seller, SELLER_SCOPES)
        _, buyer_key = make_api_key(db.session, buyer, ["lcr:query"], trunk)
        small, large_id = world.product.id, large.id
    small_deck = world.sent()
    assert world.approve(small_deck).status_code == 302
    with serving(folder, migrate=False) as tree:
        yield Exchange(world, tree, small, large_id, seller_key, buyer_key, small_deck)


def instant() -> str:
    """Now, for questions that are asked again later."""
    return utc_now().isoformat().replace("+00:00", "Z")
