"""What is left when the edge is killed or stopped. Everything at once: test_books.py."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edge.process import until
from tests.sip.lab import Lab, free_ports, sipp

pytestmark = pytest.mark.alone


def test_a_killed_edge_has_a_record_of_every_call_it_acknowledged(
    lab: Callable[..., Lab], tmp_path: Path
) -> None:
    port = free_ports()[0]
    one = lab(acme=(port, "udp"))
    with sipp(tmp_path, "vendor", "uas.xml", port=port):
        one.order("ended", max_seconds=1)
        done = one.ended("ended")
        for number in range(5):
            one.order(f"cut-{number}", max_seconds=60)
        until(lambda: one.ask("/v1/calls/cut-4")[1]["state"] == "talking", "the calls talk")
        one.running.signal(signal.SIGKILL)
        one.running.wait()
        assert done in one.records(), "what was shown as ended is on disk"
        # The crash tears a line.
        newest = max(one.calls.glob("calls-*.ndjson"))
        with newest.open("a") as log:
            log.write('{"v":1,"kind":"rec')
        one.start()
        records = {record["call"]: record for record in one.records()}
        assert {r["outcome"] for name, r in records.items() if name.startswith("cut")} == {"interrupted"}
        assert one.each_call_once() == 6
        assert one.ask("/v1/calls", {"call": "cut-1", "number": "442079460000", "offer_id": 1})[0] == 409
        one.order("after", max_seconds=1)
        assert one.ended("after")["outcome"] == "answered"
    assert one.each_call_once() == 7


def test_a_stopped_edge_ends_its_calls_and_writes_their_records(
    lab: Callable[..., Lab], tmp_path: Path
) -> None:
    port = free_ports()[0]
    one = lab(acme=(port, "udp"))
    with sipp(tmp_path, "vendor", "uas.xml", port=port):
        for number in range(3):
            one.order(f"c-{number}", max_seconds=60)
        until(lambda: one.ask("/v1/calls/c-2")[1]["state"] == "talking", "the calls talk")
        one.running.signal()
        assert one.running.wait() == 0
    assert [(r["outcome"], r["released_by"]) for r in one.records()] == [("answered", "us")] * 3
    assert one.each_call_once() == 3
