"""A client that nobody wrote: generated from the API's own document, it trades on a running exchange."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from app.carriers.models import Company
from app.clock import utc_now
from app.db import db
from app.security.permissions import KEY_SCOPES
from tests.factories.app import make_api_key
from tests.factories.exchange import Exchange

ROOT = Path(__file__).resolve().parents[2]
SELLER, BUYER = "Acme Carrier", "Borealis Talk"
DECK = """Destination,Code,Rate,Increments
United Kingdom,44,0.0040,1/1
France,33,0.0050,1/1
Germany,49,0.0060,1/1
"""


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What `make client` writes; a warning of the generator fails it."""
    folder = tmp_path_factory.mktemp("client") / "made"
    done = subprocess.run(
        ["bash", str(ROOT / "tools" / "client"), str(folder)], capture_output=True, text=True, timeout=240, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == "tandem_client"]:
        del sys.modules[name]


@pytest.fixture
def market(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A seller with a deck on the market, a buyer, a key of each, and the exchange on a port of its own."""
    exchange = Exchange.empty(tmp_path)
    exchange.seller(SELLER, "Premium CLI", "premium", "192.0.2.10")
    exchange.buyer(BUYER, Main={})
    exchange.deck(SELLER, DECK)
    exchange.work("market.build")
    with exchange.app.app_context():
        companies = {c.name: c for c in db.session.scalars(sa.select(Company))}
        keys = {n: make_api_key(db.session, companies[n], [*KEY_SCOPES])[1] for n in (SELLER, BUYER)}
    server = make_server("127.0.0.1", 0, exchange.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield SimpleNamespace(
        url=f"http://127.0.0.1:{server.server_port}", keys=keys, product=exchange.products[SELLER]
    )
    server.shutdown()
    thread.join()
    server.server_close()


class Trader:
    """One company behind the generated client: `call("deals.list_deals", …)` gives the typed answer with its status."""

    def __init__(self, market: SimpleNamespace, company: str, **words: Any) -> None:
        made = import_module("tandem_client")
        self.client = made.AuthenticatedClient(base_url=market.url, token=market.keys[company], **words)

    def call(self, operation: str, *args: Any, **words: Any) -> Any:
        return import_module(f"tandem_client.api.{operation}").sync_detailed(
            *args, client=self.client, **words
        )


def model(name: str) -> Any:
    return getattr(import_module("tandem_client.models"), name)


@pytest.fixture
def two(market: SimpleNamespace, generated: Path) -> Iterator[SimpleNamespace]:
    seller, buyer = Trader(market, SELLER), Trader(market, BUYER)
    with seller.client, buyer.client:
        yield SimpleNamespace(seller=seller, buyer=buyer, **vars(market))


def first_offer(product_id: int, rate: str) -> Any:
    terms = {"currency": "USD", "rates": [{"code": "44", "rate": rate}], "volume": {"expected_minutes": 1000}}
    return model("FirstOfferIn").from_dict({"product_id": product_id, "terms": terms})


def test_the_document_that_is_printed_is_the_one_that_is_served(
    market: SimpleNamespace, tmp_path: Path
) -> None:
    served = httpx.get(f"{market.url}/api/openapi.json").json()
    printed = subprocess.run(
        [Path(sys.executable).parent / "tandem", "--data-dir", tmp_path / "other", "api", "document"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert served.pop("servers") == [{"url": f"{market.url}/"}]
    assert json.loads(printed) == served


def test_it_lists_the_market_orders_counters_and_accepts(two: SimpleNamespace) -> None:
    who = two.buyer.call("account.me_show")
    assert who.status_code == 200
    found = two.buyer.call("market.market_offers", q="447911", sort=model("MarketOffersSort").RATE)
    assert (found.parsed.total, [one["code"] for one in found.parsed.offers]) == (1, ["44"])
    assert found.parsed.offers[0]["product_id"] == two.product
    placed = two.buyer.call("deals.post_order", body=first_offer(two.product, "0.0030"))
    assert (placed.status_code, placed.parsed.state) == (201, "open")
    countered = two.seller.call(
        "deals.post_counter", placed.parsed.id,
        body=model("CounterIn").from_dict(
            {"round": 1, "terms": {"currency": "USD", "rates": [{"code": "44", "rate": "0.0035"}]}}
        ),
    )  # fmt: skip
    assert countered.parsed.deal["round"] == 2
    accepted = two.buyer.call("deals.post_accept", placed.parsed.id, body=model("AcceptIn")(round_=2))
    assert accepted.parsed.state == "agreed"
    agreement = two.seller.call("deals.get_agreement", accepted.parsed.deal["agreement_id"])
    assert agreement.parsed.versions[0]["document"]["terms"]["rates"][0]["rate"] == "0.0035"
    # A key is no person: signing is refused, with the reason.
    signed = two.seller.call(
        "deals.post_sign", agreement.parsed.id,
        body=model("SignIn")(sha256=agreement.parsed.versions[0]["sha256"], typed_name="A Key", secret="x"),
    )  # fmt: skip
    assert signed.status_code in (403, 422)
    assert signed.parsed.detail


def test_the_same_key_orders_once_and_another_request_under_it_is_refused(two: SimpleNamespace) -> None:
    key = str(uuid.uuid4())
    once = two.buyer.call("deals.post_order", body=first_offer(two.product, "0.0030"), idempotency_key=key)
    again = two.buyer.call("deals.post_order", body=first_offer(two.product, "0.0030"), idempotency_key=key)
    assert (once.status_code, again.status_code, again.parsed.id) == (201, 201, once.parsed.id)
    assert len(two.buyer.call("deals.list_deals").parsed.items) == 1
    other = two.buyer.call("deals.post_order", body=first_offer(two.product, "0.0031"), idempotency_key=key)
    assert other.status_code == 422
    assert "another request" in other.parsed.detail


def test_lists_go_on_by_cursor_until_there_is_nothing_more(two: SimpleNamespace) -> None:
    deadline = (utc_now() + timedelta(days=3)).isoformat()
    for minutes in range(1, 6):
        asked = two.buyer.call("deals.post_rfq", body=model("RfqIn").from_dict({
            "destinations": [{"code": "44"}], "minutes_month": minutes, "currency": "USD", "deadline": deadline,
        }))  # fmt: skip
        assert asked.status_code == 201
    seen, cursor = [], None
    while True:
        page = two.seller.call(
            "deals.list_rfqs", limit=2, **({} if cursor is None else {"cursor": cursor})
        ).parsed
        seen += [one["minutes_month"] for one in page.items]
        assert len(page.items) <= 2
        cursor = page.next_
        if cursor is None:
            break
    assert seen == [5, 4, 3, 2, 1]


def test_refusals_are_problems_with_a_code_and_a_hint(two: SimpleNamespace, market: SimpleNamespace) -> None:
    problem = model("Problem")
    missing = two.seller.call("deals.get_deal", 4711)
    assert (missing.status_code, type(missing.parsed)) == (404, problem)
    assert (missing.parsed.status, missing.parsed.code) == (404, "not_found")
    assert missing.headers["content-type"] == "application/problem+json"
    unfit = two.buyer.call("deals.post_order", body=first_offer(two.product, "dear"))
    assert (unfit.status_code, unfit.parsed.hint) == (422, "Write 0.0125, with at most nine decimals.")
    own = two.seller.call("deals.post_order", body=first_offer(two.product, "0.1"))
    assert own.status_code == 403
    stranger = Trader(SimpleNamespace(url=market.url, keys={"x": "tk_no"}), "x")
    with stranger.client:
        assert stranger.call("deals.list_deals").status_code == 401


def test_peering_is_offered_and_found_by_its_code(two: SimpleNamespace) -> None:
    offered = two.seller.call("peering.post_peering", body=model("PeeringIn").from_dict({
        "product_id": two.product, "settlement": "hybrid", "ratio": "2", "rate": "0.004", "brings": [{"code": "44"}],
        "wants": [{"code": "49"}],
    }))  # fmt: skip
    # It sells only: there is nothing it could send back.
    assert (offered.status_code, type(offered.parsed)) == (403, model("Problem"))
    assert two.buyer.call("peering.list_peering", code="44").parsed.items == []
