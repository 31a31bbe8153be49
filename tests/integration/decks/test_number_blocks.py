"""A deck priced by OCN or LATA is spread out by the number blocks the operator imported."""

from __future__ import annotations

import io
from pathlib import Path

from app.db import db
from rates.store import Store
from tests.factories.app import make_company, make_user
from tests.integration.decks.world import World, make_world

BLOCKS = "npa_nxx,state,ocn,lata\n212555,NY,6529,132\n718555,NY,6529,132\n9735550,NJ,9206,224\n973556,NJ,042A,224\n"
BY_OCN = "OCN,Interstate,Intrastate\n6529,0.001,0.004\n42A,0.002,0.003\n"
BY_LATA = "LATA,Rate\n224,0.002\n132,0.001\n"


def with_blocks(tmp_path: Path) -> World:
    """The operator imports the blocks on the page of number files."""
    world = make_world(tmp_path)
    with world.app.app_context():
        operator = make_user(db.session, make_company(db.session, "Exchange", is_operator=True), "operator")
    sent = {"kind": "blocks", "file": (io.BytesIO(BLOCKS.encode()), "blocks.csv")}
    answer = world.as_user(operator).post("/operator/numbers", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 302, answer.get_data(as_text=True)[-2000:]
    return world


def prices(world: World) -> dict[tuple[str, str | None], int]:
    with world.app.app_context():
        product = db.session.get_one(type(world.product), world.product.id)
        rows = Store(str(world.app.config["TANDEM"].store_dir)).open(str(product.timeline_key)).to_pylist()
    return {(row["code"], row["jurisdiction"]): row["rate_nanos"] for row in rows}


def test_a_deck_by_ocn_needs_no_sheet_of_blocks(tmp_path: Path) -> None:
    world = with_blocks(tmp_path)
    deck = world.sent(BY_OCN, currency="USD")
    assert world.state(deck) == "review", world.client.get(f"/api/v1/decks/{deck}").json["problems"]
    assert world.approve(deck).status_code == 302
    found = prices(world)
    assert {code for code, _ in found} == {"1212555", "1718555", "1973556"}
    assert found["1212555", "interstate"] == 1_000_000
    assert found["1973556", "intrastate"] == 3_000_000


def test_a_deck_by_lata_takes_thousand_blocks_too(tmp_path: Path) -> None:
    world = with_blocks(tmp_path)
    deck = world.sent(BY_LATA, currency="USD")
    assert world.state(deck) == "review", world.client.get(f"/api/v1/decks/{deck}").json["problems"]
    world.approve(deck)
    assert sorted((code, rate) for (code, _), rate in prices(world).items()) == [
        ("1212555", 1_000_000), ("1718555", 1_000_000), ("19735550", 2_000_000), ("1973556", 2_000_000),
    ]  # fmt: skip


def test_a_key_no_block_has_is_an_error_of_its_row(tmp_path: Path) -> None:
    world = with_blocks(tmp_path)
    deck = world.sent("OCN,Rate\n6529,0.001\n7777,0.002\n", currency="USD")
    assert world.state(deck) == "rejected"
    [problem] = [
        p for p in world.client.get(f"/api/v1/decks/{deck}").json["problems"] if p["severity"] == "error"
    ]
    assert problem["id"] == "destination_unknown"


def test_without_number_blocks_the_question_says_what_to_do(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    deck = world.sent(BY_LATA, currency="USD")
    assert world.state(deck) == "needs_mapping"
    page = world.client.get(f"/decks/{deck}", follow_redirects=True).get_data(as_text=True)
    assert "have the operator import number blocks" in page
