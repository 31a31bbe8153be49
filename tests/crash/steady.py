"""An open-loop caller: asks the edge at planned instants whatever it answers, and counts latency from the plan.

`python -m tests.crash.steady PORT KEY NUMBER PER_SECOND SECONDS` prints one JSON object. A process of its own, so that what the
test does beside it does not slow the clock; `Steady` is its handle.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from tests.crash.tree import ROOT

CONNECTIONS = 4


@dataclass(frozen=True)
class Seen:
    """Milliseconds from the planned instant to the whole answer."""

    asked: int
    failed: int
    p50_ms: float
    p99_ms: float
    longest_ms: float

    def __str__(self) -> str:
        return f"p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms, longest {self.longest_ms:.1f} ms of {self.asked}"


class Steady:
    """Runs beside the block of a `with`; `.seen` afterwards."""

    seen: Seen

    def __init__(
        self, port: int, key: str, number: str, per_second: int, seconds: float | None = None
    ) -> None:
        self._arguments = [str(port), key, number, str(per_second), str(seconds or 3600)]
        self._wait = seconds is not None

    def __enter__(self) -> Steady:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.steady", *self._arguments],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        if self._wait:
            self._process.wait()
        answer, _said = self._process.communicate()  # the end of its input is the sign to stop
        self.seen = Seen(**json.loads(answer))


def first_in_line() -> None:
    """The caller is no part of what is measured: a switch stands on another machine. Where the system allows it, the caller runs
    before everything else here, so that its own wait for a processor is not taken for the edge's."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def main(port: str, key: str, number: str, per_second: str, seconds: str) -> None:
    request = (
        f"GET /v1/lcr?dnis={number} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {key}\r\n\r\n"
    ).encode()
    stop = threading.Event()
    connections = [socket.create_connection(("127.0.0.1", int(port))) for _ in range(CONNECTIONS)]
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print("ready", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    gc.disable()
    first_in_line()
    latencies: list[float] = []
    failed, place, gap = 0, 0, 1 / float(per_second)
    planned = time.monotonic() + 0.2
    until = planned + float(seconds)
    while planned < until and not stop.is_set():
        ahead = planned - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        connections[place].sendall(request)
        failed += not whole_answer(connections[place])
        latencies.append((time.monotonic() - planned) * 1000)
        planned += gap
        place = (place + 1) % CONNECTIONS
    found = sorted(latencies)
    seen = {
        "asked": len(found), "failed": failed, "p50_ms": found[len(found) // 2],
        "p99_ms": found[len(found) * 99 // 100], "longest_ms": found[-1],
    }  # fmt: skip
    print(json.dumps(seen), flush=True)


def whole_answer(connection: socket.socket) -> bool:
    """Read one answer to its last byte; whether it was 200."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head.startswith(b"HTTP/1.1 200")


if __name__ == "__main__":
    main(*sys.argv[1:])
