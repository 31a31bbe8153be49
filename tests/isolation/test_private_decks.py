"""A deck of a vendor outside the market: routes of its buyer's chosen trunks only, merged with what is bought here."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.db import db
from tests.factories.exchange import Exchange
from tests.isolation.expectations import EXPECTED, PLAIN
from tests.isolation.test_routes import calls, everywhere
from tests.swap.edge_process import Client, running_edge

NUMBER = "442079460000"
MARKS = ("kanari eigen", "kanari-eigen", "0.0031337")
OWNER, OTHER, SELLER = "Borealis Talk", "Cassini Voice", "Open Voice"
DECK = "Destination,Code,Rate,Increments\nUnited Kingdom,44,{rate},1/1\nUnited Kingdom Kanari Eigen,4420,{rate},1/1\n"
FORM = {
    "vendor": "Kanari Eigen", "route_class": "premium", "currency": "USD", "host": "kanari-eigen.example", "port": "5060",
    "transport": "udp", "tech_prefix": "77", "enabled": "y",
}  # fmt: skip


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """Two buyers with the same public offer; one of them keeps a cheaper deck of its own for one of its two trunks."""
    exchange = Exchange.empty(tmp_path_factory.mktemp("private"))
    exchange.operator("Tandem")
    exchange.seller(SELLER, "Premium CLI", "premium", "192.0.2.10")
    exchange.deck(SELLER, DECK.format(rate="0.0070").replace(" Kanari Eigen", " London"))
    exchange.buyer(OWNER, Main={}, Spare={})
    exchange.buyer(OTHER, Foreign={})
    for trunk in ("Main", "Spare", "Foreign"):
        exchange.grant(trunk, SELLER)
    client = exchange.client(OWNER)
    sent = client.post("/private-vendors/new", data=FORM | {"trunk_ids": [str(exchange.trunks["Main"])]})
    assert sent.status_code == 302, sent.get_data(as_text=True)[-3000:]
    found = client.get("/api/v1/private-vendors").json["private_vendors"]
    assert [(row["vendor"], row["trunks"], row["version"]) for row in found] == [
        ("Kanari Eigen", ["Main"], 0)
    ]
    exchange.products[OWNER] = found[0]["product_id"]
    exchange.deck(OWNER, DECK.format(rate="0.0031337"))
    exchange.work("snapshot.build", "snapshot.publish", "market.build")
    yield exchange
    with exchange.app.app_context():
        db.engine.dispose()


def routes(port: int, key: str) -> tuple[list[str], str]:
    with Client(port, {"Authorization": f"Bearer {key}"}) as client:
        body = client.get(f"/v1/lcr?dnis={NUMBER}&explain=1")[1].decode()
    return [f"{route['vendor']} {route['rate']}" for route in json.loads(body)["routes"]], body


def test_the_edge_merges_it_for_the_chosen_trunk_and_no_other(exchange: Exchange, tmp_path: Path) -> None:
    with running_edge(exchange.settings.snapshot_dir, tmp_path / "edge.log") as edge:
        own, text = routes(edge.port, exchange.keys["Main"])
        assert [line.split()[0] for line in own] == ["private-kanari-eigen", "open-voice"]
        assert f"sip:77{NUMBER}@kanari-eigen.example" in text
        for trunk in ("Spare", "Foreign"):
            found, text = routes(edge.port, exchange.keys[trunk])
            assert [line.split()[0] for line in found] == ["open-voice"], trunk
            assert not [mark for mark in MARKS if mark in text.lower()], trunk


@pytest.mark.parametrize("who", [OTHER, SELLER])
def test_no_byte_of_it_reaches_another_company(exchange: Exchange, who: str) -> None:
    product = exchange.products[OWNER]
    asked = {"q": NUMBER, "number": NUMBER, "product_id": product, "code": "44"}
    seen: dict[str, str] = {}
    client = exchange.client(who)
    for method, rule in calls(exchange.app):
        expected = EXPECTED.get(rule.endpoint)
        if method != "GET" or expected is None or expected.kind != "needs":
            continue
        values: dict[str, Any] = {name: PLAIN.get(name, product) for name in rule.arguments}
        built = rule.build(values, append_unknown=False)
        if built is not None:
            seen[built[1]] = everywhere(client.get(built[1], query_string=asked)).lower()
    assert len(seen) > 100
    assert [path for path, text in seen.items() if any(mark in text for mark in MARKS)] == []


def test_a_foreign_one_is_not_found_and_foreign_trunks_get_nothing(exchange: Exchange) -> None:
    product, client = exchange.products[OWNER], exchange.client(OTHER)
    assert client.get(f"/private-vendors/{product}/edit").status_code == 404
    assert client.get(f"/products/{product}/decks").status_code == 404
    form = {"file": (io.BytesIO(b"Code,Rate\n44,1\n"), "x.csv"), "product": str(product), "mode": "full"}
    client.post("/decks/new", data=form, content_type="multipart/form-data")
    body = {name: value for name, value in FORM.items() if name not in ("enabled", "port")}
    stolen = client.put(f"/api/v1/private-vendors/{product}", json=body)
    assert stolen.status_code == 404
    mine = client.post("/api/v1/private-vendors", json=body | {"trunk_ids": [exchange.trunks["Main"]]})
    assert mine.status_code == 404
    assert client.get("/api/v1/private-vendors").json == {"private_vendors": []}
    assert len(exchange.client(OWNER).get(f"/api/v1/products/{product}/versions").json["versions"]) == 1


def test_it_is_never_on_the_market_nor_sold_on(exchange: Exchange) -> None:
    client, product = exchange.client(OWNER), exchange.products[OWNER]
    found = client.get("/api/v1/market/offers", query_string={"q": NUMBER}).json["offers"]
    assert [offer["seller"] for offer in found] == [SELLER]
    for path in (f"/market/request/{product}", f"/deals/order/{product}", f"/products/{product}/edit"):
        assert exchange.client(OTHER).get(path).status_code in (403, 404), path
    assert "Kanari" not in client.get("/orders/placed").get_data(as_text=True)


def test_a_trunk_taken_off_loses_its_routes_and_another_gets_them(exchange: Exchange, tmp_path: Path) -> None:
    product = exchange.products[OWNER]
    body = {"vendor": "Kanari Eigen", "route_class": "premium", "currency": "USD", "host": "kanari-eigen.example",
            "trunk_ids": [exchange.trunks["Spare"]]}  # fmt: skip
    changed = exchange.client(OWNER).put(f"/api/v1/private-vendors/{product}", json=body)
    assert (changed.status_code, changed.json["trunks"]) == (200, ["Spare"]), changed.json
    exchange.work("snapshot.publish", "snapshot.build")
    with running_edge(exchange.settings.snapshot_dir, tmp_path / "edge.log") as edge:
        assert [line.split()[0] for line in routes(edge.port, exchange.keys["Main"])[0]] == ["open-voice"]
        spare = routes(edge.port, exchange.keys["Spare"])[0]
        assert [line.split()[0] for line in spare] == ["private-kanari-eigen", "open-voice"]
