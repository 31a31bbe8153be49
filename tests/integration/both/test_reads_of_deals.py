"""What pages of deals read, on SQLite and on PostgreSQL: the two differ in what they can tell apart and put in order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.db import db
from app.deals.holding import held_products
from app.deals.models import Agreement
from app.deals.queries import open_version
from app.deals.service.answer_offer import accept
from app.deals.service.make_offer import order
from app.deals.service.sign_agreement import sign
from tests.unit.app_deals.trading import floor as make_floor
from tests.unit.app_deals.trading import terms

PAGES = ("/rfqs", "/deals", "/agreements", "/deals/{deal}", "/agreements/{agreement}", "/agreements/{agreement}/months/{month}",
         "/news", "/deals.csv", "/agreements.csv")  # fmt: skip


@pytest.fixture
def sold(tmp_path: Path, database_url: str):  # type: ignore[no-untyped-def]
    floor = make_floor(tmp_path, database_url)
    with floor.app.app_context():
        now = utc_now()
        deal = order(
            db.session, floor.buyers[0], product_id=floor.products[0], terms=terms(), valid_until=now + timedelta(days=1), now=now
        )  # fmt: skip
        accept(db.session, floor.sellers[0], deal.id, round_=1, now=now)
        agreement = db.session.scalars(sa.select(Agreement)).one()
        for who in (floor.buyers[0], floor.sellers[0]):
            version = open_version(db.session, agreement.id)
            assert version is not None
            sign(
                db.session, who, agreement.id, sha256=version.sha256, typed_name="Ann Example", proof="password",
                settings=floor.settings, now=now,
            )  # fmt: skip
        db.session.commit()
        yield floor, deal.id, agreement.id
        db.session.close()
        db.engine.dispose()


def test_what_a_buyer_holds_is_read_with_the_rates_negotiated_for_it(sold) -> None:  # type: ignore[no-untyped-def]
    floor, _, _ = sold
    held = held_products(db.session, floor.buyers[0].company_id, {"USD": 10**9}, now=utc_now())
    assert [(one.product_id, [(code, nanos) for code, nanos, _ in one.rates]) for one in held] == [
        (floor.products[0], [("4420", 2_500_000)])
    ]


def test_every_page_of_a_deal_opens_for_both_sides(sold) -> None:  # type: ignore[no-untyped-def]
    floor, deal, agreement = sold
    month = f"{utc_now():%Y-%m}"
    for side in ("buyer", "Acme"):
        for page in PAGES:
            address = page.format(deal=deal, agreement=agreement, month=month)
            assert floor.clients[side].get(address).status_code == 200, (side, address)
