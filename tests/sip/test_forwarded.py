"""A buyer's switch calls with its ticket; the edge forwards to the seller's trunk, relays and measures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sip.lab import HOST, Lab, free_ports, place, sipp
from tests.sip.measured import mos

pytestmark = pytest.mark.alone

TALK = ["-d", "1500"]


@pytest.mark.parametrize(("transport", "flag"), [("udp", "u1"), ("tcp", "t1")])
def test_a_call_with_a_ticket_goes_to_the_seller_with_media_both_ways(
    lab: Callable[..., Lab], tmp_path: Path, transport: str, flag: str
) -> None:
    port = free_ports()[0]
    one = lab(acme=(port, transport))
    one.ticket(record=True, pcap=True, company_id=5)
    with sipp(tmp_path, "vendor", "uas.xml", "-t", flag, port=port):
        target = f"{HOST}:{one.udp if transport == 'udp' else one.tcp}"
        done = place(tmp_path, target, "uac.xml", "8312442079460000", 3, "-t", flag, *TALK)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr + one.running.log.read_text()
    assert one.each_call_once() == 3
    for record in one.records():
        assert (record["outcome"], record["code"], record["mode"]) == ("answered", 200, "forwarded")
        assert (record["ticket_id"], record["company_id"], record["trunk_id"]) == (1, 5, 1)
        assert (record["number"], record["from"]) == ("442079460000", "33123456789")
        assert record["released_by"] == "a"
        assert record["ringing_for_us"] > 250_000
        # The buyer's pause begins when it has the answer; SIPp counts whole milliseconds.
        assert record["talk_us"] > 1_490_000
        assert record["price"]["rate_nanos"] == 3_100_000
        for side in "ab":
            media = record["media"][side]
            assert media["codec"] == "PCMA"
            assert media["packets"] > 50
            # The machine may lose some; then the score must say so, by what was lost alone or all in one run.
            missing = media["lost"] + media["discarded"]
            share, score = missing / media["expected"], media["mos_cq_milli"] / 1000
            assert mos(share, max(1, missing)) - 0.01 <= score <= mos(share) + 0.01
            other = record["media"]["b" if side == "a" else "a"]
            assert other["sent"] == media["packets"] + media["rtcp_packets"]
        for kind in ("wav", "pcap"):
            assert (one.calls / record["files"][kind]["path"]).stat().st_size == record["files"][kind][
                "bytes"
            ]
        rows = [(e["side"], e["method"], e["code"]) for e in record["events"] if e["event"] == "message"]
        for row in [
            ("a", "INVITE", 0),
            ("b", "INVITE", 0),
            ("b", "INVITE", 200),
            ("a", "ACK", 0),
            ("b", "BYE", 0),
        ]:
            assert row in rows
    one.idle(one.pairs)


def test_refusals_say_why_and_leave_nothing(lab: Callable[..., Lab], tmp_path: Path) -> None:
    port = free_ports()[0]
    one = lab(acme=(port, "udp"))
    one.ticket(codes=["4479"], trunk_id=1)
    number = "8312442079460000"
    done = place(tmp_path, f"{HOST}:{one.udp}", "uac_refused.xml", number, 1, STATUS="403")
    assert done.returncode == 0, done.stderr
    one.ticket(max_calls=0)
    done = place(tmp_path, f"{HOST}:{one.udp}", "uac_refused.xml", number, 1, STATUS="403")
    assert done.returncode == 0, done.stderr
    one.ticket(trunk_id=2)
    done = place(tmp_path, f"{HOST}:{one.udp}", "uac_refused.xml", number, 1, STATUS="403")
    assert done.returncode == 0, done.stderr
    one.ticket(max_rate_nanos=1)
    done = place(tmp_path, f"{HOST}:{one.udp}", "uac_refused.xml", number, 1, STATUS="403")
    assert done.returncode == 0, done.stderr
    assert one.lines() == []
    one.idle(one.pairs)


def test_a_busy_seller_is_a_busy_seller(lab: Callable[..., Lab], tmp_path: Path) -> None:
    port = free_ports()[0]
    one = lab(acme=(port, "udp"))
    one.ticket()
    with sipp(tmp_path, "vendor", "uas_refuses.xml", port=port, STATUS="486"):
        done = place(tmp_path, f"{HOST}:{one.udp}", "uac_refused.xml", "8312442079460000", 2, STATUS="486")
    assert done.returncode == 0, done.stderr
    assert one.each_call_once() == 2
    assert [(r["outcome"], r["q850"]) for r in one.records()] == [("busy", 17), ("busy", 17)]
    one.idle(one.pairs)


def test_the_ticket_counts_across_a_restart(lab: Callable[..., Lab], tmp_path: Path) -> None:
    port = free_ports()[0]
    one = lab(acme=(port, "udp"))
    one.ticket(max_calls=2)
    with sipp(tmp_path, "vendor", "uas.xml", port=port):
        number, target = "8312442079460000", f"{HOST}:{one.udp}"
        assert place(tmp_path, target, "uac.xml", number, 1, "-d", "200").returncode == 0
        one.stop()
        one.start()
        assert place(tmp_path, target, "uac.xml", number, 1, "-d", "200").returncode == 0
        done = place(tmp_path, target, "uac_refused.xml", number, 1, STATUS="403")
    assert done.returncode == 0, done.stderr
    used = one.ask("/v1/control/sip")[1]["tickets"][0]["used"]
    assert (used["calls"], used["running"]) == (2, 0)
    assert one.each_call_once() == 2
