"""Ordered calls: through one product, to strangers and to numbers of our own, watched live and judged."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.edge.exchange import KEY
from tests.edge.process import until
from tests.sip.lab import Lab, free_ports, sipp

pytestmark = pytest.mark.alone


def findings(record: dict[str, Any]) -> list[str]:
    return [one["finding"] for one in record["findings"]]


def test_an_honest_product_is_called_measured_and_recorded(lab: Callable[..., Lab], tmp_path: Path) -> None:
    port = free_ports()[0]
    one = lab(acme=(port, "udp"))
    words = {"from": "441632960001", "max_seconds": 3, "ticket_id": 77, "company_id": 5}
    with sipp(tmp_path, "vendor", "uas.xml", port=port):
        assert one.order("c-1", **words) == {"call": "c-1", "state": "accepted", "far_end": False}
        again = one.ask("/v1/calls", {"call": "c-1", "number": "442079460000", "offer_id": 1} | words)
        assert again[0] == 200, "the same order is the same call"
        assert (
            one.ask("/v1/calls", {"call": "c-1", "number": "44", "offer_id": 1})[1]["code"] == "call_conflict"
        )
        talking = until(lambda: one.ask("/v1/calls/c-1?after=1")[1]["state"] == "talking", "it is answered")
        assert talking
        record = one.ended("c-1")
    assert (record["outcome"], record["verdict"], findings(record)) == ("answered", "honest", [])
    assert (record["released_by"], record["ticket_id"], record["company_id"]) == ("limit", 77, 5)
    assert 3_000_000 <= record["talk_us"] < 5_000_000
    assert 0 < record["pdd_us"] <= record["answered_us"] - record["invited_us"]
    assert record["media"]["b"]["packets"] > 100
    assert record["media"]["b"]["sent"] == pytest.approx(record["talk_us"] / 20_000, abs=5)
    assert record["voice_ms"] > 1000
    assert record["price"]["cost_nanos"] > 0
    events = [event["event"] for event in record["events"]]
    for name in ("accepted", "attempt", "message", "ringing", "media", "answered", "released"):
        assert name in events
    with wave.open(str(one.calls / record["files"]["wav"]["path"])) as audio:
        assert (audio.getframerate(), audio.getnchannels(), audio.getsampwidth()) == (8000, 1, 2)
        assert audio.getnframes() > 2 * 8000
    pcap = (one.calls / record["files"]["pcap"]["path"]).read_bytes()
    assert b"INVITE sip:442079460000@127.0.0.1" in pcap
    assert one.each_call_once() == 1
    one.idle(one.pairs)


def test_a_busy_number_a_silent_trunk_and_a_call_given_up(lab: Callable[..., Lab], tmp_path: Path) -> None:
    busy, silent, ringing = free_ports(3)
    one = lab(busy=(busy, "udp"), silent=(silent, "udp"), ringing=(ringing, "udp"))
    with (
        sipp(tmp_path, "busy", "uas_refuses.xml", port=busy, STATUS="486"),
        sipp(tmp_path, "ringing", "uas_rings.xml", port=ringing),
    ):
        one.order("busy", offer_id=1)
        one.order("silent", offer_id=2, ring_seconds=2)
        one.order("rings", offer_id=3)
        one.order("rings-on", offer_id=3, ring_seconds=3)
        until(lambda: one.ask("/v1/calls/rings")[1]["state"] == "ringing", "it rings")
        assert one.ask("/v1/calls/rings/hangup", {})[0] == 202
        got = {name: one.ended(name) for name in ("busy", "silent", "rings", "rings-on")}
    assert (got["busy"]["outcome"], got["busy"]["q850"], got["busy"]["code"]) == ("busy", 17, 486)
    assert (got["silent"]["outcome"], got["silent"]["released_by"]) == ("failed", "timeout")
    assert (got["rings"]["outcome"], got["rings"]["code"]) == ("cancelled", 487)
    assert (got["rings-on"]["outcome"], got["rings-on"]["released_by"]) == ("no_answer", "timeout")
    assert all(record["verdict"] == "unanswered" for record in got.values())
    assert one.each_call_once() == 4
    one.idle(one.pairs)


def test_false_answers_are_named(lab: Callable[..., Lab], tmp_path: Path) -> None:
    mute, echo = free_ports(2)
    one = lab(mute=(mute, "udp"), echo=(echo, "udp"))
    with (
        sipp(tmp_path, "mute", "uas_mute.xml", port=mute),
        sipp(tmp_path, "echo", "uas_mute.xml", "-rtp_echo", port=echo),
    ):
        one.order("mute", offer_id=1, max_seconds=4)
        one.order("echo", offer_id=2, max_seconds=4)
        assert "no_media" in findings(one.ended("mute"))
        assert findings(one.ended("echo"))[0] == "loop_back"


def test_orders_that_cannot_be_are_refused_with_their_reason(lab: Callable[..., Lab]) -> None:
    one = lab(acme=(free_ports()[0], "udp"), wss=(9, "wss"))
    words: dict[str, Any] = {"call": "x", "number": "442079460000", "offer_id": 1}

    def refused(**more: Any) -> tuple[int, str]:
        status, answer = one.ask("/v1/calls", words | more)
        return status, answer["code"]

    assert refused(number="+44") == (400, "bad_call")
    assert refused(host="203.0.113.7") == (400, "bad_call")
    assert refused(offer_id=99) == (404, "unknown_offer")
    assert refused(offer_id=2) == (409, "offer_without_address")
    assert refused(number="881123456") == (403, "closed_code")
    one.tell(companies=[{"company_id": 5, "calls": 0}])
    assert refused(company_id=5) == (403, "company_limit")
    one.tell(companies=[{"company_id": 5, "spend_nanos": 1}])
    assert refused(company_id=5) == (403, "company_limit")
    assert one.running.get("/v1/calls", key=KEY).status == 403, "a switch's key does not order calls"
    assert one.ask("/v1/calls/none")[1]["code"] == "unknown_call"
    assert one.lines() == []
    assert one.ask("/v1/calls")[1]["calls"] == []
    one.idle(one.pairs)
