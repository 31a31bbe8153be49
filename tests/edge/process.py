"""Start, ask and stop a real edge process."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.edge.exchange import KEY, UK

REPO = Path(__file__).resolve().parents[2]
LAUNCH = "import sys, lcr_core; sys.exit(lcr_core.run_edge(sys.argv[1]))"
DEADLINE_S = 20.0
T = TypeVar("T")


def until(found: Callable[[], T | None], what: str, seconds: float = DEADLINE_S) -> T:
    """Poll until `found` gives something true."""
    deadline = time.monotonic() + seconds
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.01)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass
class Edge:
    """One edge process with its log in a file."""

    folder: Path
    root: Path
    settings: dict[str, Any] = field(default_factory=dict)
    port: int = 0
    child: subprocess.Popen[bytes] | None = None

    def start(self) -> Edge:
        config = {
            "snapshot_root": str(self.root),
            "host": "127.0.0.1",
            "port": self.port,
            "threads": 2,
            "drain_seconds": 5,
        } | self.settings
        self.log = self.folder / f"edge-{time.monotonic_ns()}.log"
        environment = {**os.environ, "PYTHONPATH": str(REPO)}
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-c", LAUNCH, json.dumps(config)], stderr=log, cwd=REPO, env=environment
            )
        line = until(lambda: self.event("listening"), f"the edge listens; log: {self.log.read_text()}")
        self.port = int(line["address"].rsplit(":", 1)[1])
        return self

    def events(self, name: str) -> list[dict[str, Any]]:
        whole = [line for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        lines = [json.loads(line) for line in whole if line.startswith("{")]
        return [line for line in lines if line["event"] == name]

    def event(self, name: str) -> dict[str, Any] | None:
        if self.child is not None and self.child.poll() is not None and not self.events(name):
            raise AssertionError(f"the edge ended: {self.log.read_text()}")
        return next(iter(self.events(name)), None)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)

    def get(
        self, path: str, method: str = "GET", key: str | None = KEY, body: bytes | None = None, **headers: str
    ) -> Reply:
        """One request on a connection of its own; `_` in a header name stands for `-`."""
        connection = self.connect()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        connection.request(method, path, body=body, headers=sent)
        reply = read(connection)
        connection.close()
        return reply

    def lcr(self, query: str = f"dnis={UK}", **more: Any) -> Reply:
        return self.get(f"/v1/lcr?{query}", **more)

    def post(self, path: str, body: bytes, **more: Any) -> Reply:
        return self.get(path, "POST", body=body, **more)

    def serves(self, snapshot_id: str) -> None:
        """Wait until this snapshot answers."""
        until(
            lambda: self.get("/readyz").headers.get("x-tandem-snapshot") == snapshot_id,
            f"snapshot {snapshot_id} answers",
        )

    def raw(self, data: bytes, *, close_write: bool = False, then: bytes = b"") -> bytes:
        """Send bytes (and more after the first answer), read until the edge closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S) as sock:
            sock.sendall(data)
            if then:
                first = sock.recv(65536)
                sock.sendall(then)
                return first + read_all(sock)
            if close_write:
                sock.shutdown(socket.SHUT_WR)
            return read_all(sock)

    def metric(self, line_start: str) -> float:
        """The value of the first line that begins so; 0 when there is none."""
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(line_start):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        assert self.child is not None
        self.child.send_signal(number)

    def wait(self) -> int:
        assert self.child is not None
        return self.child.wait(timeout=DEADLINE_S)

    def stop(self) -> None:
        if self.child is not None and self.child.poll() is None:
            self.child.kill()
            self.child.wait()


def read(connection: http.client.HTTPConnection) -> Reply:
    response = connection.getresponse()
    return Reply(
        response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    )


def read_all(sock: socket.socket) -> bytes:
    parts = []
    while True:
        try:
            part = sock.recv(65536)
        except ConnectionResetError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)
