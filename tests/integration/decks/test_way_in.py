"""A deck's way in by the pages: upload, check, mend, review, approve, roll back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.decks.world import DECK, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def test_a_clean_deck_goes_straight_to_review_and_into_force(world: World) -> None:
    deck = world.sent()
    assert world.state(deck) == "review"
    page = world.client.get(f"/decks/{deck}", follow_redirects=True).get_data(as_text=True)
    assert "United Kingdom Mobile" in page
    assert "Continue to approval" in page
    assert world.approve(deck).status_code == 302
    body = world.client.get(f"/api/v1/decks/{deck}").json
    assert (body["state"], body["version"], body["labels"]["NEW"]) == ("approved", 1, 4)
    assert world.queued() == ["market.build", "snapshot.build"]
    rows = world.client.get(f"/api/v1/products/{world.product.id}/deck").json["rows"]
    assert [(r["code"], r["rate"]) for r in rows] == [
        ("33", "0.005"),
        ("336", "0.021"),
        ("44", "0.004"),
        ("447", "0.018"),
    ]


def test_approving_twice_makes_one_version(world: World) -> None:
    deck = world.sent()
    world.approve(deck)
    world.approve(deck)
    versions = world.client.get(f"/api/v1/products/{world.product.id}/versions").json["versions"]
    assert [v["number"] for v in versions] == [1]


def test_rows_without_a_rate_are_named_and_a_repair_leaves_them_out(world: World) -> None:
    deck = world.sent(DECK + "Spain,34,,1/1\n")
    assert world.state(deck) == "rejected"
    page = world.client.get(f"/decks/{deck}", follow_redirects=True).get_data(as_text=True)
    assert "rate_missing" in page
    assert "row 6" in page
    assert "Leave these rows out" in page
    lines = world.client.get(f"/decks/{deck}/problems.csv").get_data(as_text=True).splitlines()
    assert lines[0].startswith("Sheet,Row,Column,Code")
    assert ",6," in lines[1]
    assert "rate_missing" in lines[1]
    assert world.approve(deck).status_code == 409
    world.client.post(f"/decks/{deck}/repair", data={"repair": "skip_rows_without_rate"})
    world.work()
    assert world.state(deck) == "review"


def test_the_same_bytes_for_the_same_product_are_the_same_deck(world: World) -> None:
    first = world.sent()
    answer = world.upload()
    assert answer.location.startswith(f"/decks/{first}?again=1")


def test_a_discarded_deck_sent_again_is_checked_again(world: World) -> None:
    deck = world.sent()
    world.client.post(f"/decks/{deck}/discard")
    assert world.state(deck) == "discarded"
    assert world.sent() == deck
    assert world.state(deck) == "review"


def test_unknown_headings_are_mapped_by_a_person_and_remembered_for_the_next_file(world: World) -> None:
    odd = "Alpha,Beta,Gamma\nUnited Kingdom,44,0.004\nFrance,33,0.005\n"
    deck = world.sent(odd)
    assert world.state(deck) == "needs_mapping"
    assert world.client.get(f"/decks/{deck}").location.endswith(("/columns", "/sheet"))
    world.client.post(f"/decks/{deck}/sheet", data={"header_row": "1"})
    world.work()
    world.client.post(
        f"/decks/{deck}/columns",
        data={"field-0": "destination", "field-1": "code", "field-2": "rate", "rate_unit": "per_minute"},
    )
    world.work()
    assert world.state(deck) == "review", world.client.get(f"/api/v1/decks/{deck}").json["problems"]
    world.approve(deck)
    nxt = world.sent(
        "Alpha,Beta,Gamma\nUnited Kingdom,44,0.003\nFrance,33,0.005\n", "next.csv", mode="partial"
    )
    assert world.state(nxt) == "review", world.client.get(f"/api/v1/decks/{nxt}").json["problems"]
    assert "offered by itself" in world.client.get(f"/decks/{nxt}/file").get_data(as_text=True)


def test_a_deck_compared_with_an_older_version_is_compared_again_instead_of_approved(world: World) -> None:
    first, second = (
        world.sent(),
        world.sent("Destination,Code,Rate\nItaly,39,0.007\n", "two.csv", mode="partial"),
    )
    world.approve(first)
    world.approve(second)
    assert world.state(second) == "checking"
    world.work()
    assert world.state(second) == "review"
    world.approve(second)
    assert world.client.get(f"/api/v1/decks/{second}").json["version"] == 2
    rows = world.client.get(f"/api/v1/products/{world.product.id}/deck").json["rows"]
    assert [r["code"] for r in rows] == ["33", "336", "39", "44", "447"]


def test_a_full_deck_that_closes_most_codes_needs_two_persons(world: World) -> None:
    world.approve(world.sent())
    deck = world.sent("Destination,Code,Rate\nUnited Kingdom,44,0.0040\n", "short.csv")
    page = world.client.get(f"/decks/{deck}/review").get_data(as_text=True)
    assert "3 codes missing from the file will close" in page
    assert "A second person must agree" in page
    world.approve(deck)
    assert world.state(deck) == "review"
    assert world.approve(deck).status_code == 409
    world.approve(deck, world.as_user(world.second))
    assert world.state(deck) == "approved"


def test_rolling_back_makes_a_further_version(world: World) -> None:
    world.approve(world.sent())
    world.approve(world.sent(DECK.replace("0.0050", "0.0030"), "cheaper.csv", mode="partial"))
    url = f"/products/{world.product.id}"
    assert world.client.post(f"{url}/rollback", data={"number": "1", "expected": "1"}).status_code == 409
    assert world.client.post(f"{url}/rollback", data={"number": "1", "expected": "2"}).status_code == 302
    versions = world.client.get(f"/api/v1{url}/versions").json["versions"]
    assert [(v["number"], v["rollback_to"]) for v in versions] == [(3, 1), (2, None), (1, None)]
    rows = world.client.get(f"/api/v1{url}/deck?q=33").json["rows"]
    assert rows[0]["rate"] == "0.005"
    assert "roll-back to version 1" in world.client.get(f"{url}/decks").get_data(as_text=True)
    page = world.client.get(f"{url}/compare?a=2&b=3").get_data(as_text=True)
    assert "Increase" in page
    assert "33" in page


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "deck.png", "file_type_unknown"),
        (b"Destination,Code,Rate\n", "headings.csv", "no_rows"),
        (b"PK\x03\x04broken", "deck.xlsx", "file_corrupt"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(world: World, content: bytes, name: str, problem: str) -> None:
    deck = world.sent(content, name)
    body = world.client.get(f"/api/v1/decks/{deck}").json
    assert body["state"] in ("rejected", "needs_mapping"), body
    assert body["problems"][0]["hint"]
    for step in ("file", "sheet", "columns", "errors", "review", "approve"):
        assert world.client.get(f"/decks/{deck}/{step}").status_code == 200, step


def test_an_empty_file_and_missing_answers_are_refused_in_the_form(world: World) -> None:
    answer = world.upload(b"")
    assert answer.status_code == 422
    assert "empty" in answer.get_data(as_text=True)
    answer = world.client.post("/decks/new", data={}, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == {"mode", "product", "file"}
    assert world.client.get("/decks").get_data(as_text=True).count("deck.csv") == 0


def test_another_company_sees_nothing_of_it(world: World) -> None:
    deck = world.sent()
    world.approve(deck)
    rival = world.as_user(world.other)
    for path in (
        "",
        "/file",
        "/sheet",
        "/columns",
        "/errors",
        "/review",
        "/approve",
        "/original",
        "/diff.csv",
        "/status",
    ):
        assert rival.get(f"/decks/{deck}{path}").status_code == 404, path
    for path in ("/decks", "/deck", "/deck.csv", "/compare"):
        assert rival.get(f"/products/{world.product.id}{path}").status_code == 404, path
    assert rival.post(f"/decks/{deck}/discard").status_code == 404
    assert rival.get("/api/v1/decks").json["decks"] == []
    assert "deck.csv" not in rival.get("/decks").get_data(as_text=True)
