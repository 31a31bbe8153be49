"""Signalling: forwarded calls beside a proxy and another B2BUA, and questions for routes; SIPp on both sides."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benches import Row
from benches.http import row
from benches.sip import sippy
from benches.sip.cpu import cpu_seconds, tree
from benches.sip.edge import TICKET, edge, pid_of
from benches.sip.sipp import Placed, place, vendor
from tests.sip.kamailio import kamailio

NUMBER = "442079460000"
SECONDS = float(os.environ.get("TANDEM_BENCH_SECONDS", "6"))
STEADY = 500
RATES = (750, 1000, 1500, 2000)
SIPPY_RATES = (50, 100, 150)
KEPT_PACE = 0.97
"""A rate counts as held when the generator reached this share of it."""


@dataclass(frozen=True)
class Server:
    name: str
    port: int
    pid: int
    number: str


def measured(
    folder: Path, server: Server, scenario: str, rate: int, seconds: float = SECONDS
) -> tuple[Placed, float]:
    """What SIPp saw, and ms of processor a call, with what is done after the last one."""
    before = cpu_seconds(server.pid)
    placed = place(folder, scenario, server.port, server.number, rate, seconds)
    time.sleep(1)
    return placed, (cpu_seconds(server.pid) - before) * 1000 / placed.calls


def held(folder: Path, server: Server, rates: tuple[int, ...]) -> int:
    """The highest of these rates at which no call failed; 0: none."""
    best = 0
    for rate in rates:
        placed, _ = measured(folder, server, "uac.xml", rate, min(SECONDS, 4))
        if placed.failed or placed.rate < KEPT_PACE * rate:
            break
        best = rate
    return best


@contextmanager
def proxy(folder: Path, target: int) -> Iterator[Server]:
    with kamailio(folder, "proxy.cfg", target) as port:
        yield Server("Kamailio, stateful proxy with record-route", port, listening(port), NUMBER)


def listening(port: int) -> int:
    """The process that holds a UDP port of this machine: the first of our own descendants that does."""
    inodes = {
        line.split()[9]
        for line in Path("/proc/net/udp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}")
    }
    for pid in tree(os.getpid())[1:]:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            if link.is_symlink() and os.readlink(link).removeprefix("socket:[").removesuffix("]") in inodes:
                return pid
    raise RuntimeError(f"nobody holds port {port}")


def run(folder: Path) -> list[Row]:
    rows: list[Row] = []
    with ExitStack() as stack:
        port = stack.enter_context(vendor(folder))
        lab = stack.enter_context(edge(folder, port, pairs=2000))
        ours = Server("edge, forwarded by ticket", lab.udp, pid_of(lab), TICKET + NUMBER)
        rows += forwarded(folder, ours, STEADY, RATES, (1.6, STEADY))
        records = len(lab.records())
        rows.append(
            row("edge, calls with a record each", f"{records:,}", "all", records == lab.each_call_once())
        )
        theirs = stack.enter_context(proxy(folder, port))
        rows += forwarded(folder, theirs, STEADY, RATES)
        program = sippy.installed(folder)
        if program is None:
            rows.append(row(f"{sippy.PINNED}: cannot be had here, skipped", ""))
        else:
            port_of, pid = stack.enter_context(sippy.sippy(folder, program, port))
            rows += forwarded(
                folder, Server(f"{sippy.PINNED} B2BUA", port_of, pid, NUMBER), SIPPY_RATES[0], SIPPY_RATES
            )
    with ExitStack() as stack:
        lab = stack.enter_context(edge(folder, port, pairs=100, offers=2))
        rows.append(asked(folder, Server("edge", lab.udp, pid_of(lab), NUMBER)))
    return rows


def forwarded(
    folder: Path,
    server: Server,
    steady: int,
    rates: tuple[int, ...],
    bars: tuple[float, int] | None = None,
) -> list[Row]:
    measured(folder, server, "uac.xml", min(steady, 100), 1)
    placed, cost = measured(folder, server, "uac.xml", steady)
    whole = placed.failed == 0 and placed.rate >= KEPT_PACE * steady
    most = held(folder, server, rates) if whole else 0
    most = max(most, steady if whole else 0)
    figure = f"{cost:.2f} ({placed.failed} of {placed.calls:,} failed)"
    good = bars is not None and most >= bars[1]
    return [
        row(
            f"{server.name}, ms of processor a call at {steady}/s",
            figure,
            *(("<= 1.6", cost <= bars[0]) if bars else ()),
        ),
        row(f"{server.name}, calls/s with 0 failed", f"{most:,}", *((">= 500", good) if bars else ())),
    ]


def asked(folder: Path, server: Server) -> Row:
    """INVITE, 300 with two contacts, ACK."""
    measured(folder, server, "asks.xml", 100, 1)
    placed, cost = measured(folder, server, "asks.xml", 2 * STEADY)
    figure = f"{cost:.3f} ({placed.failed} of {placed.calls:,} failed)"
    what = f"{server.name}, INVITE -> 300 -> ACK at {2 * STEADY}/s, ms of processor"
    return row(what, figure, "<= 0.3, 0 failed", cost <= 0.3 and placed.failed == 0)
