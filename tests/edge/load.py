"""Steady load on keep-alive connections; every answer is kept for judgement."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from dataclasses import dataclass, field

from tests.edge.exchange import KEY, UK
from tests.edge.process import Edge, read


@dataclass
class Load:
    """Threads that ask without pause. A connection that was told `Connection: close` is opened anew."""

    edge: Edge
    threads: int = 4
    versions: list[tuple[str, str]] = field(default_factory=list)  # (snapshot, rate of the first route)
    failures: list[str] = field(default_factory=list)
    refused_connects: int = 0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._workers = [threading.Thread(target=self._ask) for _ in range(self.threads)]

    def __enter__(self) -> Load:
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for worker in self._workers:
            worker.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            connection = self.edge.connect()
            try:
                connection.connect()
            except ConnectionRefusedError:
                self.refused_connects += 1
                return
            with contextlib.closing(connection):
                self._ask_on(connection)

    def _ask_on(self, connection: http.client.HTTPConnection) -> None:
        while not self._stop.is_set():
            try:
                connection.request("GET", f"/v1/lcr?dnis={UK}", headers={"Authorization": f"Bearer {KEY}"})
                reply = read(connection)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                return
            if reply.status != 200:
                self.failures.append(f"{reply.status} {reply.body!r}")
                return
            answer = json.loads(reply.body)
            if answer["version"] != reply.headers["x-tandem-snapshot"]:
                self.failures.append(f"header and body disagree: {answer['version']}")
            self.versions.append((answer["version"], answer["routes"][0]["rate"]))
            if reply.headers.get("connection") == "close":
                return
