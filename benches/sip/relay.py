"""Media: a thousand calls of G.711 through the edge and through rtpengine, each on one processor, one generator for both."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

from benches import Row
from benches.http import cargo, first_of_all, row
from benches.sip.calls import GROUPS, Calls
from benches.sip.cpu import cpu_seconds
from benches.sip.edge import TICKET, edge, pid_of
from benches.sip.rtpengine import rtpengine
from tests.sip.lab import HOST, free_ports

CALLS = int(os.environ.get("TANDEM_BENCH_CALLS", "1000"))
SECONDS = int(os.environ.get("TANDEM_BENCH_SECONDS", "8"))
ROUNDS = int(os.environ.get("TANDEM_BENCH_ROUNDS", "3"))
SERVER, GENERATOR = 0, 1


def generator_ports() -> int:
    """The first of as many ports as the generator needs, above those that relays use here and below the ephemeral ones."""
    for first in range(30_000, 32_600, 2 * GROUPS):
        with ExitStack() as stack, suppress(OSError):
            for port in range(first, first + 2 * GROUPS):
                probe = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                probe.bind((HOST, port))
            return first
    raise RuntimeError("no ports are free for the generator")


def generated(program: Path, pairs: Path, first: int, before: int) -> dict[str, Any]:
    command = [
        "taskset",
        "-c",
        str(GENERATOR),
        str(program),
        str(pairs),
        str(first),
        str(SECONDS),
        str(before),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=first_of_all)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def lost_by_records(records: list[dict[str, Any]]) -> int:
    """What the edge's own statistics say of all calls, both ways."""
    return sum(record["media"][side]["lost"] for record in records for side in "ab")


def run(folder: Path) -> list[Row]:
    program = cargo(("lcr-edge", "rtp_load"))["rtp_load"]
    with ExitStack() as stack:
        vendor = free_ports()[0]
        lab = stack.enter_context(edge(folder, vendor, pairs=2 * CALLS + 20, core=SERVER))
        first = generator_ports()
        calls = stack.enter_context(closing(Calls(lab.udp, vendor, first, TICKET + "442079460000")))
        calls.place(CALLS)
        peer = stack.enter_context(rtpengine(folder, SERVER, CALLS))
        pairs = {"edge": calls.pairs, "rtpengine": peer.place(CALLS, first)}
        pids = {"edge": pid_of(lab), "rtpengine": peer.pid}
        for name, made in pairs.items():
            (folder / f"{name}.pairs").write_text("".join(f"{a} {b}\n" for a, b in made))
        seen: dict[str, list[dict[str, Any]]] = {name: [] for name in pairs}
        for turn in range(ROUNDS):
            for name, pid in pids.items():
                before = cpu_seconds(pid)
                figures = generated(program, folder / f"{name}.pairs", first, turn * SECONDS * 50)
                figures["cpu"] = cpu_seconds(pid) - before
                print(name, figures, flush=True)
                seen[name].append(figures)
        calls.end()
        lab.idle(lab.pairs)
        counted = lost_by_records(lab.records())
    return rows(seen, counted)


def rows(seen: dict[str, list[dict[str, Any]]], counted: int) -> list[Row]:
    out = []
    each = {name: [f["cpu"] * 1e6 / max(f["received"], 1) for f in of] for name, of in seen.items()}
    for name, of in seen.items():
        share = statistics.median(f["cpu"] / f["seconds"] for f in of)
        lost, pace = sum(f["lost"] for f in of), statistics.median(f["sent"] / f["seconds"] for f in of)
        ok = lost == 0 if name == "edge" else None
        out.append(
            row(
                f"{name}, {CALLS:,} calls, {pace:,.0f} packets/s, lost",
                str(lost),
                "0" if ok is not None else "",
                ok,
            )
        )
        figure = f"{statistics.median(each[name]):.2f} us, {share:.0%} of a processor"
        out.append(row(f"{name}, processor a packet", figure))
    ratio = statistics.median(a / b for a, b in zip(each["edge"], each["rtpengine"], strict=True))
    out.append(row("edge / rtpengine, processor a packet", f"{ratio:.2f}", "<= 1", ratio <= 1))
    out.append(row("lost by the edge's own records", str(counted), "0", counted == 0))
    return out
