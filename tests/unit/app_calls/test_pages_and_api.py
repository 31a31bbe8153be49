"""Pages, API and command line of test calls, without an edge: what people and programs are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.calls.evidence import verify
from app.calls.models import OwnNumber, SpendCap, TestCall, TestSchedule, TestTicket
from app.calls.service.import_records import import_records
from app.calls.service.tell_edge import lists_for
from app.clock import utc_now
from app.db import Base, db
from tests.integration.decks.command import Ended
from tests.integration.decks.command import tandem as command
from tests.unit.app_calls.test_evidence import INVITE, capture
from tests.unit.app_calls.world import BUYER, NUMBER, OPERATOR, SELLER, World, make_world, record_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    yield made
    with made.exchange.app.app_context():
        db.session.close()
        db.engine.dispose()


def ended(world: World, client: Any, **more: Any) -> int:
    """A call ordered over the API whose record has come; its id."""
    answer = client.post(
        "/api/v1/test-calls", json={"number": NUMBER, "product_ids": [world.product], "caller": "33199001234"}
    )
    assert answer.status_code == 201, answer.json
    call_id = int(answer.json["items"][0]["id"])
    with world.exchange.app.app_context():
        call = db.session.get_one(TestCall, call_id)
        call.state = "placed"
        db.session.commit()
        world.write("record", call.ref, **record_of(call, utc_now(), **more))
        import_records(db.session, world.settings, world.log, now=utc_now())
        db.session.close()
    return call_id


def bytes_of(client: Any, path: str, **headers: str) -> tuple[int, bytes]:
    with client.get(path, headers=headers) as answer:
        return answer.status_code, answer.data


def test_a_person_orders_on_the_page_and_is_told_beside_the_field_what_is_wrong(world: World) -> None:
    client = world.exchange.client(BUYER)
    form = {"products": [str(world.product)], "number": "020", "seconds": "15", "ring_seconds": "60"}
    wrong = client.post("/test-calls/new", data=form)
    assert wrong.status_code == 422
    assert "is not an international number" in wrong.text
    sent = client.post("/test-calls/new", data=form | {"number": f"+{NUMBER}"})
    assert sent.status_code == 302, sent.text
    page = client.get(sent.location)
    assert "waits for the edge" in page.text
    assert 'hx-trigger="load delay:400ms"' in page.text
    assert client.post(f"{sent.location}/cancel").status_code == 302
    assert "It was cancelled." in client.get(sent.location).text


def test_an_interval_makes_a_schedule_that_is_stopped_and_removed(world: World) -> None:
    client = world.exchange.client(BUYER)
    form = {
        "products": [str(world.product)],
        "number": NUMBER,
        "seconds": "15",
        "ring_seconds": "60",
        "every_minutes": "60",
    }
    assert client.post("/test-calls/new", data=form).location.endswith("/test-calls/schedules")
    with world.exchange.app.app_context():
        row_id = db.session.scalars(sa.select(TestSchedule.id)).one()
    assert client.post(f"/test-calls/schedules/{row_id}/off").status_code == 302
    assert "Start</button>" in client.get("/test-calls/schedules").text
    assert client.post(f"/test-calls/schedules/{row_id}/remove").status_code == 302
    assert "No schedule yet" in client.get("/test-calls/schedules").text


def test_the_same_order_sent_twice_over_the_api_makes_one_call(world: World) -> None:
    client = world.exchange.client(BUYER)
    words, headers = {"number": NUMBER, "product_ids": [world.product]}, {"Idempotency-Key": "order-1"}
    answers = [client.post("/api/v1/test-calls", json=words, headers=headers) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert len(client.get("/api/v1/test-calls").json["items"]) == 1
    refused = client.post("/api/v1/test-calls", json=words | {"number": "254712345678"})
    assert (refused.status_code, refused.json["code"]) == (422, "not_callable")
    assert client.get("/api/v1/test-calls/limits").json["left"] == "4.94"


def test_pages_of_a_list_follow_its_cursor(world: World) -> None:
    client = world.exchange.client(BUYER)
    for _ in range(3):
        client.post("/api/v1/test-calls", json={"number": NUMBER, "product_ids": [world.product]})
    first = client.get("/api/v1/test-calls?limit=2").json
    rest = client.get(f"/api/v1/test-calls?limit=2&cursor={first['next']}").json
    assert ([one["id"] for one in first["items"]], [one["id"] for one in rest["items"]], rest["next"]) == (
        [3, 2],
        [1],
        None,
    )
    assert client.get("/api/v1/test-calls?number=99").json["items"] == []


def test_a_result_is_shown_downloaded_signed_and_told_without_the_vendors_address(
    world: World, tmp_path: Path
) -> None:
    client = world.exchange.client(BUYER)
    found = [
        {
            "finding": "early_answer",
            "reason": "answered 1.900 s before our far end answered",
            "evidence": {"early_ms": 1900},
        }
    ]
    files = {
        "wav": world.media_file("a.wav", b"RIFF" + bytes(100)),
        "pcap": world.media_file("a.pcap", capture(("192.0.2.99", "192.0.2.10", INVITE))),
    }
    call_id = ended(world, client, verdict="suspect", findings=found, files=files)
    page = client.get(f"/test-calls/{call_id}").text
    for words in (
        "Early answer",
        "answered 1.900 s before our far end answered",
        "180 Ringing",
        "data-chart",
        "4.40",
        "<audio",
    ):
        assert words in page, words
    shown = client.get(f"/api/v1/test-calls/{call_id}").json
    assert (shown["call"]["verdict"], shown["call"]["cost"]) == ("suspect", "0.06")
    whole = bytes_of(client, f"/test-calls/{call_id}/result.json")[1]
    assert verify(whole).good
    assert b"192.0.2.10" not in whole
    wav, pcap = (f"/test-calls/{call_id}/files/{one['id']}" for one in shown["files"])
    assert bytes_of(client, wav) == (200, b"RIFF" + bytes(100))
    assert bytes_of(client, wav, Range="bytes=0-3") == (206, b"RIFF")
    packets = bytes_of(client, pcap)[1]
    assert b"198.18.7.7" not in packets
    named = {one["name"]: one for one in json.loads(whole)["result"]["files"]}
    assert named[f"test-call-{call_id}.pcap"]["bytes"] == len(packets)
    assert client.get(f"/test-calls/{call_id}/events.csv").text.splitlines()[1].split(",")[5] == "INVITE"
    assert len(client.get(f"/test-calls/{call_id}/media.csv").text.splitlines()) == 9
    history = client.get(f"/test-calls/products/{world.product}")
    assert "of 1 answered" in history.text
    for path in (
        f"/test-calls/{call_id}",
        f"/test-calls/{call_id}/result.json",
        f"/api/v1/test-calls/{call_id}",
    ):
        assert world.exchange.client(SELLER).get(path).status_code == 404
    (offer,) = client.get("/api/v1/market/offers?q=4420").json["offers"]
    listing = client.get(f"/market/panel/{offer['offer']}").text
    assert "1 test call in 30 days" in listing
    assert "false answer suspected in 1" in listing


def test_the_operator_sees_where_calls_went_and_sets_limits(world: World) -> None:
    buyer, boss = world.exchange.client(BUYER), world.exchange.client(OPERATOR)
    call_id = ended(world, buyer)
    assert b"192.0.2.10" in bytes_of(boss, f"/test-calls/{call_id}/result.json")[1]
    with world.exchange.app.app_context():
        company_id = world.actor(BUYER).company_id
    assert (
        boss.post("/operator/test-calls/cap", data={"company": company_id, "cap": "0.05"}).status_code == 302
    )
    assert (
        boss.post(
            "/operator/test-calls/numbers", data={"number": "447700900123", "ring_ms": 1, "talk_seconds": 9}
        ).status_code
        == 302
    )
    opened = {"company": company_id, "code": "254", "days": 1, "reason": "asked"}
    assert boss.post("/operator/test-calls/open", data=opened).status_code == 302
    page = boss.get("/operator/test-calls").text
    for words in ("447700900123", "254", "0.05"):
        assert words in page, words
    with world.exchange.app.app_context():
        assert db.session.scalars(sa.select(OwnNumber.country)).one() == "44"
        assert db.session.scalars(sa.select(SpendCap)).one()
    refused = buyer.post("/api/v1/test-calls", json={"number": NUMBER, "product_ids": [world.product]})
    assert (refused.status_code, refused.json["code"]) == (409, "cap_reached")
    assert buyer.get("/operator/test-calls").status_code == 403


def test_a_ticket_has_recipes_for_switches_and_is_revoked(world: World) -> None:
    client, trunk = world.exchange.client(BUYER), world.exchange.trunks["Main"]
    form = {
        "product": world.product, "trunk": trunk, "codes": "4420, 4479", "max_calls": 5, "max_concurrent": 1, "max_seconds": 30,
        "total_seconds": 100, "spend": "1.5", "days": 3,
    }  # fmt: skip
    sent = client.post("/test-calls/tickets/new", data=form)
    assert sent.status_code == 302, sent.text
    with world.exchange.app.app_context():
        code = db.session.scalars(sa.select(TestTicket.code)).one()
    page = client.get(sent.location).text
    for words in (f"X-Tandem-Ticket)={code}", f"sip:{code}442079460123@", "Kamailio", "4420, 4479"):
        assert words in page, words
    assert code in client.get("/test-calls/tickets.csv").text
    assert client.post(f"{sent.location}/revoke").status_code == 302
    assert "X-Tandem-Ticket" not in client.get(sent.location).text
    words = {
        "product_id": world.product,
        "trunk_id": trunk,
        "expires_at": (utc_now() + timedelta(days=31)).isoformat(),
    }
    late = client.post("/api/v1/test-tickets", json=words)
    assert (late.status_code, late.json["code"]) == (422, "invalid")


def test_a_password_of_a_ticket_is_for_the_buyer_and_the_edge_only(world: World) -> None:
    buyer, seller = world.exchange.client(BUYER), world.exchange.client(SELLER)
    words = {
        "product_id": world.product, "trunk_id": world.exchange.trunks["Main"], "guarded": True,
        "expires_at": (utc_now() + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    issued = buyer.post("/api/v1/test-tickets", json=words, headers={"Idempotency-Key": "once"})
    assert (issued.status_code, issued.json["guarded"], "login" in issued.json) == (201, True, False)
    path = f"/test-tickets/{issued.json['id']}"
    login = buyer.get(f"/api/v1{path}").json["login"]
    assert login["username"] == f"ticket-{issued.json['id']}"
    assert len(login["password"]) == 24
    page = buyer.get(f"/test-calls/tickets/{issued.json['id']}").text
    assert page.count(login["password"]) >= 4, "beside the ticket, and in the recipes"
    with world.exchange.app.app_context():
        (told,) = lists_for(db.session, world.settings, utc_now())["tickets"]
        assert {"username": told["username"], "password": told["password"]} == login
        for table in Base.metadata.sorted_tables:
            assert login["password"] not in str(db.session.execute(sa.select(table)).all()), table.name
    assert login["password"] not in seller.get(f"/test-calls/tickets/{issued.json['id']}").text
    plain = buyer.post(
        "/api/v1/test-tickets", json={**words, "guarded": False}, headers={"Idempotency-Key": "2"}
    )
    assert buyer.get(f"/api/v1/test-tickets/{plain.json['id']}").json["login"] is None


def test_the_key_of_the_evidence_is_open_to_everybody(world: World) -> None:
    told = world.exchange.app.test_client().get("/.well-known/tandem-evidence-key.json").json
    assert (told["algorithm"], len(told["fingerprint"])) == ("Ed25519", 24)


def test_the_command_line_orders_shows_and_verifies(world: World, tmp_path: Path) -> None:
    call_id = ended(world, world.exchange.client(BUYER))
    signed = bytes_of(world.exchange.client(BUYER), f"/test-calls/{call_id}/result.json")[1]
    file = tmp_path / "result.json"
    file.write_bytes(signed)

    def run(*words: object) -> Ended:
        return command(Path(world.settings.data_dir), "calls", *words)

    email = world.exchange.emails[BUYER]
    ordered = run("order", NUMBER, "--product", world.product, "--as", email, "--json")
    assert [row["state"] for row in ordered.json] == ["queued"]
    assert "180 Ringing" in run("show", call_id, "--as", email).out
    assert len(run("list").out.splitlines()) == 3
    assert "genuine, signed by" in run("verify", file).out
    file.write_bytes(signed.replace(b"answered", b"rejected"))
    assert run("verify", file).code == 3
    issued = run(
        "ticket", "issue", "--product", world.product, "--trunk", world.exchange.trunks["Main"], "--as", email
    )
    assert len(issued.out.strip()) == 8
