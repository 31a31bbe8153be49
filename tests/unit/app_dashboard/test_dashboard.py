"""The first page of each role opens, empty and filled, and shows no stranger's data."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db import db
from app.decks.models import DeckVersion
from tests.factories.app import NOW, login, make_app, make_company, make_product, make_user


@pytest.mark.parametrize("role", ["owner", "rates", "trader", "viewer"])
@pytest.mark.parametrize(("sells", "buys"), [(True, False), (False, True), (True, True)])
def test_the_dashboard_opens_for_every_role_and_side(
    tmp_path: Path, role: str, sells: bool, buys: bool
) -> None:
    app = make_app(tmp_path)
    with app.app_context():
        company = make_company(db.session, sells=sells, buys=buys)
        page = login(app.test_client(), make_user(db.session, company, role)).get("/")
        assert page.status_code == 200
        assert ("My products" in page.get_data(as_text=True)) == sells


def test_the_operator_sees_the_whole_exchange_and_a_seller_only_itself(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    with app.app_context():
        for name in ("Alpha", "Beta"):
            product = make_product(
                db.session, make_company(db.session, name, sells=True), f"{name} gold", version=1
            )
            db.session.add(
                DeckVersion(company_id=product.company_id, product_id=product.id, number=1, timeline_key="k",
                            codes=7, counts={"NEW": 7}, created_at=NOW)
            )  # fmt: skip
        db.session.commit()
        alpha = db.session.get_one(type(product.company), product.company_id - 1)
        seller = login(app.test_client(), make_user(db.session, alpha)).get("/").get_data(as_text=True)
        boss = make_user(db.session, make_company(db.session, "Exchange", is_operator=True), "operator")
        operator = login(app.test_client(), boss)
        assert "Alpha gold" in seller
        assert "Beta gold" not in seller
        assert "14 rates" in operator.get("/").get_data(as_text=True)
        assert operator.get("/operator/health").status_code == 200
        assert operator.get("/operator/snapshots.csv").status_code == 200
