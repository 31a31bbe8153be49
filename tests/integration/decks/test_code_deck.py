"""A deck that names only destinations takes its dial codes from the exchange's own code deck."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from app.clock import utc_now
from app.db import db
from app.decks.code_deck import code_deck
from rates.schema import CLOSED, OPEN, TIMELINE
from rates.store import Store, read_file
from tests.factories.app import make_company, make_product
from tests.integration.decks.world import World, make_world

NAMES_ONLY = "Destination,Rate\nGERMANY - MOB,0.02\nFrance,0.01\n"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def line(code: str, name: str, **changes: Any) -> dict[str, Any]:
    return {
        "code": code, "destination": name, "rate_nanos": 10_000_000, "first_rate_nanos": None,
        "connect_fee_nanos": 0, "initial_increment": 1, "next_increment": 1, "free_seconds": 0, "currency": "USD",
        "status": OPEN, "effective_from": BEGAN, "effective_until": None, "received_at": BEGAN, "deck_id": 1,
        "deck_row": 2, "origin": None, "jurisdiction": None, **changes,
    }  # fmt: skip


def on_market(world: World, name: str, lines: list[dict[str, Any]], **changes: Any) -> None:
    """A carrier with a product whose deck in force has these lines."""
    with world.app.app_context():
        company = make_company(db.session, name, sells=True, is_operator=changes.pop("is_operator", False))
        product = make_product(db.session, company, **changes)
        store = Store(str(world.app.config["TANDEM"].store_dir))
        product.timeline_key, product.version = store.put(pa.Table.from_pylist(lines, TIMELINE)), 1
        db.session.commit()


def own(world: World) -> dict[str, str]:
    with world.app.app_context():
        path = code_deck(db.session, world.app.config["TANDEM"], utc_now())
    assert path is not None
    return {row["code"]: row["destination"] for row in read_file(path).to_pylist()}


def test_a_deck_of_names_goes_from_the_question_to_the_version_in_force(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    on_market(
        world, "North", [line("4915", "Germany Mobile"), line("4916", "Germany mobile"), line("33", "France")]
    )
    deck = world.sent(NAMES_ONLY)
    asked = world.client.get(f"/api/v1/decks/{deck}").json
    assert asked["state"] == "needs_mapping"
    page = world.client.get(f"/decks/{deck}/columns").get_data(as_text=True)
    assert 'value="code_deck"' in page
    said = {"field-0": "destination", "field-1": "rate", "codes_from": "code_deck", "currency": "USD"}
    answer = world.client.post(f"/decks/{deck}/columns", data=said)
    assert answer.status_code == 302, answer.get_data(as_text=True)[-2000:]
    world.work()
    assert world.state(deck) == "review"
    assert world.approve(deck).status_code == 302
    with world.app.app_context():
        product = db.session.get_one(type(world.product), world.product.id)
        timeline = Store(str(world.app.config["TANDEM"].store_dir)).open(str(product.timeline_key))
    assert sorted(zip(timeline["code"].to_pylist(), timeline["rate_nanos"].to_pylist(), strict=True)) == [
        ("33", 10_000_000), ("4915", 20_000_000), ("4916", 20_000_000),
    ]  # fmt: skip


def test_without_any_deck_in_the_exchange_the_question_says_so(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    deck = world.sent(NAMES_ONLY)
    said = {"field-0": "destination", "field-1": "rate", "codes_from": "code_deck", "currency": "USD"}
    world.client.post(f"/decks/{deck}/columns", data=said)
    world.work()
    assert world.state(deck) == "needs_mapping"
    page = world.client.get(f"/decks/{deck}", follow_redirects=True).get_data(as_text=True)
    assert "The exchange has no code deck yet" in page


def test_the_name_most_products_give_a_code_is_its_name(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    on_market(world, "North", [line("447", "UK Mobile"), line("44", "United Kingdom")])
    on_market(world, "South", [line("447", "UK - MOB"), line("44", "UK Fixed")])
    on_market(world, "West", [line("447", "Great Britain Mobile"), line("44", "United Kingdom")])
    assert own(world) == {"44": "United Kingdom", "447": "UK - MOB"}  # one name in two spellings, two votes


def test_the_operators_own_product_names_its_codes(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    for name in ("North", "South"):
        on_market(world, name, [line("44", "UK"), line("33", "France")])
    on_market(world, "House", [line("44", "United Kingdom")], is_operator=True, listed=False)
    assert own(world) == {"33": "France", "44": "United Kingdom"}


def test_closed_ended_and_unlisted_names_are_not_ours(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    soon = utc_now() + timedelta(days=5)
    lines = [
        line("33", "France", status=CLOSED),
        line("34", "Spain", effective_until=BEGAN + timedelta(days=1)),
        line("39", "Italy", effective_until=soon),
        line("39", "Italia", effective_from=soon),
        line("41", "Switzerland", effective_from=soon),
    ]
    on_market(world, "North", lines)
    on_market(world, "Private", [line("49", "Germany")], listed=False)
    assert own(world) == {"39": "Italy", "41": "Switzerland"}
