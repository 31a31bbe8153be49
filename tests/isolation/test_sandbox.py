"""Before approval: nothing of real companies is seen, nothing of one's own is seen by them, nothing is routed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.carriers.models import Company
from app.clock import utc_now
from app.db import db
from app.deals.models import Rfq
from tests.factories.app import make_api_key
from tests.factories.exchange import Exchange
from tests.isolation.expectations import EXPECTED
from tests.isolation.test_routes import calls, everywhere

REAL, OWN, INVENTED = "Kanari Real", "Kanari Sandy", "Sample Voice"
DECK = (
    "Destination,Code,Rate,Increments\nUnited Kingdom,44,{rate},1/1\nUnited Kingdom London,4420,{rate},1/1\n"
)


@dataclass
class Place:
    exchange: Exchange
    ids: dict[str, int]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A real seller and an invented one, both listed; a real buyer with a public RFQ; a seller and buyer in the sandbox."""
    exchange = Exchange.empty(tmp_path_factory.mktemp("sandbox"))
    exchange.operator("Tandem")
    for name, rate in ((REAL, "0.0071777"), (INVENTED, "0.0050"), (OWN, "0.0061777")):
        exchange.seller(name, f"{name} product", "premium", "192.0.2.10")
        exchange.deck(name, DECK.format(rate=rate))
    exchange.buyer("Borealis Talk", Main={})
    with exchange.app.app_context():
        companies = {company.name: company for company in db.session.query(Company)}
        companies[INVENTED].sample = True
        companies[OWN].status = "sandbox"
        companies[OWN].buys = True
        rfq = Rfq(
            buyer_id=companies["Borealis Talk"].id, destinations=[{"code": "4420", "destination": "London"}], minutes_month=1,
            currency="USD", audience="public", anonymous=False, deadline=utc_now() + timedelta(days=9), note=f"{REAL} wish",
            state="open", revision=0, created_at=utc_now(),
        )  # fmt: skip
        db.session.add(rfq)
        db.session.commit()
        _, exchange.keys[OWN] = make_api_key(
            db.session, companies[OWN], ["market:read", "lcr:simulate", "deck:read", "report:read"]
        )
        ids = {"rfq_id": rfq.id, "product_id": exchange.products[REAL], "offer_id": exchange.products[REAL]}
    exchange.work("market.build", "snapshot.build")
    yield Place(exchange, ids)
    with exchange.app.app_context():
        db.engine.dispose()


def walk(place: Place, client: FlaskClient, headers: dict[str, str] | None = None) -> dict[str, str]:
    """Everything this client reads, by address: questions about the real offer under every name a page reads."""
    asked = {"q": "442079460000", "number": "442079460000", "dnis": "442079460000", "code": "44", **place.ids}
    seen = {}
    for method, rule in calls(place.exchange.app):
        if method != "GET" or rule.endpoint not in EXPECTED or EXPECTED[rule.endpoint].kind == "open":
            continue
        if set(rule.arguments) - place.ids.keys() - {"key", "table", "name", "format"}:
            continue
        plain = {"key": f"{place.ids['product_id']}-44", "table": "decks", "name": "margin", "format": "csv"}
        values = {name: place.ids.get(name, plain.get(name)) for name in rule.arguments}
        built = rule.build(values, append_unknown=False)
        assert built is not None
        seen[built[1]] = everywhere(client.get(built[1], query_string=asked, headers=headers))
    return seen


def test_a_company_in_the_sandbox_sees_invented_carriers_and_its_own_only(place: Place) -> None:
    seen = walk(place, place.exchange.client(OWN))
    seen |= walk(
        place, place.exchange.app.test_client(), {"Authorization": f"Bearer {place.exchange.keys[OWN]}"}
    )
    leaks = [path for path, text in seen.items() if REAL in text or "0.0071777" in text or "Borealis" in text]
    assert leaks == []
    assert any(INVENTED in text for text in seen.values()), (
        "the invented ones never show, so this proves nothing"
    )
    assert any(OWN in text for text in seen.values())


def test_nobody_sees_a_company_in_the_sandbox_but_itself_and_the_operator(place: Place) -> None:
    for name in (REAL, "Borealis Talk"):
        leaks = [path for path, text in walk(place, place.exchange.client(name)).items() if OWN in text]
        assert leaks == [], name
    assert any(OWN in text for text in walk(place, place.exchange.client("Tandem")).values())


def test_what_others_would_see_is_refused_in_the_sandbox(place: Place) -> None:
    client = place.exchange.client(OWN)
    refused = 0
    for method, rule in calls(place.exchange.app):
        expected = EXPECTED.get(rule.endpoint)
        if expected is None or method == "GET" or rule.arguments:
            continue
        if {"market:buy", "order:decide"} & set(expected.needed(method)):
            answer = client.open(rule.rule, method=method, json={} if rule.rule.startswith("/api/") else None)
            assert answer.status_code == 403, f"{method} {rule.rule}"
            refused += 1
    assert refused
    for rule in (f"/deals/order/{place.ids['product_id']}", f"/orders/ask/{place.ids['product_id']}"):
        assert client.post(rule).status_code in (403, 404), rule


def test_no_offer_and_no_trunk_of_the_sandbox_is_routed(place: Place) -> None:
    settings = place.exchange.settings
    access = json.loads(
        (settings.snapshot_dir / "snapshots" / place.exchange.snapshot_id / "access.json").read_text()
    )
    offers = {offer["offer_id"]: offer for offer in access["offers"]}
    own, real = place.exchange.products[OWN], place.exchange.products[REAL]
    assert own not in offers or not offers[own]["enabled"]
    assert offers[real]["enabled"]


def test_approval_opens_everything_with_the_next_request(place: Place) -> None:
    with place.exchange.app.app_context():
        company = db.session.query(Company).filter_by(name=OWN).one()
        company.status = "active"
        db.session.commit()
    assert "Borealis" in place.exchange.client(OWN).get("/rfqs").get_data(as_text=True)
    page = (
        place.exchange.client(OWN).get("/market", query_string={"q": "442079460000"}).get_data(as_text=True)
    )
    assert REAL in page
    with place.exchange.app.app_context():
        db.session.query(Company).filter_by(name=OWN).one().status = "sandbox"
        db.session.commit()
