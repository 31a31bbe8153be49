"""A real carrier's deck of 27,523 rows: by command and by API in, routes out of the core and the simulator."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import app.routing.jobs  # noqa: F401  (registers snapshot.build, as the worker does)
import lcr_core
from app.carriers.models import Product
from app.db import db
from tests.factories.app import make_api_key, make_vendor_trunk
from tests.integration.decks.command import tandem
from tests.integration.decks.world import World, make_world

NAME = "flowroute_sdf_2010-07.csv"
NO_RATE = [583, 7151, 24073, 24127, 24128, 24129, 24130, 24131, 27393]
QUESTION = {
    "trunk": None, "ani": None, "lrn": None, "call_id": None, "max": None, "explain": True, "explain_scope": "all",
    "decision_id": None, "reference_seconds": None, "policy": None, "sell": None,
}  # fmt: skip
REPAIRS = ("skip_rows_without_rate", "skip_zero_rates")
KEPT = 27_523 - 9 - 5


def _by_command(world: World, data: Path, file: Path) -> int:
    """The product's id, its deck approved."""
    wanted = (
        "deck", "import", file, "--carrier", "acme-carrier", "--product", "By command", "--create-product",
        "--currency", "USD", "--mode", "full", "--effective-from", "receipt", "--json",
    )  # fmt: skip
    refused = tandem(data, *wanted, "--approve")
    assert (refused.code, refused.json["state"]) == (3, "rejected"), refused.err
    groups = {group["id"]: group for group in refused.json["problems"] if group["severity"] == "error"}
    assert {name: group["count"] for name, group in groups.items()} == {
        "rate_missing": 9,
        "rate_suspicious": 5,
    }
    assert [example["row"] for example in groups["rate_missing"]["examples"]] == NO_RATE
    for row in NO_RATE:
        assert f"row {row}" in refused.err
    done = tandem(data, *wanted, "--approve", *(part for name in REPAIRS for part in ("--repair", name)))
    assert (done.code, done.json["outcome"], done.json["labels"]) == (0, "approved", {"NEW": KEPT}), done.err
    return int(done.json["product_id"])


def _by_api(world: World, headers: dict[str, str], file: Path) -> int:
    client = world.app.test_client()
    product = world.product.id
    answer = client.post(
        "/api/v1/decks", headers={**headers, "Idempotency-Key": "flowroute"}, content_type="multipart/form-data",
        data={"file": (io.BytesIO(file.read_bytes()), NAME), "product_id": product, "mode": "full",
              "effective_from": "receipt", "options": '{"defaults": {"currency": "USD"}}'},
    )  # fmt: skip
    sent = answer.json
    answer.request.environ["wsgi.input"].close()  # the client spools a body of this size in a file
    path = f"/api/v1/decks/{sent['id']}"
    world.work()
    rows = client.get(f"{path}/problems?id=rate_missing", headers=headers).json["rows"]
    assert [row["row"] for row in rows] == NO_RATE
    bad = client.get(f"{path}/problems?id=rate_missing&format=csv", headers=headers).get_data(as_text=True)
    original = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    for line in list(csv.reader(io.StringIO(bad)))[1:]:
        assert [cell.removeprefix("'") for cell in line[8:]] == original[int(line[1]) - 1]
    assert client.post(f"{path}/approve", headers=headers, json={}).status_code == 409
    assert client.put(f"{path}/options", headers=headers, json={"repairs": REPAIRS}).status_code == 202
    world.work()
    done = client.post(f"{path}/approve", headers=headers, json={}).json
    assert (done["outcome"], done["labels"]) == ("approved", {"NEW": KEPT})
    return product


def _expected(file: Path) -> dict[str, Decimal]:
    """Code -> rate, read from the file by nothing of ours; rows without a positive rate left out."""
    rows = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")))
    return {row["Prefix"]: Decimal(row["Rate"]) for row in rows if row["Rate"] and Decimal(row["Rate"]) > 0}


def test_the_flowroute_deck_goes_in_by_command_and_api_and_its_routes_come_out(
    field_samples: Path, tmp_path: Path
) -> None:
    file = field_samples / "decks" / NAME
    world = make_world(tmp_path)
    with world.app.app_context():
        trunk = make_vendor_trunk(db.session, world.seller).id
        scopes = ["deck:read", "deck:write", "deck:approve", "lcr:simulate"]
        _, secret = make_api_key(db.session, world.seller, scopes)
    headers = {"Authorization": f"Bearer {secret}"}
    products = {_by_command(world, tmp_path / "var", file), _by_api(world, headers, file)}
    with world.app.app_context():
        db.session.execute(sa.update(Product).values(vendor_trunk_id=trunk))
        db.session.commit()
    assert world.queued().count("snapshot.build") == 1
    world.work("snapshot.build")
    assert "snapshot.build" not in world.queued()

    client = world.app.test_client()
    decks = []
    for product in sorted(products):
        text = client.get(f"/api/v1/products/{product}/deck?format=csv", headers=headers).get_data(
            as_text=True
        )
        decks.append({row["Code"]: Decimal(row["Rate"]) for row in csv.DictReader(io.StringIO(text))})
    assert decks[0] == decks[1]
    assert len(decks[0]) == KEPT
    assert min(decks[0].values()) > 0
    assert decks[0] == _expected(file)

    root = world.app.config["TANDEM"].snapshot_dir
    snapshot = lcr_core.Snapshot.open(str(root), (root / "CURRENT").read_text().strip())
    at = datetime(2026, 12, 31, tzinfo=UTC)
    for code in ("4420", "33", "1212", "861"):
        number = code + "0" * (11 - len(code))
        matched = max((c for c in decks[0] if number.startswith(c)), key=len)
        said: Any = client.get(
            f"/api/v1/lcr/simulate?number={number}&at={at:%Y-%m-%dT%H:%M:%S}", headers=headers
        ).json
        query = {
            **QUESTION,
            "dnis": number,
            "at_us": int(at.timestamp()) * 1_000_000,
            "offers": sorted(products),
        }
        core = json.loads(snapshot.decide(json.dumps(query)))
        for answer in (said, core):
            assert (answer["status"], answer.get("version")) == ("ok", snapshot.id), answer
            assert {(r["code"], Decimal(r["rate"])) for r in answer["routes"]} == {
                (matched, decks[0][matched])
            }
            assert {row["offer"] for row in answer["explain"]} == products
        assert said["routes"] == core["routes"]
