"""A workbook with a tab for each origin group, from the upload to the price of a call: domain example I."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import app.routing.jobs  # noqa: F401  (registers snapshot.build, as the worker does)
import lcr_core
from app.clock import to_micros, utc_now
from app.db import db
from tests.decks.corpus.writers import text_bytes, xlsx_bytes
from tests.factories.app import make_vendor_trunk
from tests.integration.decks.world import World, make_world

HEAD = ("Code", "Destination", "Rate")
TABS = {
    "Rest of World": [HEAD, ("4915", "Germany mobile", "0.1200")],
    "EEA": [HEAD, ("4915", "Germany mobile", "0.0030")],
    "Invalid CLI": [HEAD, ("4915", "Germany mobile", "0.2500")],
    "Origin groups": [("Origin group", "A prefix"), ("EEA", "33,49")],
}
TABLES = {
    "Rest of World": {"kind": "rates", "origin": ""},
    "EEA": {"kind": "rates", "origin": "EEA"},
    "Invalid CLI": {"kind": "rates", "origin": "Invalid CLI"},
    "Origin groups": {"kind": "origins"},
}


def published(tmp_path: Path, content: bytes, name: str, options: dict[str, Any]) -> tuple[World, Any]:
    world = make_world(tmp_path)
    with world.app.app_context():
        make_vendor_trunk(db.session, world.seller)
        db.session.commit()
    answer = world.client.post("/api/v1/decks", content_type="multipart/form-data", data={
        "product_id": world.product.id, "mode": "full", "effective_from": "receipt",
        "file": (io.BytesIO(content), name), "options": json.dumps(options),
    })  # fmt: skip
    assert answer.status_code == 202, answer.json
    world.work()
    shown = world.client.get(f"/api/v1/decks/{answer.json['id']}").json
    assert shown["state"] == "review", shown
    done = world.approve(answer.json["id"])
    assert done.status_code == 302
    world.work("snapshot.build")
    root = world.app.config["TANDEM"].snapshot_dir
    return world, lcr_core.Snapshot.open(str(root), (root / "CURRENT").read_text().strip())


def rate(snapshot: Any, world: World, caller: str | None, number: str) -> str:
    at = to_micros(utc_now() + timedelta(minutes=5))
    query = {"dnis": number, "ani": caller, "at_us": at, "offers": [world.product.id]}
    [route] = json.loads(snapshot.decide(json.dumps(query)))["routes"]
    return str(route["rate"])


@pytest.fixture(scope="module")
def tabbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Any]:
    return published(tmp_path_factory.mktemp("tabs"), xlsx_bytes(TABS), "deck.xlsx", {"tables": TABLES})


@pytest.mark.parametrize(
    ("caller", "expected"),
    [("33123456789", "0.003"), ("2348012345678", "0.12"), (None, "0.25")],
    ids=["from France", "from Nigeria", "withheld"],
)
def test_the_tab_of_the_caller_prices_the_call(
    caller: str | None, expected: str, tabbed: tuple[World, Any]
) -> None:
    world, snapshot = tabbed
    assert rate(snapshot, world, caller, "4915112345678") == expected


def test_a_deck_of_three_jurisdictions_comes_out_priced_by_the_dearer_where_none_is_known(
    tmp_path: Path,
) -> None:
    rows = [("NPANXX", "Interstate Rate", "Intrastate Rate"), ("718555", "0.001", "0.004")]
    world, snapshot = published(tmp_path, text_bytes(rows), "deck.csv", {"defaults": {"currency": "USD"}})
    assert rate(snapshot, world, "18005550100", "17185550123") == "0.004"
