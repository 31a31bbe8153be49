"""Invited and anonymous listings: every route and every form of the edge, read by those who may not know whose they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.carriers.models import Company, CustomerTrunk, ListingInvitation, Product
from app.clock import utc_now
from app.db import db
from app.deals.models import Deal, PeeringOffer, Rfq
from app.deals.terms import Rate, Terms, as_json
from app.hooks.models import Happening
from app.mail.models import OutboxMail
from app.market.assemble import offer_key
from app.market.models import Purchase, SavedSearch
from tests.factories.app import make_api_key
from tests.factories.exchange import Exchange
from tests.isolation.expectations import EXPECTED, PLAIN
from tests.isolation.test_edge import FORMS
from tests.isolation.test_routes import calls, everywhere
from tests.swap.edge_process import Client, running_edge

NUMBER = "442079460000"
HIDDEN, CLOSED, OPEN = "Kanari Verborgen", "Geschlossen Kanari", "Open Voice"
MARKS = {HIDDEN: ("kanari verborgen", "kanari-verborgen", "verborgen"), CLOSED: ("geschlossen",)}
BUYER, GUEST = "Borealis Talk", "Invited Talk"
SCOPES = ["market:read", "market:buy", "order:decide", "lcr:simulate", "deck:read", "report:read", "call:read", "job:read"]  # fmt: skip


@dataclass
class Place:
    exchange: Exchange
    ids: dict[str, int]
    keys: dict[str, str]  # of the offer's row in the market, by seller


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An anonymous, an invited and a public listing to the same numbers; the buyer asked about the anonymous one in
    every way there is, and agreed nothing; the guest is invited to the invited one."""
    exchange = Exchange.empty(tmp_path_factory.mktemp("listing"))
    exchange.operator("Tandem")
    for seller, rate in ((HIDDEN, "0.0050"), (CLOSED, "0.0061777"), (OPEN, "0.0070")):
        host = f"{seller.lower().replace(' ', '-')}.example"
        exchange.seller(seller, f"{seller} direct", "premium", host, description=f"{seller} promises")
        name = f"United Kingdom {seller}"
        exchange.deck(
            seller, f"Destination,Code,Rate,Increments\n{name},44,{rate},1/1\n{name} L,4420,{rate},1/1\n"
        )
    exchange.buyer(BUYER, Main={})
    exchange.buyer(GUEST, Guest={})
    for trunk in ("Main", "Guest"):
        exchange.grant(trunk, OPEN)
    with exchange.app.app_context():
        shy = {name: db.session.get_one(Product, exchange.products[name]) for name in (HIDDEN, CLOSED)}
        shy[HIDDEN].visibility, shy[CLOSED].visibility = "anonymous", "invited"
        companies = {company.name: company for company in db.session.scalars(sa.select(Company))}
        buyer, seller = companies[BUYER], companies[HIDDEN]
        now = utc_now()
        db.session.add(
            ListingInvitation(product_id=shy[CLOSED].id, company_id=companies[GUEST].id, created_at=now)
        )
        rfq = Rfq(
            buyer_id=buyer.id, destinations=[{"code": "4420", "destination": "London"}], minutes_month=1, currency="USD",
            audience="public", anonymous=False, deadline=now + timedelta(days=9), note="", state="open", revision=0, created_at=now,
        )  # fmt: skip
        trunk = db.session.get_one(CustomerTrunk, exchange.trunks["Main"])
        asked = Purchase(
            product_id=shy[HIDDEN].id, seller_id=seller.id, buyer_id=buyer.id, trunk_id=trunk.id, state="requested",
            note="", answer="", created_at=now,
        )  # fmt: skip
        owner = exchange.emails[BUYER]
        user_id = db.session.execute(
            sa.text('select id from "user" where email = :e'), {"e": owner}
        ).scalar_one()
        kept = SavedSearch(
            company_id=buyer.id, user_id=user_id, name="its name", query=f"q={HIDDEN.replace(' ', '+')}", kind="search",
            settings={"seen": {}},
            created_at=now,
        )  # fmt: skip
        db.session.add_all([rfq, asked, kept])
        db.session.flush()
        terms = as_json(Terms("USD", (Rate("4420", "0.01"),)))
        deals = [
            Deal(
                rfq_id=rfq_id, product_id=shy[HIDDEN].id, seller_id=seller.id, buyer_id=buyer.id, turn="seller", terms=terms,
                valid_until=now + timedelta(days=9), state="open", revision=0, created_at=now,
            )
            for rfq_id in (rfq.id, None)
        ]  # fmt: skip
        peers = [
            PeeringOffer(
                company_id=product.company_id, product_id=product.id, state="open", currency="USD", settlement="bill_and_keep",
                ratio="2", brings=[{"code": "44", "destination": f"{name} UK"}], wants=[{"code": "49", "destination": name}],
                note=f"Ask {name}", created_at=now,
            )
            for name, product in shy.items()
        ]  # fmt: skip
        db.session.add_all([*deals, *peers])
        db.session.commit()
        for name in (BUYER, GUEST):
            _, exchange.keys[name] = make_api_key(db.session, companies[name], SCOPES)
        ids = {
            "rfq_id": rfq.id, "deal_id": deals[1].id, "purchase_id": asked.id, "product_id": shy[HIDDEN].id,
            "offer_id": shy[HIDDEN].id, "trunk_id": trunk.id, "search_id": kept.id, "company_id": buyer.id,
            "peering_id": peers[0].id,
        }  # fmt: skip
    exchange.work("market.build", "snapshot.build")
    exchange.work("market.build", "snapshot.publish")
    keys = {
        HIDDEN: offer_key(exchange.products[HIDDEN], "GB", "United Kingdom …"),
        CLOSED: offer_key(exchange.products[CLOSED], "GB", f"United Kingdom {CLOSED}"),
    }
    yield Place(exchange, ids, keys)
    with exchange.app.app_context():
        db.engine.dispose()


def walk(
    place: Place, by: str, about: str, *, key: bool, methods: tuple[str, ...] = ("GET",)
) -> dict[str, str]:
    """All that this company gets from every route behind a permission: bodies and headers, by method and address."""
    product = place.exchange.products[about]
    ids = place.ids | {"product_id": product, "offer_id": product}
    asked: dict[str, Any] = {
        "q": NUMBER,
        "number": NUMBER,
        "dnis": NUMBER,
        "code": "44",
        "o": place.keys[about],
        **ids,
    }
    words = PLAIN | {"key": place.keys[about]}
    client = place.exchange.app.test_client() if key else place.exchange.client(by)
    headers = {"Authorization": f"Bearer {place.exchange.keys[by]}"} if key else None
    seen = {}
    for method, rule in calls(place.exchange.app):
        expected = EXPECTED.get(rule.endpoint)
        if method not in methods or expected is None or expected.kind != "needs":
            continue
        if key and not rule.rule.startswith("/api/"):
            continue
        values = {name: ids.get(name, words.get(name, "1")) for name in rule.arguments}
        built = rule.build(values, append_unknown=False)
        if built is None:
            continue
        searches = "/market" in built[1] or "/simulat" in built[1]
        for query in [asked, {"q": about}] if searches else [asked]:
            answer = client.open(built[1], method=method, query_string=query, headers=headers)
            text = everywhere(answer)
            if query.get("q") == about:
                text = (
                    text.replace(about, "")
                    .replace(about.replace(" ", "+"), "")
                    .replace(about.replace(" ", "%20"), "")
                )
            # The search the buyer kept under the name it guessed is its own words.
            seen[f"{method} {built[1]} {sorted(query)}"] = text.replace("q=Kanari+Verborgen", "")
    return seen


def leaks(seen: dict[str, str], about: str) -> list[str]:
    return [where for where, text in seen.items() if any(mark in text.lower() for mark in MARKS[about])]


@pytest.mark.parametrize(("by", "key"), [(BUYER, False), (BUYER, True), (GUEST, True)])
def test_no_byte_says_whose_an_anonymous_listing_is(place: Place, by: str, key: bool) -> None:
    seen = walk(place, by, HIDDEN, key=key)
    assert leaks(seen, HIDDEN) == []
    mask = f"Anonymous seller {place.exchange.products[HIDDEN]}"
    assert any(mask in text for text in seen.values()), "the listing never shows, so this proves nothing"


def test_its_seller_and_the_operator_know_it(place: Place) -> None:
    for who in (HIDDEN, "Tandem"):
        page = place.exchange.client(who).get("/market", query_string={"q": NUMBER}).get_data(as_text=True)
        assert f"{HIDDEN} direct" in page


def test_a_search_for_the_name_finds_nothing(place: Place) -> None:
    client = place.exchange.client(BUYER)
    for words in (HIDDEN, "verborgen", "kanari-verborgen"):
        assert client.get("/api/v1/market/offers", query_string={"q": words}).json["total"] == 0
    found = place.exchange.client(HIDDEN).get("/api/v1/market/offers", query_string={"q": HIDDEN}).json
    assert found["total"] > 0


@pytest.mark.parametrize("key", [False, True], ids=["session", "key"])
def test_an_invited_listing_does_not_exist_for_those_not_invited(place: Place, key: bool) -> None:
    seen = walk(place, BUYER, CLOSED, key=key)
    assert leaks(seen, CLOSED) == []
    assert not [where for where, text in seen.items() if "0.0061777" in text]
    guest = walk(place, GUEST, CLOSED, key=key)
    assert leaks(guest, CLOSED), "who is invited sees it by name"


def test_what_is_not_there_is_not_found_whatever_is_asked(place: Place) -> None:
    product, key = place.exchange.products[CLOSED], place.keys[CLOSED]
    paths = [
        f"/market/panel/{key}", f"/market/panel/{key}.csv", f"/market/request/{product}", f"/deals/order/{product}",
    ]  # fmt: skip
    client, guest = place.exchange.client(BUYER), place.exchange.client(GUEST)
    for path in paths:
        here, there = client.get(path), guest.get(path)
        assert (here.status_code, there.status_code) == (404, 200), (path, there.location)
    assert client.post(f"/market/watch/{key}").status_code == 404
    assert client.post(f"/market/request/{product}", data={"trunk_id": 1}).status_code == 404
    assert client.post(f"/deals/order/{product}").status_code == 404
    body = {"product_id": product, "trunk_id": place.ids["trunk_id"]}
    headers = {"Authorization": f"Bearer {place.exchange.keys[BUYER]}", "Idempotency-Key": "a-1"}
    answer = place.exchange.app.test_client().post("/api/v1/purchases", json=body, headers=headers)
    missing = place.exchange.app.test_client().post(
        "/api/v1/purchases", json=body | {"product_id": 987_654}, headers=headers | {"Idempotency-Key": "a-2"}
    )
    assert answer.status_code == missing.status_code == 404
    assert answer.json == missing.json


def test_news_mails_and_webhooks_say_no_name_either(place: Place) -> None:
    """The kept search by the seller's name was looked at when the market was built."""
    with place.exchange.app.app_context():
        sellers = [place.exchange.emails[HIDDEN], place.exchange.emails[CLOSED]]
        own = db.session.scalars(sa.select(Company.id).where(Company.name.in_((HIDDEN, CLOSED)))).all()
        told = [
            f"{one.text} {one.data} {one.href}".replace("q=Kanari+Verborgen", "")  # the buyer's own words
            for one in db.session.scalars(sa.select(Happening).where(Happening.company_id.not_in(own)))
        ]
        told += [
            f"{one.subject} {one.text}"
            for one in db.session.scalars(sa.select(OutboxMail).where(OutboxMail.recipient.not_in(sellers)))
        ]
        kept = db.session.scalars(sa.select(SavedSearch).where(SavedSearch.name == "its name")).one()
        assert kept.settings["seen"] == {"price": None, "offers": 0}
    assert not [
        text for text in told if any(mark in text.lower() for marks in MARKS.values() for mark in marks)
    ]


def test_the_edge_says_no_name_before_the_deal_and_names_the_seller_after_it(
    place: Place, tmp_path: Path
) -> None:
    root = place.exchange.settings.snapshot_dir

    def answers(port: int) -> str:
        heads = {"Authorization": f"Bearer {place.exchange.keys['Main']}"}
        with Client(port, heads) as client:
            paths = ["/v1/lcr?explain=1&dnis=", *(f"/v1/lcr/{form}?explain=1&dnis=" for form in FORMS)]
            return " ".join(client.get(path + NUMBER)[1].decode() for path in paths)

    with running_edge(root, tmp_path / "edge.log") as edge:
        before = answers(edge.port).lower()
    assert "open-voice" in before
    assert not [mark for marks in MARKS.values() for mark in marks if mark in before]

    path = f"/orders/{place.ids['purchase_id']}/accept"
    assert place.exchange.client(HIDDEN).post(path, data={}).status_code == 302
    place.exchange.work("snapshot.publish", "snapshot.build")
    with running_edge(root, tmp_path / "edge.log") as edge:
        after = answers(edge.port).lower()
    assert "kanari-verborgen" in after
    page = place.exchange.client(BUYER).get("/orders/placed").get_data(as_text=True)
    assert f"{HIDDEN} direct" in page
    offers = place.exchange.client(BUYER).get("/api/v1/market/offers", query_string={"q": NUMBER}).json
    assert HIDDEN in {offer["seller"] for offer in offers["offers"]}
    other = place.exchange.client(GUEST).get("/api/v1/market/offers", query_string={"q": NUMBER}).json
    assert HIDDEN not in json.dumps(other)


def test_a_seller_sets_who_sees_it(place: Place) -> None:
    """Last: it changes the invited listing by its form."""
    client, product = place.exchange.client(CLOSED), place.exchange.products[CLOSED]
    page = client.get(f"/products/{product}/edit").get_data(as_text=True)
    assert GUEST in page
    form = {
        "name": f"{CLOSED} direct", "route_class": "premium", "currency": "USD", "vendor_trunk_id": "0", "unlisted_rule": "parent",
        "notice_days": "7", "timeout_ms": "6000", "enabled": "y", "listed": "y", "visibility": "invited",
    }  # fmt: skip
    wrong = client.post(f"/products/{product}/edit", data=form | {"invited": "Nobody Ltd"})
    assert wrong.status_code == 422
    assert "There is no other company Nobody Ltd." in wrong.get_data(as_text=True)
    empty = client.post(f"/products/{product}/edit", data=form | {"invited": ""})
    assert empty.status_code == 422, empty.location
    assert (
        client.post(f"/products/{product}/edit", data=form | {"invited": f"{BUYER}\n{GUEST}"}).status_code
        == 302
    )
    place.exchange.work("market.build")
    assert place.exchange.client(BUYER).get(f"/market/request/{product}").status_code == 200
    assert client.post(f"/products/{product}/edit", data=form | {"invited": GUEST}).status_code == 302
    assert place.exchange.client(BUYER).get(f"/market/request/{product}").status_code == 404
