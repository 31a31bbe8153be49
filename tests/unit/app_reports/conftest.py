"""A small world: two sellers, a buyer, the operator; decks short enough to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from apiflask import APIFlask

from app.carriers.models import Company, Product, QualityCounter
from app.db import db
from app.market.models import Purchase
from app.routing.models import FxRate
from app.security.models import User
from rates.schema import TIMELINE
from rates.store import Store
from tests.factories.app import NOW, make_app, make_company, make_customer_trunk, make_product, make_user

DAY = timedelta(days=1)


def timeline(
    *rows: tuple[str, str, int, int, datetime, datetime | None],
    currency: str = "USD",
    step: tuple[int, int] = (1, 1),
) -> pa.Table:
    """Rows: code, destination, rate in nanos, status, from, until."""
    made: list[dict[str, Any]] = []
    for number, (code, destination, rate, status, start, until) in enumerate(
        sorted(rows, key=lambda r: (r[0], r[4])), 2
    ):
        made.append(
            {
                "code": code, "destination": destination, "rate_nanos": rate, "first_rate_nanos": None, "connect_fee_nanos": 0,
                "initial_increment": step[0], "next_increment": step[1], "free_seconds": 0, "currency": currency, "status": status,
                "effective_from": start, "effective_until": until, "received_at": start, "deck_id": 1, "deck_row": number,
            }
        )  # fmt: skip
    return pa.Table.from_pylist(made, schema=TIMELINE)


@dataclass
class World:
    app: APIFlask
    acme: Company
    bravo: Company
    buyer: Company
    operator: Company
    users: dict[str, User]
    acme_product: Product
    bravo_product: Product
    hidden: Product


@pytest.fixture
def world(tmp_path: Path) -> World:
    app = make_app(tmp_path)
    with app.app_context():
        session = db.session
        acme, bravo = (
            make_company(session, "Acme", sells=True),
            make_company(session, "Bravo", sells=True, currency="EUR"),
        )
        buyer, operator = (
            make_company(session, "Buyer", buys=True),
            make_company(session, "Tandem", is_operator=True),
        )
        store = Store(str(app.config["TANDEM"].store_dir))
        old, change, soon = NOW - 40 * DAY, NOW - 3 * DAY, NOW + 2 * DAY
        first = timeline(
            ("44", "UK", 4_000_000, 0, old, None), ("4420", "=London", 3_500_000, 0, old, None),
            ("447", "UK Mobile", 20_000_000, 0, old, change), ("447", "UK Mobile", 25_000_000, 0, change, soon),
            ("447", "UK Mobile", 24_000_000, 0, soon, None), ("4479", "UK Special", 30_000_000, 0, old, change),
            ("4470", "UK Personal", 300_000_000, 1, old, None), ("33", "France", 5_000_000, 0, change, None),
        )  # fmt: skip
        euro = (("44", "UK", 3_000_000, 0, old, None), ("447", "UK Mobile", 19_000_000, 0, old, None))
        second = timeline(*euro, currency="EUR", step=(60, 60))
        acme_product = make_product(session, acme, "Premium", timeline_key=store.put(first), version=1)
        bravo_product = make_product(
            session, bravo, "Standard", "standard", timeline_key=store.put(second), version=1
        )
        hidden = make_product(
            session, bravo, "Hidden", "standard", timeline_key=store.put(second), version=1, listed=False
        )
        session.add(FxRate(currency="EUR", rate="1.10", valid_from=old, created_at=old))
        card = timeline(("44", "UK", 10_000_000, 0, old, None))
        trunk = make_customer_trunk(session, buyer, rate_card_key=store.put(card))
        session.add(
            Purchase(
                product_id=acme_product.id, seller_id=acme.id, buyer_id=buyer.id, trunk_id=trunk.id, state="accepted",
                effective_from=old, created_at=old,
            )
        )  # fmt: skip
        counted = (
            (acme_product, "44", 200, 90, 80),
            (acme_product, "447", 0, 0, 0),
            (bravo_product, "44", 12, 5, 0),
        )
        for product, code, attempts, answered, mos in counted:
            session.add(
                QualityCounter(
                    product_id=product.id, code=code, source="calls", window_from=old, window_until=NOW, attempts=attempts,
                    answered=answered, effective=answered + attempts // 4, short_calls=answered // 10, talk_ms=answered * 125_250,
                    pdd_ms_sum=attempts * 2_345, pdd_samples=attempts, mos_milli_sum=mos * 4_105, mos_samples=mos,
                )
            )  # fmt: skip
        session.commit()
        users = {
            "acme": make_user(session, acme, "rates"), "bravo": make_user(session, bravo, "owner"),
            "buyer": make_user(session, buyer, "trader"), "operator": make_user(session, operator, "operator"),
        }  # fmt: skip
    # Outside the context: each request of a test gets its own, as on a server.
    return World(app, acme, bravo, buyer, operator, users, acme_product, bravo_product, hidden)
