"""A deck's whole life over /api/v1 with an API key, and every refusal as a problem that says how to mend it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.config import Web
from app.db import db
from tests.factories.app import make_api_key
from tests.integration.decks.world import DECK, World, make_world

SCOPES = ["deck:read", "deck:write", "deck:approve"]
GAPS = DECK + "Spain,34,,1/1\nItaly,39,n/a,1/1\n"


@dataclass
class Keyed:
    """A client that has nothing but its key."""

    world: World
    headers: dict[str, str]

    def get(self, path: str, **more: Any) -> Any:
        return self._call("get", path, **more)

    def post(self, path: str, *, key: str | None = None, **more: Any) -> Any:
        return self._call("post", path, key=key, **more)

    def put(self, path: str, *, key: str | None = None, **more: Any) -> Any:
        return self._call("put", path, key=key, **more)

    def _call(self, method: str, path: str, *, key: str | None = None, **more: Any) -> Any:
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        client = self.world.app.test_client()
        return getattr(client, method)(f"/api/v1{path}", headers=headers, **more)

    def send(self, text: str = DECK, name: str = "deck.csv", *, key: str | None = None, **fields: Any) -> Any:
        data = {"product_id": self.world.product.id, "mode": "full", "effective_from": "receipt", **fields}
        data = {name: value for name, value in data.items() if value is not None}
        return self.post(
            "/decks", key=key, data={**data, "file": (io.BytesIO(text.encode()), name)},
            content_type="multipart/form-data",
        )  # fmt: skip

    def sent(self, text: str = DECK, name: str = "deck.csv", **fields: Any) -> int:
        answer = self.send(text, name, **fields)
        assert answer.status_code == 202, answer.json
        self.world.work()
        return int(answer.json["id"])

    def approved(self, *args: Any, **fields: Any) -> int:
        deck = self.sent(*args, **fields)
        answer = self.post(f"/decks/{deck}/approve", json={})
        assert (answer.status_code, answer.json["outcome"]) == (200, "approved"), answer.json
        return deck


def keyed(world: World, scopes: list[str], company: Any = None) -> Keyed:
    with world.app.app_context():
        _, secret = make_api_key(db.session, company or world.seller, scopes)
    return Keyed(world, {"Authorization": f"Bearer {secret}"})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def api(world: World) -> Keyed:
    return keyed(world, SCOPES)


def refused(answer: Any, status: int) -> dict[str, Any]:
    """The body of a problem that says what is wrong and how to mend it."""
    assert answer.status_code == status, answer.get_data(as_text=True)[:500]
    assert answer.mimetype == "application/problem+json"
    body: dict[str, Any] = answer.json
    assert body["status"] == status
    assert body["code"]
    assert body["detail"]
    assert body["hint"], body
    return body


def table(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def test_a_deck_lives_from_upload_to_products_prices_by_key_alone(world: World, api: Keyed) -> None:
    answer = api.send(GAPS, currency=None)
    assert answer.status_code == 202
    deck = answer.json["id"]
    assert (answer.json["state"], answer.json["source"]) == ("checking", "api")
    world.work()

    body = api.get(f"/decks/{deck}").json
    assert (body["state"], body["error_count"]) == ("rejected", 2)
    assert "PUT options" in body["next"]
    rows = api.get(f"/decks/{deck}/problems?severity=error").json["rows"]
    assert [(r["row"], r["code"], r["id"], bool(r["hint"])) for r in rows] == [
        (6, "34", "rate_missing", True),
        (7, "39", "rate_missing", True),
    ]
    listed = table(api.get(f"/decks/{deck}/problems?format=csv&id=rate_missing"))
    assert [(r["Row"], r["Code"], r["Problem"]) for r in listed] == [
        ("6", "34", "rate_missing"),
        ("7", "39", "rate_missing"),
    ]
    refused(api.post(f"/decks/{deck}/approve", json={}), 409)

    answer = api.put(f"/decks/{deck}/options", json={"repairs": ["skip_rows_without_rate"]})
    assert (answer.status_code, answer.json["state"]) == (202, "checking")
    assert answer.json["options"]["mode"] == "full"
    world.work()
    assert api.get(f"/decks/{deck}").json["state"] == "review"

    diff = api.get(f"/decks/{deck}/diff?label=NEW&q=44").json
    assert [(r["code"], r["label"], r["new_rate"]) for r in diff["rows"]] == [
        ("44", "NEW", "0.004"),
        ("447", "NEW", "0.018"),
    ]
    assert [r["Code"] for r in table(api.get(f"/decks/{deck}/diff?format=csv"))] == ["33", "336", "44", "447"]
    done = api.post(f"/decks/{deck}/approve", json={"note": "first"}).json
    assert (done["outcome"], done["state"], done["version"]) == ("approved", "approved", 1)
    assert world.queued() == ["market.build", "snapshot.build"]

    listing = api.get("/decks?state=approved").json
    assert [line["id"] for line in listing["decks"]] == [deck]
    versions = api.get(f"/products/{world.product.id}/versions").json["versions"]
    assert [(v["number"], v["note"], v["by"]) for v in versions] == [(1, "first", None)]


def test_prices_of_an_instant_come_as_json_csv_and_xlsx(world: World, api: Keyed) -> None:
    api.approved()
    api.approved(
        "Destination,Code,Rate\nUnited Kingdom,44,0.0030\n", "later.csv", mode="partial", effective_from="2031-01-01"
    )  # fmt: skip
    path = f"/products/{world.product.id}/deck"
    now = {r["code"]: r["rate"] for r in api.get(path).json["rows"]}
    then = {r["code"]: r["rate"] for r in api.get(f"{path}?at=2031-01-01T00:00:00Z").json["rows"]}
    assert now == {"33": "0.005", "336": "0.021", "44": "0.004", "447": "0.018"}
    assert then == {**now, "44": "0.003"}
    assert api.get(f"{path}?at=2031-06-01&version=1&q=44").json["rows"][0]["rate"] == "0.004"
    assert {r["Code"]: r["Rate"] for r in table(api.get(f"{path}?at=2031-01-01&format=csv"))} == then
    book = openpyxl.load_workbook(io.BytesIO(api.get(f"{path}?at=2031-01-01&format=xlsx").data))
    head, *cells = book.worksheets[0].iter_rows(values_only=True)
    assert head[:3] == ("Code", "Destination", "Rate")
    assert [(row[0], row[2]) for row in cells if row[0] == "44"] == [("44", 0.003)]
    assert api.get(f"{path}?at=2001-01-01").json["total"] == 0


def test_the_same_key_gives_the_same_answer_and_never_another_requests(world: World, api: Keyed) -> None:
    first = api.send(key="upload-1")
    again = api.send(key="upload-1")
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert api.get("/decks").json["total"] == 1
    body = refused(api.send(DECK.replace("0.0050", "0.0060"), key="upload-1"), 422)
    assert "fresh key" in body["hint"]
    refused(api.send(key="upload-1", mode="partial"), 422)
    world.work()

    deck = first.json["id"]
    options = {"json": {"repairs": ["round_rates"]}}
    kept = api.put(f"/decks/{deck}/options", key="options-1", **options).json
    world.work()
    assert api.put(f"/decks/{deck}/options", key="options-1", **options).json == kept
    assert api.get(f"/decks/{deck}").json["state"] == "review"
    refused(api.put(f"/decks/{deck}/options", key="options-1", json={"repairs": []}), 422)

    done = api.post(f"/decks/{deck}/approve", key="approve-1", json={"note": "x"})
    assert api.post(f"/decks/{deck}/approve", key="approve-1", json={"note": "x"}).json == done.json
    assert len(api.get(f"/products/{world.product.id}/versions").json["versions"]) == 1
    refused(api.post(f"/decks/{deck}/approve", key="k" * 121, json={}), 422)


def test_the_same_bytes_without_a_key_are_the_same_deck(world: World, api: Keyed) -> None:
    deck = api.approved()
    again = api.send()
    assert (again.status_code, again.json["id"], again.json["state"]) == (200, deck, "approved")
    body = refused(api.send(mode="partial"), 409)
    assert body["deck_id"] == deck


def test_a_discarded_deck_stays_out_and_an_approved_one_cannot_be_discarded(world: World, api: Keyed) -> None:
    deck = api.sent()
    assert api.post(f"/decks/{deck}/discard", key="d").json["state"] == "discarded"
    assert api.post(f"/decks/{deck}/discard", key="d").json["state"] == "discarded"
    refused(api.post(f"/decks/{deck}/approve", json={}), 409)
    refused(api.put(f"/decks/{deck}/options", json={"repairs": []}), 409)
    other = api.approved(DECK.replace("0.0050", "0.0060"))
    assert "Roll" in refused(api.post(f"/decks/{other}/discard"), 409)["hint"]


def test_a_deck_without_mode_asks_and_is_answered_by_put_options(world: World, api: Keyed) -> None:
    deck = api.sent("Wer,Wohin,Was\n44,United Kingdom,0.004\n33,France,0.005\n", mode=None)
    body = api.get(f"/decks/{deck}").json
    assert body["state"] == "needs_mapping"
    assert "mode_missing" in {group["id"] for group in body["problems"]}
    api.put(
        f"/decks/{deck}/options",
        json={"mode": "partial", "header_row": 1, "mapping": {"0": "code", "1": "destination", "2": "rate"},
              "defaults": {"currency": "USD"}},
    )  # fmt: skip
    world.work()
    body = api.get(f"/decks/{deck}").json
    assert (body["state"], body["labels"]) == ("review", {"NEW": 2}), body["problems"]
    assert body["options"]["defaults"]["effective_from"] == "receipt"


def test_without_a_key_or_its_scope_nothing_is_answered(world: World, api: Keyed) -> None:
    deck = api.sent()
    for headers in ({}, {"Authorization": "Bearer tk_unknown"}, {"Authorization": "Basic eDp5"}):
        stranger = Keyed(world, headers)
        for answer in (
            stranger.get("/decks"), stranger.get(f"/decks/{deck}"), stranger.send(),
            stranger.put(f"/decks/{deck}/options", json={}), stranger.post(f"/decks/{deck}/approve", json={}),
        ):  # fmt: skip
            refused(answer, 401)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    reader = keyed(world, ["deck:read"])
    assert reader.get(f"/decks/{deck}").status_code == 200
    for answer in (
        reader.send(),
        reader.post(f"/decks/{deck}/discard"),
        reader.put(f"/decks/{deck}/options", json={}),
    ):
        assert refused(answer, 403)["permission"] == "deck:write"
    assert refused(reader.post(f"/decks/{deck}/approve", json={}), 403)["permission"] == "deck:approve"


def test_another_companys_deck_and_numbers_out_of_range_look_missing(world: World, api: Keyed) -> None:
    deck = api.approved()
    with world.app.app_context():
        rival = keyed(world, SCOPES, db.session.get(type(world.seller), world.other.company_id))
    for asker, number, product in ((rival, deck, world.product.id), (api, 10**19, 10**19), (api, 999, 999)):
        for path in ("", "/problems", "/problems?format=csv", "/diff"):
            refused(asker.get(f"/decks/{number}{path}"), 404)
        for path in ("approve", "discard"):
            refused(asker.post(f"/decks/{number}/{path}", json={}), 404)
        refused(asker.put(f"/decks/{number}/options", json={"repairs": []}), 404)
        for path in ("deck", "deck?format=csv", "versions"):
            refused(asker.get(f"/products/{product}/{path}"), 404)
        # In the path any number is a name that may not exist; in a form one beyond the column is no product's.
        refused(asker.send(product_id=product), 422 if product >= 2**31 else 404)
    refused(api.get(f"/products/{world.product.id}/deck?version=9"), 404)
    assert rival.get("/decks").json["total"] == 0


def test_values_that_do_not_fit_are_named_with_their_field(world: World, api: Keyed) -> None:
    deck = api.sent()
    for answer, where in (
        (api.send(""), "empty"),
        (api.send(mode="whole"), "mode"),
        (api.send(product_id="premium"), "product_id"),
        (api.post("/decks", data={"product_id": world.product.id}), "file"),
        (api.send(options="{"), "options"),
        (api.send(options="[]"), "options"),
        (api.send(options='{"defaults": "USD"}'), "defaults"),
        (api.send(options=json.dumps({"moed": "full"})), "moed"),
        (api.put(f"/decks/{deck}/options", json={"repairs": ["mend_all"]}), "repairs"),
        (api.put(f"/decks/{deck}/options", json={"mapping": {"0": "rate", "1": "rate"}}), "rate"),
        (api.put(f"/decks/{deck}/options", json={"defaults": {"currency": 7}}), "currency"),
        (api.put(f"/decks/{deck}/options", json={"decimal_mark": ";"}), "decimal_mark"),
        (api.get("/decks?state=lost"), "state"),
        (api.get("/decks?page=0"), "page"),
        (api.get(f"/decks/{deck}/problems?page_size=501"), "page_size"),
        (api.get(f"/decks/{deck}/diff?sort=colour"), "sort"),
        (api.get(f"/products/{world.product.id}/deck?at=tomorrow"), "tomorrow"),
        (api.get(f"/products/{world.product.id}/deck?at=0001-01-01T00:00%2B14:00"), "0001-01-01"),
        (api.post(f"/decks/{deck}/approve", json={"note": "x" * 501}), "note"),
    ):
        body = refused(answer, 422)
        assert where in json.dumps(body), (where, body)
    assert api.get(f"/decks/{deck}").json["state"] == "review"


def test_a_file_above_the_limit_is_refused_with_the_limit_and_kept_nowhere(tmp_path: Path) -> None:
    limit = 4096
    web = Web(secret_key="k" * 40, password_salt="s" * 40, max_upload_bytes=limit)
    world = make_world(tmp_path, web=web)
    api = keyed(world, SCOPES)
    body = refused(api.send(DECK + "Spain,34,0.01,1/1\n" * 400), 413)
    assert body["code"] == "too_large"
    assert "Split" in body["hint"]
    assert api.get("/decks").json["total"] == 0
    assert not [path for path in (tmp_path / "var" / "files").rglob("*") if path.is_file()]
