"""An edge that speaks SIP, SIPp on both sides of it, and what the record log says afterwards."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.edge.exchange import CONTROL_KEY, Exchange, offer, trunk
from tests.edge.process import Edge, until

HERE = Path(__file__).parent
HOST = "127.0.0.1"


def free_ports(count: int = 1) -> list[int]:
    """Ports nobody holds now, all different, each free for datagrams and for streams (one that a stream has just left is not)."""
    with ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < count:
            datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            datagrams.bind((HOST, 0))
            port = int(datagrams.getsockname()[1])
            streams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            try:
                streams.bind((HOST, port))
            except OSError:
                continue
            ports.append(port)
        return ports


def media_range(pairs: int) -> list[int]:
    """A range for media below the ephemeral ports, one for each process and moment."""
    width = 2 * pairs
    first = 11_000 + (time.monotonic_ns() // 1000 % 8000) // 2 * 2
    while True:
        with ExitStack() as stack:
            try:
                for port in range(first, first + width):
                    probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    probe.bind((HOST, port))
                return [first, first + width - 1]
            except OSError:
                first = 11_000 + (first - 11_000 + width) % 18_000


@dataclass
class Lab:
    """One edge over one exchange; `orders` and `lists` are told by its control key."""

    folder: Path
    exchange: Exchange
    pairs: int = 60
    sip: dict[str, Any] = field(default_factory=dict)
    drain: int = 3
    edge: Edge | None = None
    udp: int = 0
    tcp: int = 0

    @property
    def calls(self) -> Path:
        return self.folder / "calls"

    def start(self, **sip: Any) -> Lab:
        self.udp = self.udp or free_ports()[0]
        self.tcp = self.tcp or free_ports()[0]
        words = {
            "listen": [
                {"transport": "udp", "host": HOST, "port": self.udp},
                {"transport": "tcp", "host": HOST, "port": self.tcp},
            ],
            "media_ports": media_range(self.pairs),
            "directory": str(self.calls),
            "workers": 2,
        }
        settings = {"sip": words | self.sip | sip, "control_from": [HOST], "drain_seconds": self.drain}
        self.edge = Edge(self.folder, self.exchange.root, settings).start()
        return self

    @property
    def running(self) -> Edge:
        assert self.edge is not None
        return self.edge

    def stop(self) -> None:
        if self.edge is not None:
            self.edge.stop()

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of a request with the control key."""
        if body is None:
            reply = self.running.get(path, key=CONTROL_KEY)
        else:
            reply = self.running.post(path, json.dumps(body).encode(), key=CONTROL_KEY)
        return reply.status, reply.json()

    def tell(self, **lists: Any) -> None:
        status, words = self.ask("/v1/control/sip", lists)
        assert status == 200, words

    def ticket(self, **more: Any) -> dict[str, Any]:
        words = {"ticket_id": 1, "code": "8312", "trunk_id": 1, "offer_id": 1} | more
        self.tell(tickets=[words])
        return words

    def order(self, call: str, **more: Any) -> dict[str, Any]:
        words = {"call": call, "number": "442079460000", "offer_id": 1, "max_seconds": 2} | more
        status, answer = self.ask("/v1/calls", words)
        assert status == 202, answer
        return dict(answer)

    def ended(self, call: str, seconds: float = 30) -> dict[str, Any]:
        """The record of a call, once it has ended."""

        def record() -> dict[str, Any] | None:
            status, words = self.ask(f"/v1/calls/{call}")
            assert status == 200, words
            return words["record"] if words["state"] == "ended" else None

        return until(record, f"call {call} ends; log {self.running.log.read_text()}", seconds)

    def lines(self) -> list[dict[str, Any]]:
        """The record log, whole lines only."""
        out = []
        for path in sorted(self.calls.glob("calls-*.ndjson")):
            whole = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
            out += [json.loads(line) for line in whole]
        return out

    def records(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["kind"] == "record"]

    def settled(self, calls: int = 0) -> None:
        """Wait until there are as many records as begins, and so many; whoever asks looks whether it came to that.

        A BYE that is lost and never answered ends its call after 32 s (RFC 3261, timer F).
        """

        def as_many() -> bool:
            kinds = Counter(line["kind"] for line in self.lines())
            return kinds["begin"] == kinds["record"] >= calls

        with suppress(AssertionError):
            until(as_many, "every call has its record", 40)

    def each_call_once(self) -> int:
        """Every call has one begin and one record; how many there are. A record reaches the disk a moment after the last message."""
        self.settled()
        begins = [line["call"] for line in self.lines() if line["kind"] == "begin"]
        records = [line["call"] for line in self.records()]
        assert sorted(begins) == sorted(records)
        assert len(set(begins)) == len(begins)
        seqs = [line["seq"] for line in self.lines()]
        assert seqs == list(range(1, len(seqs) + 1))
        return len(begins)

    def free(self) -> int:
        """Pairs of media ports that nobody holds."""
        return int(self.running.metric("tandem_edge_sip_media_pairs_free"))

    def idle(self, pairs: int) -> None:
        """Nothing is left of any call: no port, no call."""
        until(lambda: self.free() == pairs, f"all of {pairs} pairs of ports come back")
        until(lambda: self.running.metric("tandem_edge_sip_calls ") == 0, "calls end")


def market(folder: Path, **vendors: tuple[int, str]) -> Exchange:
    """An exchange whose products are at these ports of this machine: name=(port, transport), in the order of offer ids."""
    root = folder / "lcr"
    root.mkdir()
    exchange = Exchange(root)
    exchange.offers = []
    for number, (name, (port, transport)) in enumerate(vendors.items(), 1):
        place = {"uri_host": HOST, "uri_port": port, "transport": transport}
        exchange.offers.append(offer(number, name) | place)
    while len(exchange.offers) < 2:
        exchange.offers.append(offer(len(exchange.offers) + 1, "none"))
    exchange.trunks = [trunk(1, source_ips=[HOST])] + [t for t in exchange.trunks if t["trunk_id"] > 1]
    exchange.publish()
    return exchange


def scenario_of(folder: Path, name: str, words: dict[str, str]) -> Path:
    """A scenario of this folder with its words put in (SIPp takes no keyword where it matches)."""
    text = (HERE / name).read_text()
    for word, value in words.items():
        text = text.replace(word, value)
    path = folder / f"{Path(name).stem}-{'-'.join(words.values()) or 'plain'}.xml"
    path.write_text(text)
    return path


@dataclass
class Sipp:
    child: subprocess.Popen[bytes]
    port: int
    log: Path


@contextmanager
def sipp(folder: Path, name: str, scenario: str, *more: str, port: int = 0, **words: str) -> Iterator[Sipp]:
    """A SIPp that plays a vendor from a scenario beside this file."""
    port = port or free_ports()[0]
    log = folder / f"{name}.err"
    file = scenario_of(folder, scenario, words)
    command = ["sipp", "-sf", str(file), "-i", HOST, "-p", str(port), "-nostdin"]
    command += ["-trace_err", "-error_file", str(log), *more]
    child = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield Sipp(child, port, log)
    finally:
        child.terminate()
        child.wait(20)


def place(
    folder: Path,
    target: str,
    scenario: str,
    number: str,
    calls: int,
    *more: str,
    rate: int = 10,
    **words: str,
) -> subprocess.CompletedProcess[str]:
    """SIPp places calls and waits for all of them; returncode 0 when every one went as the scenario says."""
    log = folder / f"uac-{time.monotonic_ns()}.err"
    file = scenario_of(folder, scenario, words)
    command = ["sipp", target, "-sf", str(file), "-s", number, "-i", HOST, "-m", str(calls)]
    command += ["-r", str(rate), "-p", str(free_ports()[0]), "-nostdin", "-timeout", str(80 + calls)]
    command += ["-trace_err", "-error_file", str(log), *more]
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110 + calls
    )
    if log.exists():
        done.stderr += log.read_text()[-4000:]
    return done
