"""Calls while messages are lost, sellers and buyers die, ports run out and the edge itself is stopped and killed: the books stay right."""

from __future__ import annotations

import http.client
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.edge.process import until
from tests.sip.lab import HOST, Lab, free_ports, sipp

pytestmark = pytest.mark.alone

# `make test-sip-full` runs ten thousand.
CALLS = int(os.environ.get("TANDEM_TEST_SIP_CALLS", "300"))
SHORT = CALLS <= 1000
RATE = 40
PAIRS = 180
# Of every message, on either side, whichever way it goes.
LOST = ["-lost", "4"]
# A transaction nobody answers ends after 32 s, a call whose 200 nobody acknowledges too, and its BYE as long again; ringing after 180 s.
PATIENCE_S = 100 if SHORT else 300


@dataclass
class Storm:
    """One edge, two sellers, a buyer's switch, and what goes wrong with them."""

    lab: Lab
    folder: Path
    places: list[int]
    stack: ExitStack
    sellers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    buyers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    ordered_at: float = 0
    done: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        self.lab.tell(
            tickets=[
                {"ticket_id": n, "code": f"831{n}", "trunk_id": 1, "offer_id": n, "max_seconds": 4}
                for n in (1, 2)
            ]
        )
        self.sellers = [self.seller(port) for port in self.places]
        self.buyers = [self.buyer(n) for n in (1, 2)]

    def seller(self, port: int) -> subprocess.Popen[bytes]:
        name = f"seller-{time.monotonic_ns()}"
        return self.stack.enter_context(sipp(self.folder, name, "uas.xml", *LOST, port=port)).child

    def buyer(self, ticket: int, rate: int = RATE // 2, *more: str) -> subprocess.Popen[bytes]:
        name = f"buyer-{time.monotonic_ns()}"
        words = [f"{HOST}:{self.lab.udp}", "-s", f"831{ticket}442079460000", "-r", str(rate), "-d", "500"]
        # In the long form half of them ring on until the edge's own 180 s are over (timer C).
        scenario = "uac_gives_up.xml" if SHORT or ticket == 1 else "uac.xml"
        return self.stack.enter_context(
            sipp(self.folder, name, scenario, *words, "-l", "9000", *LOST, *more)
        ).child

    def order(self) -> None:
        """An ordered call beside them, five a second; what is acknowledged must have its record whatever comes."""
        if time.monotonic() < self.ordered_at + 0.2:
            return
        self.ordered_at = time.monotonic()
        name = f"ordered-{time.monotonic_ns()}"
        words = {"call": name, "number": "442079460000", "offer_id": 1 + len(self.acknowledged) % 2}
        try:
            status, _ = self.lab.ask("/v1/calls", words | {"max_seconds": 1, "ring_seconds": 20})
        except (OSError, http.client.HTTPException):
            return
        if status == 202:
            self.acknowledged.append(name)

    def run(self, calls: int, seconds: float = 600) -> None:
        """Until so many more calls have begun."""
        wanted = self.begun() + calls

        def reached() -> bool:
            self.order()
            return self.begun() >= wanted

        until(reached, f"{calls} more calls begin", seconds)

    def begun(self) -> int:
        return sum(path.read_bytes().count(b'"kind":"begin"') for path in self.lab.calls.glob("*.ndjson"))

    def seller_dies(self, which: int, calls: int) -> None:
        self.done["sellers killed"] += 1
        self.sellers[which].kill()
        self.sellers[which].wait()
        self.run(calls)
        self.sellers[which] = self.seller(self.places[which])

    def buyer_dies(self, which: int) -> None:
        """Its calls hear nothing more: not even the BYE at the end of their four seconds."""
        self.done["buyers killed"] += 1
        self.buyers[which].kill()
        self.buyers[which].wait()
        self.buyers[which] = self.buyer(which + 1)

    def rush(self) -> None:
        """More calls at once than there are ports."""
        self.done["rushes"] += 1
        refused = self.refused()
        rush = self.buyer(1, 400, "-m", "300")
        until(lambda: self.refused() > refused, "ports run out")
        rush.kill()
        rush.wait()

    def refused(self) -> float:
        return self.lab.running.metric("tandem_edge_sip_calls_refused_total")

    def edge_stops(self, how: signal.Signals) -> None:
        self.done[f"edge {how.name}"] += 1
        free = self.lab.free()
        assert free < PAIRS, "calls are running"
        self.lab.running.signal(how)
        code = self.lab.running.wait()
        assert code == (0 if how == signal.SIGTERM else -signal.SIGKILL)
        if how == signal.SIGTERM:
            # None is left to the next start: what was answered keeps its time and price.
            self.lab.each_call_once()
        self.lab.start()

    def anything(self, luck: random.Random) -> None:
        kind = luck.randrange(10)
        if kind < 3:
            self.seller_dies(luck.randrange(2), luck.randrange(20, 80))
        elif kind < 5:
            self.buyer_dies(luck.randrange(2))
        elif kind < 7:
            self.rush()
        else:
            self.edge_stops(signal.SIGTERM if kind < 9 else signal.SIGKILL)

    def calm(self) -> None:
        """No more new calls; those that are may end as they can, the sellers stay."""
        for buyer in self.buyers:
            buyer.send_signal(signal.SIGUSR1)


def sockets(pid: int) -> int:
    return sum(os.readlink(one).startswith("socket:") for one in Path(f"/proc/{pid}/fd").iterdir())


@pytest.mark.timeout(300 + CALLS // 5)
def test_whatever_goes_wrong_every_call_has_one_record_and_gives_all_back(
    lab: Callable[..., Lab], tmp_path: Path
) -> None:
    places = free_ports(2)
    one = lab(acme=(places[0], "udp"), beta=(places[1], "udp"))
    one.stop()
    one.pairs, one.drain = PAIRS, 1
    one.start()
    began = time.monotonic()
    with ExitStack() as stack:
        storm = Storm(one, tmp_path, places, stack)
        storm.begin()
        storm.run(30)
        if SHORT:
            storm.rush()
            storm.seller_dies(0, 30)
            storm.buyer_dies(1)
            storm.run(20)
            storm.edge_stops(signal.SIGTERM)
            storm.run(20)
            storm.edge_stops(signal.SIGKILL)
            storm.run(20)
            # Its calls take their 32 s, the others go on meanwhile.
            storm.seller_dies(1, 30)
            storm.run(max(0, CALLS - storm.begun()))
        else:
            luck = random.Random(7)
            while storm.begun() < CALLS:
                storm.run(luck.randrange(100, 300))
                storm.anything(luck)
        # What is dead takes its 32 s: those calls must end by themselves.
        storm.calm()
        until(lambda: one.running.metric("tandem_edge_sip_calls ") == 0, "every call ends", PATIENCE_S)
        for left in ("machine_calls", "transactions"):
            until(lambda left=left: one.running.metric(f"tandem_edge_sip_{left} ") == 0, left, 40)
    one.idle(PAIRS)
    took = time.monotonic() - began
    count = one.each_call_once()
    outcomes = Counter(record["outcome"] for record in one.records())
    print(f"{count} calls in {took:.0f} s: {dict(outcomes)}; {dict(storm.done)}")
    assert count >= CALLS
    assert {"answered", "cancelled", "interrupted"} <= set(outcomes)
    assert outcomes["answered"] > count // 3
    recorded = {record["call"] for record in one.records()}
    assert recorded >= set(storm.acknowledged), "an order that was acknowledged was lost"
    assert one.running.metric("tandem_edge_sip_panics_total") == 0
    for ticket in one.ask("/v1/control/sip")[1]["tickets"]:
        own = [r for r in one.records() if r["ticket_id"] == ticket["ticket_id"]]
        assert (ticket["used"]["calls"], ticket["used"]["running"]) == (len(own), 0)
    left = sockets(one.running.child.pid) if one.running.child else 0
    assert left < PAIRS // 4, "sockets of media are closed"
    one.running.signal()
    assert one.running.wait() == 0
