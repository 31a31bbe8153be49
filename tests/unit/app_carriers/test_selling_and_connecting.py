"""Products, trunks and keys through their pages: what is saved, what is refused and why."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from apiflask import APIFlask

from app.audit.models import AuditEvent
from app.carriers.models import CustomerTrunk, Product
from app.carriers.policy_form import SCALED, form_values
from app.carriers.snippets import RECIPES, snippets_for
from app.clock import utc_now
from app.db import db
from app.jobs.models import Job
from app.market.models import Purchase
from app.security.actor import hash_key
from app.security.models import ApiKey
from tests.factories import app as make


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    return make.make_app(tmp_path)


def seller(app: APIFlask) -> Any:
    with app.app_context():
        company = make.make_company(db.session, "Acme", sells=True, buys=True)
        user = make.make_user(db.session, company, "owner")
        client = app.test_client()
        make.login(client, user)
    return client


PRODUCT = {
    "name": "Premium CLI", "route_class": "premium", "currency": "USD", "vendor_trunk_id": "0", "unlisted_rule": "parent",
    "notice_days": "7", "timeout_ms": "6000", "enabled": "y", "listed": "y",
}  # fmt: skip
TRUNK = {
    "name": "Main",
    "max_routes": "5",
    "kind": "cost",
    "guard": "off",
    "enabled": "y",
    "source_ips": "192.0.2.7\n198.51.100.0/24",
}


def test_a_product_is_made_changed_audited_and_told_to_the_core(app: APIFlask) -> None:
    client = seller(app)
    assert client.post("/products/new", data=PRODUCT).status_code == 302
    with app.app_context():
        product = db.session.scalars(sa.select(Product)).one()
        assert (product.name, product.enabled, product.vendor_trunk_id) == ("Premium CLI", True, None)
        asked = sorted(db.session.scalars(sa.select(Job.kind)))
        assert asked == [
            "market.build",
            "snapshot.publish",
        ]  # it is listed: the market shows it, or hides it from some
        assert db.session.scalars(sa.select(AuditEvent.action)).all() == ["product.create"]
        product_id = product.id
    answer = client.post(f"/products/{product_id}/edit", data={**PRODUCT, "name": "Premium", "enabled": ""})
    assert answer.status_code == 302
    assert b"switched off" in client.get("/products").data


def test_a_second_product_of_the_same_name_is_refused_and_nothing_is_saved(app: APIFlask) -> None:
    client = seller(app)
    client.post("/products/new", data=PRODUCT)
    answer = client.post("/products/new", data=PRODUCT)
    assert answer.status_code == 422
    assert b"already a product called Premium CLI" in answer.data
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Product)) == 1


def test_a_trunk_keeps_its_policy_in_exact_units(app: APIFlask) -> None:
    client = seller(app)
    policy = {
        "kind": "score",
        "w_cost": "50",
        "w_asr": "20.5",
        "w_pdd": "29.5",
        "asr_target": "55",
        "pdd_max": "8",
        "max_cost": "0.0123",
    }
    answer = client.post("/trunks/new", data={**TRUNK, **policy, "classes": ["premium", "standard"]})
    assert answer.status_code == 302
    with app.app_context():
        trunk = db.session.scalars(sa.select(CustomerTrunk)).one()
        assert trunk.source_ips == ["192.0.2.7", "198.51.100.0/24"]
        assert trunk.policy == {
            "kind": "score", "classes": ["premium", "standard"], "max_cost_nanos": 12_300_000, "w_cost_ppm": 500_000,
            "w_asr_ppm": 205_000, "w_pdd_ppm": 295_000, "asr_target_ppm": 550_000, "pdd_max_ms": 8_000,
        }  # fmt: skip
        values = form_values(trunk.policy)
        assert values["max_cost"] == Decimal("0.0123")
        assert {name for name in values if name in SCALED} == {
            "max_cost",
            "w_cost",
            "w_asr",
            "w_pdd",
            "asr_target",
            "pdd_max",
        }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source_ips": "300.1.1.1"}, "is not an address"),
        ({"blocked_codes": "44a"}, "is not a dial code"),
        ({"kind": "score", "w_cost": "50"}, "add up to 100 %"),
        ({"kind": "score", "w_cost": "50", "w_asr": "50"}, "needs ASR that scores full"),
        ({"delta_price": "0.01", "delta_percent": "5"}, "not both"),
        ({"max_cost": "0.12345678901"}, "finer than this field"),
        ({"name": ""}, "required"),
    ],
)
def test_a_trunk_that_makes_no_sense_is_refused_with_the_reason(
    app: APIFlask, change: dict[str, str], words: str
) -> None:
    client = seller(app)
    answer = client.post("/trunks/new", data={**TRUNK, **change})
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    with app.app_context():
        assert db.session.scalars(sa.select(CustomerTrunk)).all() == []


def test_an_address_identifies_only_one_trunk(app: APIFlask) -> None:
    client = seller(app)
    client.post("/trunks/new", data=TRUNK)
    answer = client.post("/trunks/new", data={**TRUNK, "name": "Second"})
    assert "already identifies another trunk" in answer.get_data(as_text=True)
    assert (
        client.post("/trunks/new", data={**TRUNK, "name": "Second", "tech_prefix": "77#"}).status_code == 302
    )


def test_a_key_is_shown_once_kept_as_a_hash_and_can_be_revoked(app: APIFlask) -> None:
    client = seller(app)
    client.post("/trunks/new", data=TRUNK)
    with app.app_context():
        trunk_id = db.session.scalars(sa.select(CustomerTrunk.id)).one()
    form = {"name": "switch", "trunk_id": str(trunk_id), "scopes": ["lcr:query"], "valid_days": "90"}
    shown = client.post("/keys", data=form).get_data(as_text=True)
    secret = re.search(r'value="(tk_[^"]+)"', shown)
    assert secret is not None
    with app.app_context():
        key = db.session.scalars(sa.select(ApiKey)).one()
        assert key.key_sha256 == hash_key(secret.group(1))
        assert key.expires_at is not None
        key_id = key.id
    assert secret.group(1) not in client.get("/keys").get_data(as_text=True)
    assert client.post(f"/keys/{key_id}/revoke").status_code == 302
    assert client.post(f"/keys/{key_id}/revoke").status_code == 409


def test_a_routing_key_without_a_trunk_is_refused(app: APIFlask) -> None:
    answer = seller(app).post(
        "/keys", data={"name": "x", "trunk_id": "0", "scopes": ["lcr:query"], "valid_days": "0"}
    )
    assert answer.status_code == 422
    assert "needs a trunk" in answer.get_data(as_text=True)


def test_connecting_a_switch_shows_the_edge_and_never_a_key(app: APIFlask) -> None:
    client = seller(app)
    assert b"First a trunk" in client.get("/connect").data
    client.post("/trunks/new", data=TRUNK)
    page = client.get("/connect").get_data(as_text=True)
    assert "http://127.0.0.1:8090/v1/lcr?dnis=" in page
    assert "YOUR_KEY_OF_MAIN" in page


def test_every_recipe_of_the_documentation_is_shown_with_address_and_key_filled_in() -> None:
    recipes = sorted(p for p in RECIPES.rglob("*") if p.is_file() and p.name != "README.md")
    shown = {s.file: s.text for s in snippets_for("https://edge.example", "East gateway") if s.file}
    assert sorted(shown) == [str(p.relative_to(RECIPES)) for p in recipes]
    for path in recipes:
        text = shown[str(path.relative_to(RECIPES))]
        # How call records come back is the one recipe that asks the edge nothing.
        asks = path.name != "json_cdr.conf.xml"
        assert ("YOUR_KEY_OF_EAST_GATEWAY" in text) == asks
        assert ("edge.example" in text) == asks
        assert "127.0.0.1:8090" not in text
        assert "tk_your_key" not in text
        assert len(text.splitlines()) == len(path.read_text(encoding="utf-8").splitlines())
    assert "https://kamailio:YOUR_KEY_OF_EAST_GATEWAY@edge.example" in shown["kamailio/rtjson.cfg"]


@pytest.mark.parametrize("field", ["channels", "cps"])
def test_a_vendor_trunk_with_an_impossible_limit_is_refused_on_the_form(app: APIFlask, field: str) -> None:
    form = {
        "name": "Gateway",
        "host": "sip.acme.example",
        "port": "5060",
        "transport": "udp",
        field: "9" * 20,
    }
    answer = seller(app).post("/vendor-trunks/new", data=form)
    assert answer.status_code == 422
    assert "Number must be between 1 and 1000000" in answer.get_data(as_text=True)


def test_one_company_cannot_claim_a_network_that_holds_anothers_switch(app: APIFlask) -> None:
    client = seller(app)
    client.post("/trunks/new", data=TRUNK)
    with app.app_context():
        rival = make.make_user(db.session, make.make_company(db.session, "Rival", buys=True), "owner")
        other = app.test_client()
        make.login(other, rival)
    answer = other.post("/trunks/new", data={**TRUNK, "source_ips": "192.0.2.0/24"})
    assert answer.status_code == 422
    assert "already identifies another trunk" in answer.get_data(as_text=True)
    assert other.post("/trunks/new", data={**TRUNK, "source_ips": "203.0.113.0/24"}).status_code == 302


def listed(app: APIFlask, name: str, **words: Any) -> int:
    with app.app_context():
        company = make.make_company(db.session, name, sells=True)
        trunk = make.make_vendor_trunk(db.session, company)
        return make.make_product(db.session, company, "Premium", "premium", trunk, **words).id


def test_a_trunk_keeps_its_forced_products_in_order_and_its_exclusive_ones(app: APIFlask) -> None:
    client = seller(app)
    first, second, third = (listed(app, name) for name in ("Bravo", "Carib", "Delta"))
    chosen = {"first_offers-0": str(third), "first_offers-1": "0", "first_offers-2": str(first)}
    lists = {**chosen, "only_offers": [str(first), str(second), str(third)]}
    assert client.post("/trunks/new", data={**TRUNK, **lists}).status_code == 302
    with app.app_context():
        trunk = db.session.scalars(sa.select(CustomerTrunk)).one()
        assert trunk.policy == {
            "kind": "cost",
            "first_offers": [third, first],
            "only_offers": [first, second, third],
        }
        trunk_id = trunk.id
    page = client.get(f"/trunks/{trunk_id}/edit").get_data(as_text=True)
    assert page.count(f'<option selected value="{third}">') == 1
    assert page.count("checked") == 4  # three products, and the trunk is in use
    assert client.post(f"/trunks/{trunk_id}/edit", data=TRUNK).status_code == 302
    with app.app_context():
        assert db.session.scalars(sa.select(CustomerTrunk)).one().policy == {"kind": "cost"}


def test_forced_products_that_contradict_are_refused(app: APIFlask) -> None:
    client = seller(app)
    first, second = listed(app, "Bravo"), listed(app, "Carib")
    outside = {"first_offers-0": str(first), "only_offers": [str(second)]}
    answer = client.post("/trunks/new", data={**TRUNK, **outside}).get_data(as_text=True)
    assert "Bravo: Premium comes first but is not among the only ones" in answer
    twice = {"first_offers-0": str(first), "first_offers-1": str(first)}
    assert "stands there twice" in client.post("/trunks/new", data={**TRUNK, **twice}).get_data(as_text=True)


def test_a_product_that_is_not_listed_can_be_forced_only_where_it_was_bought(app: APIFlask) -> None:
    client = seller(app)
    hidden = listed(app, "Bravo", listed=False)
    client.post("/trunks/new", data=TRUNK)
    with app.app_context():
        trunk_id = db.session.scalars(sa.select(CustomerTrunk.id)).one()
    force = {**TRUNK, "first_offers-0": str(hidden)}
    assert client.post(f"/trunks/{trunk_id}/edit", data=force).status_code == 422
    with app.app_context():
        product, trunk = db.session.get_one(Product, hidden), db.session.get_one(CustomerTrunk, trunk_id)
        db.session.add(
            Purchase(
                product_id=hidden, seller_id=product.company_id, buyer_id=trunk.company_id, trunk_id=trunk_id,
                state="accepted", effective_from=utc_now(), created_at=utc_now(),
            )
        )  # fmt: skip
        db.session.commit()
    assert client.post(f"/trunks/{trunk_id}/edit", data=force).status_code == 302


def test_a_product_says_whether_ported_numbers_are_rated_by_their_lrn(app: APIFlask) -> None:
    client = seller(app)
    client.post("/products/new", data={**PRODUCT, "lrn_rated": "y"})
    with app.app_context():
        product = db.session.scalars(sa.select(Product)).one()
        assert product.lrn_rated
        product_id = product.id
    client.post(f"/products/{product_id}/edit", data=PRODUCT)
    with app.app_context():
        assert not db.session.scalars(sa.select(Product)).one().lrn_rated


@pytest.mark.parametrize(
    ("ticked", "kept"), [(["query", "file", "dip"], None), (["query", "dip"], ["query", "dip"]), ([], [])]
)
def test_a_trunk_says_which_sources_of_the_lrn_count(
    app: APIFlask, ticked: list[str], kept: list[str] | None
) -> None:
    client = seller(app)
    client.post("/trunks/new", data={**TRUNK, "lrn_sources": ticked})
    with app.app_context():
        trunk = db.session.scalars(sa.select(CustomerTrunk)).one()
        assert trunk.lrn_sources == kept
        number = trunk.id
    page = client.get(f"/trunks/{number}/edit").get_data(as_text=True)
    for word in ("query", "file", "dip"):
        box = next(
            line for line in page.split("<input") if f'value="{word}"' in line and "lrn_sources" in line
        )
        assert ("checked" in box.split(">")[0]) == (word in ticked)
