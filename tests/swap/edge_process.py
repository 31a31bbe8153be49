"""A real edge in a process of its own on a port of its own, and a client that asks it over one connection."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

START = "import sys, lcr_core; sys.exit(lcr_core.run_edge(sys.argv[1]))"
DEADLINE_S = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Edge:
    process: subprocess.Popen[bytes]
    port: int

    def is_ready(self) -> bool:
        try:
            with Client(self.port) as client:
                return client.get("/readyz")[0] == 200
        except OSError:
            return False


@contextmanager
def running_edge(root: Path, log: Path, **config: Any) -> Iterator[Edge]:
    """Start an edge over the snapshot directory `root`, wait until it is ready, end it with SIGTERM."""
    port = free_port()
    settings = {"snapshot_root": str(root), "host": "127.0.0.1", "port": port} | config
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", START, json.dumps(settings)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=os.getcwd(),
        )
    edge = Edge(process, port)
    try:
        until = time.monotonic() + DEADLINE_S
        while not edge.is_ready():
            assert process.poll() is None, f"the edge ended: {log.read_text()}"
            assert time.monotonic() < until, f"the edge is not ready: {log.read_text()}"
        yield edge
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Client:
    """HTTP/1.1 over one kept connection; `get_many` sends a batch before it reads."""

    def __init__(self, port: int, headers: dict[str, str] | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        self.buffer = b""
        self.head = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, _a: type[BaseException] | None, _b: BaseException | None, _c: TracebackType | None
    ) -> None:
        self.socket.close()

    def get(self, path: str) -> tuple[int, bytes]:
        return self.get_many([path])[0]

    def get_many(self, paths: list[str]) -> list[tuple[int, bytes]]:
        lines = (f"GET {path} HTTP/1.1\r\nHost: test\r\n{self.head}\r\n" for path in paths)
        self.socket.sendall("".join(lines).encode())
        return [self._answer() for _ in paths]

    def post_many(self, path: str, bodies: list[str]) -> list[tuple[int, bytes]]:
        """Each body as a request of its own, all sent before the first answer is read."""
        fields = f"Host: test\r\n{self.head}Content-Type: application/json\r\n"
        heads = (
            f"POST {path} HTTP/1.1\r\n{fields}Content-Length: {len(body)}\r\n\r\n{body}" for body in bodies
        )
        self.socket.sendall("".join(heads).encode())
        return [self._answer() for _ in bodies]

    def _answer(self) -> tuple[int, bytes]:
        head = self._until(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return status, body

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def _more(self) -> None:
        chunk = self.socket.recv(1 << 16)
        if not chunk:
            raise ConnectionError("the edge closed the connection")
        self.buffer += chunk
