"""What is wrong in a form or a request of test calls is refused and said, on every page and every address; nothing is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.calls.models import OpenedCode, OwnNumber, SpendCap, TestCall, TestSchedule, TestTicket
from app.db import db
from tests.unit.app_calls.world import BUYER, NUMBER, OPERATOR, World, make_world

HUGE, NONE_SUCH = "9" * 400, 999_999
# Empty, absurd, endless, not a number, other scripts, an attempt at markup and at SQL.
NUMBERS = [
    "",
    "0",
    "020",
    "+",
    "44",
    "9" * 41,
    HUGE,
    "٤٤٢٠٧٩٤٦٠١٢٣",
    "442079460123x",
    "<b>44</b>",
    "' OR 1=1",
    "📞📞📞📞",
]
COUNTS = ["", "0", "-1", "1e9", "99999999999999999999", "many", "½", "NaN"]
MONEY = ["-1", "NaN", "Infinity", "1e40", "a lot", "0." + "0" * 30 + "1"]
TABLES = (TestCall, TestSchedule, TestTicket)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(Path(tmp_path_factory.mktemp("bad")))
    yield made
    with made.exchange.app.app_context():
        db.session.close()
        db.engine.dispose()


def kept(world: World, *tables: Any) -> list[int]:
    with world.exchange.app.app_context():
        found = [db.session.scalar(sa.select(sa.func.count()).select_from(one)) or 0 for one in tables]
        db.session.close()
        return found


def told(page: Any) -> bool:
    """Beside the field or above the form."""
    return "is-invalid" in page.text or "alert-danger" in page.text


def cases(good: dict[str, Any], bad: dict[str, list[Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Each bad value in its field, all else good."""
    return [
        (f"{name}={value!r:.40}", good | {name: value}) for name, values in bad.items() for value in values
    ]


def test_an_order_that_makes_no_sense_is_refused_beside_its_field(world: World) -> None:
    client, before, faults = world.exchange.client(BUYER), kept(world, *TABLES), []
    good = {"products": [str(world.product)], "number": NUMBER, "seconds": "15", "ring_seconds": "60"}
    bad: dict[str, list[Any]] = {
        "products": [[], ["x"], [str(NONE_SUCH)], ["9" * 30], [str(world.product), str(NONE_SUCH)]],
        "number": NUMBERS,
        "caller": ["x", HUGE, "<b>", "1", "📞"],
        "seconds": COUNTS,
        "ring_seconds": COUNTS,
        "keys": ["Z", "1" * 100, "<1>", "٣"],
        "every_minutes": ["0", "-5", "x", HUGE],
        "until": ["yesterday", "2026-13-45T00:00"],
    }
    for name, form in cases(good, bad):
        answer = client.post("/test-calls/new", data=form)
        if answer.status_code != 422 or not told(answer) or "<b>44</b>" in answer.text:
            faults.append((name, answer.status_code))
    assert faults == []
    assert kept(world, *TABLES) == before


def test_an_order_over_the_api_that_makes_no_sense_is_a_problem_with_a_code(world: World) -> None:
    client, before, faults = world.exchange.client(BUYER), kept(world, *TABLES), []
    good = {"number": NUMBER, "product_ids": [world.product]}
    bad: dict[str, list[Any]] = {
        "number": [*NUMBERS, None, 442079460123, [NUMBER], {}],
        "product_ids": [
            [],
            None,
            "x",
            ["x"],
            [NONE_SUCH],
            [-1],
            [2**70],
            [world.product] * 40,
            [1.5],
            [None],
        ],
        "caller": ["x", HUGE, None, 5],
        "seconds": [0, -1, 2**70, "x", None, 1.5],
        "ring_seconds": [0, 4, 181, 2**70, "x"],
        "keys": ["Z", "1" * 100, 7],
        "withhold": ["maybe", 5],
        "unknown": [1],
    }
    for path, more in (("test-calls", {}), ("test-schedules", {"every_minutes": 60})):
        for name, words in cases(good | more, bad):
            answer = client.post(f"/api/v1/{path}", json=words)
            if answer.status_code not in (404, 422) or not (answer.json["code"] and answer.json["detail"]):
                faults.append((path, name, answer.status_code))
    for minutes in (0, -1, 2**70, "often", None):
        answer = client.post("/api/v1/test-schedules", json=good | {"every_minutes": minutes})
        assert answer.status_code == 422, (minutes, answer.text)
    for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"'):
        answer = client.post("/api/v1/test-calls", data=body, content_type="application/json")
        assert answer.status_code in (400, 422), (body, answer.status_code)
        assert answer.json["code"]
    assert faults == []
    assert kept(world, *TABLES) == before


def test_a_ticket_that_makes_no_sense_is_refused(world: World) -> None:
    client, before, faults = world.exchange.client(BUYER), kept(world, *TABLES), []
    good = {
        "product": world.product, "trunk": world.exchange.trunks["Main"], "codes": "", "max_calls": 5, "max_concurrent": 1,
        "max_seconds": 30, "total_seconds": 100, "spend": "1.5", "days": 3,
    }  # fmt: skip
    bad: dict[str, list[Any]] = {
        "product": ["", "x", NONE_SUCH, HUGE],
        "trunk": ["", "x", NONE_SUCH, HUGE],
        "codes": ["abc", "44,x", "9" * 30, "٤٤", "<b>", "4" * 5000],
        "max_calls": COUNTS,
        "max_concurrent": COUNTS,
        "max_seconds": COUNTS,
        "total_seconds": COUNTS,
        "spend": ["", *MONEY],
        "max_rate": MONEY,
        "days": [*COUNTS, "31"],
        "note": ["x" * 201],
    }
    for name, form in cases(good, bad):
        answer = client.post("/test-calls/tickets/new", data=form)
        if answer.status_code != 422 or not told(answer):
            faults.append((name, answer.status_code))
    assert faults == []
    assert kept(world, *TABLES) == before


def test_limits_of_the_operator_that_make_no_sense_are_refused(world: World) -> None:
    boss, tables = world.exchange.client(OPERATOR), (SpendCap, OpenedCode, OwnNumber)
    with world.exchange.app.app_context():
        company = world.actor(BUYER).company_id
        db.session.close()
    before, faults = kept(world, *tables), []
    opened = {"company": company, "code": "254", "days": 1, "reason": "asked"}
    number = {"number": "447700900123", "ring_ms": 1, "talk_seconds": 9}
    tried = [
        *((f"cap {name}", "cap", form) for name, form in cases({"company": company, "cap": "1"}, {
            "company": ["", "x", NONE_SUCH, HUGE], "cap": MONEY, "reason": ["x" * 201]})),
        *((f"open {name}", "open", form) for name, form in cases(opened, {
            "company": ["", "x", NONE_SUCH], "code": ["", "abc", "٢٥٤", "9" * 17], "days": [*COUNTS, "366"], "reason": ["", "x" * 201]})),
        *((f"number {name}", "numbers", form) for name, form in cases(number, {
            "number": NUMBERS, "ring_ms": ["", "-1", "30001", "x"], "talk_seconds": ["", "0", "601", "x"]})),
    ]  # fmt: skip
    for name, path, form in tried:
        answer = boss.post(f"/operator/test-calls/{path}", data=form, follow_redirects=True)
        if answer.status_code not in (200, 422) or not told(answer):
            faults.append((name, answer.status_code))
    assert faults == []
    assert kept(world, *tables) == before


def test_addresses_and_filters_that_make_no_sense_break_nothing(world: World) -> None:
    client = world.exchange.client(BUYER)
    for query in (
        "q=" + HUGE, "product=x", "product=" + HUGE, "product=-1", "verdict=%F0%9F%93%9E", "state=nope", "after=x",
        "after=" + HUGE, "schedule=" + HUGE, "ticket=-5", "batch=%27",
    ):  # fmt: skip
        for path in ("/test-calls", "/test-calls.csv"):
            assert client.get(f"{path}?{query}").status_code == 200, (path, query)
    for query in ("after=x", "after=" + HUGE, "after=-1"):
        assert client.get(f"/test-calls/tickets?{query}").status_code == 200, query
    assert client.get(f"/test-calls/new?product=x&product={HUGE}&number={HUGE}").status_code == 200
    for query in (
        "cursor=0",
        "cursor=x",
        "cursor=" + HUGE,
        "limit=0",
        "limit=201",
        "state=nope",
        "number=" + HUGE,
    ):
        assert client.get(f"/api/v1/test-calls?{query}").status_code == 422, query
    for path in (
        "/test-calls/side-by-side", "/test-calls/side-by-side?batch=none", f"/test-calls/{NONE_SUCH}", f"/test-calls/{HUGE}",
        f"/test-calls/{NONE_SUCH}/live", f"/test-calls/{NONE_SUCH}/result.json", f"/test-calls/{NONE_SUCH}/files/1",
        f"/test-calls/products/{NONE_SUCH}", f"/test-calls/products/{HUGE}.csv", f"/test-calls/tickets/{NONE_SUCH}",
        f"/api/v1/test-calls/{NONE_SUCH}/events", f"/api/v1/test-tickets/{NONE_SUCH}",
    ):  # fmt: skip
        assert client.get(path).status_code == 404, path
