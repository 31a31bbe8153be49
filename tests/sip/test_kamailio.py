"""Kamailio on both sides: the buyer's switch that follows our 300, its failover, its test calls; a seller that leads back to us."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from app.calls.passwords import Login
from app.calls.queries import TicketRow
from app.calls.recipes import recipes
from app.config import Settings, Sip
from tests.sip.kamailio import kamailio
from tests.sip.lab import HOST, Lab, free_ports, place, sipp

pytestmark = pytest.mark.alone

OWN = {
    "number": "442079460123",
    "country": "44",
    "national_prefix": "0",
    "international_prefix": "00",
    "ring_ms": 800,
    "talk_seconds": 3,
}


@pytest.fixture(autouse=True)
def kamailio_is_there() -> None:
    if shutil.which("kamailio", path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
        pytest.skip("Kamailio is not installed")


def test_a_switch_follows_the_300_and_fails_over_to_the_second_contact(
    lab: Callable[..., Lab], tmp_path: Path
) -> None:
    dead, alive = free_ports(2)
    one = lab(dead=(dead, "udp"), alive=(alive, "udp"))
    with (
        kamailio(tmp_path, "redirected.cfg", one.udp) as switch,
        sipp(tmp_path, "dead", "uas_refuses.xml", "-m", "20", port=dead, STATUS="503") as first,
        sipp(tmp_path, "alive", "uas.xml", "-m", "20", port=alive) as second,
    ):
        done = place(tmp_path, f"{HOST}:{switch}", "uac.xml", "442079460000", 20, "-d", "200")
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr
        # Each of the twenty was refused by the first contact and answered by the second.
        assert (first.child.wait(20), second.child.wait(20)) == (0, 0)
    assert one.running.metric("tandem_edge_sip_redirects_total") == 20


def test_a_switch_forwards_a_test_call_with_its_ticket(lab: Callable[..., Lab], tmp_path: Path) -> None:
    port = free_ports()[0]
    one = lab(acme=(port, "udp"))
    one.ticket()
    with (
        kamailio(tmp_path, "proxy.cfg", one.udp) as switch,
        sipp(tmp_path, "vendor", "uas.xml", port=port),
    ):
        done = place(tmp_path, f"{HOST}:{switch}", "uac.xml", "8312442079460000", 5, "-d", "500")
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr
    assert one.each_call_once() == 5
    for record in one.records():
        assert (record["outcome"], record["ticket_id"], record["released_by"]) == ("answered", 1, "a")
        assert all(record["media"][side]["packets"] > 10 for side in "ab"), "audio both ways"
    one.idle(one.pairs)


def test_a_switch_proves_the_password_of_its_ticket_by_our_recipe(
    lab: Callable[..., Lab], tmp_path: Path
) -> None:
    port = free_ports()[0]
    one = lab(acme=(port, "udp"))
    login = Login("ticket-1", "s3cret")
    ticket = one.ticket(username=login.username, password=login.password)
    settings = Settings(sip=Sip(listen=(f"udp://{HOST}:{one.udp}",)))
    row = TicketRow(**{field.name: ticket.get(field.name, []) for field in fields(TicketRow)})
    (recipe,) = (r.text for r in recipes(settings, row, login) if r.name == "kamailio")
    modules, route, proven = recipe.split("\n\n")
    with (
        kamailio(
            tmp_path,
            "guarded.cfg",
            one.udp,
            MODULES_OF_RECIPE=modules,
            ROUTE_OF_RECIPE=route,
            PROOF_OF_RECIPE=proven,
        ) as switch,
        sipp(tmp_path, "vendor", "uas.xml", port=port),
    ):
        done = place(tmp_path, f"{HOST}:{switch}", "uac.xml", "442079460000", 3, "-d", "300")
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr
    assert one.each_call_once() == 3
    assert {record["outcome"] for record in one.records()} == {"answered"}
    assert one.running.metric("tandem_edge_sip_challenges_total") == 3
    assert one.running.metric("tandem_edge_sip_wrong_passwords_total") == 0


def test_a_call_to_our_own_number_compares_both_ends(lab: Callable[..., Lab], tmp_path: Path) -> None:
    seller = free_ports()[0]
    one = lab(acme=(seller, "udp"))
    one.tell(own_numbers=[OWN])
    with kamailio(tmp_path, "proxy.cfg", one.udp, port=seller):
        answer = one.order("own", number=OWN["number"], **{"from": "441632960001"}, max_seconds=10)
        assert answer["far_end"] is True
        shown = one.ended("own")
        one.order("hidden", number=OWN["number"], **{"from": "441632960001"}, withhold=True, max_seconds=10)
        hidden = one.ended("hidden")
    assert (shown["outcome"], shown["findings"], shown["verdict"]) == ("answered", [], "honest"), shown[
        "findings"
    ]
    assert shown["released_by"] == "b", "the far end hung up after its time"
    far = shown["far"]
    assert shown["invited_us"] <= far["invited_us"] <= far["ringing_us"] < far["answered_us"]
    assert far["answered_us"] - far["ringing_us"] >= OWN["ring_ms"] * 1000
    assert far["answered_us"] <= shown["answered_us"] < far["ended_us"]
    assert far["ended_by_us"] is True
    assert far["media"]["packets"] > 80
    heard = [sound["sound"] for sound in shown["heard"]]
    assert "marker" in heard, "our far end is heard at the near end"
    assert (shown["cli"]["shown"], shown["cli"]["received"]) == ("exact", "441632960001")
    assert (hidden["cli"]["shown"], hidden["cli"]["asserted_class"]) == ("withheld", "exact")
    sides = {event.get("side") for event in shown["events"] if event["event"] == "message"}
    assert sides == {"b", "f"}
    for record in (shown, hidden):
        assert (one.calls / record["far"]["files"]["wav"]["path"]).exists()
    assert one.each_call_once() == 2
    one.idle(one.pairs)


def test_a_seller_that_never_calls_our_number_is_found(lab: Callable[..., Lab], tmp_path: Path) -> None:
    port = free_ports()[0]
    one = lab(acme=(port, "udp"))
    one.tell(own_numbers=[OWN])
    with sipp(tmp_path, "vendor", "uas.xml", port=port):
        one.order("fake", number=OWN["number"], max_seconds=12)
        status, busy = one.ask("/v1/calls", {"call": "second", "number": OWN["number"], "offer_id": 1})
        assert (status, busy["code"]) == (409, "own_number_busy")
        record = one.ended("fake")
    assert record["findings"][0]["finding"] == "fake_answer"
    assert record["far"]["invited_us"] is None
    assert record["cli"] is None
    one.idle(one.pairs)
