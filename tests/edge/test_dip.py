"""LRN by HTTP: a real server that answers well, slowly, wrongly or not at all; what fails is rated as dialled, and says so."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.edge.certificates import Authority
from tests.edge.exchange import EXPLAIN_KEY, KEY, sha256
from tests.edge.process import Edge, until
from tests.named.tiny import Exchange, row

Start = Callable[..., Edge]
PORTED, LRN = "17185550123", "19735550000"
OTHER = "12125550100"
PLAIN = "442079460000"
Answer = Callable[[str], tuple[int, bytes]]


class Registry:
    """Who knows LRNs: `answers` says what is answered, `asked` what was."""

    def __init__(self) -> None:
        self.answers: Answer = lambda number: (200, json.dumps({"lrn": LRN}).encode())
        self.asked: list[str] = []
        self.fields: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                number = self.path.rsplit("=", 1)[1]
                registry.asked.append(number)
                registry.fields.append(self.headers.get("Authorization", ""))
                registry.gate.wait(20)
                status, body = registry.answers(number)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def words(self, **more: Any) -> dict[str, Any]:
        # Deadlines here are long: the machine that tests may be busy.
        url = f"http://127.0.0.1:{self.port}/dip?number={{number}}"
        return {"url": url, "deadline_ms": 4000} | more

    def stop(self) -> None:
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = Registry()
    yield server
    server.stop()


@pytest.fixture
def market(tmp_path: Path) -> Callable[..., None]:
    """Publishes a deck rated by LRN and one as dialled; `file` = ported numbers the snapshot knows."""

    def publish(*, file: dict[str, str] | None = None, **trunk: Any) -> None:
        deck = [row("1718", "0.0150"), row("1973", "0.0020"), row("1212", "0.0100"), row("44", "0.02")]
        exchange = Exchange({"L": deck, "D": deck}, offers={"L": {"lrn_rated": True}}, trunk=trunk)
        world = exchange.world()
        world.lrns = file or {}
        world.keys = [
            {
                "key_id": number,
                "sha256": sha256(secret),
                "trunk_id": 1,
                "company_id": 99,
                "scopes": ["lcr:query", "lcr:explain"],
                "expires_at_us": None,
            }
            for number, secret in enumerate((KEY, EXPLAIN_KEY), 1)
        ]
        world.publish(tmp_path / "lcr")

    return publish


def rated(edge: Edge, number: str = PORTED, more: str = "") -> tuple[str, str | None, bool]:
    """Code by which the LRN-rated deck was matched, who said the LRN, whether it is unknown."""
    reply = edge.lcr(f"dnis={number}{more}")
    assert reply.status == 200, reply.body
    route = next(r for r in reply.json()["routes"] if r["vendor"] == "L")
    return route["code"], route["jurisdiction"]["lrn_by"], route["jurisdiction"]["lrn_unknown"]


def dips(edge: Edge, result: str) -> int:
    return int(edge.metric(f'tandem_edge_lrn_dips_total{{result="{result}"}}'))


def test_a_number_is_asked_for_once_and_rated_by_what_was_told(
    market: Callable[..., None], registry: Registry, start_edge: Start
) -> None:
    market()
    edge = start_edge(lrn_dip=registry.words(authorization="Bearer secret"))
    assert rated(edge) == ("1973", "dip", False)
    assert rated(edge) == ("1973", "dip", False)
    assert (registry.asked, registry.fields) == ([PORTED], ["Bearer secret"])
    assert (dips(edge, "ported"), dips(edge, "cached")) == (1, 1)
    answer = edge.lcr(f"dnis={PORTED}&explain=1").json()
    assert answer["lrn"] == LRN
    explained = next(e for e in answer["explain"] if e["vendor"] == "L")
    assert explained["jurisdiction"]["lrn_by"] == "dip"
    dialled = next(r for r in answer["routes"] if r["vendor"] == "D")
    assert (dialled["code"], dialled["jurisdiction"]) == ("1718", None)
    assert edge.metric("tandem_edge_lrn_dip_entries") == 1


def test_what_is_not_ported_is_remembered_too(
    market: Callable[..., None], registry: Registry, start_edge: Start
) -> None:
    market()
    edge = start_edge(lrn_dip=registry.words())
    for status, body in ((404, b""), (200, b'{"lrn": null}')):
        registry.answers = lambda _, reply=(status, body): reply  # type: ignore[misc]
        number = OTHER if status == 404 else PORTED
        for _ in range(3):
            assert rated(edge, number) == (number[:4], "dip", False)
    assert registry.asked == [OTHER, PORTED]
    assert (dips(edge, "not_ported"), dips(edge, "cached")) == (2, 4)


def test_the_question_and_the_file_come_before_the_dip_and_a_trunk_may_leave_sources_out(
    market: Callable[..., None], registry: Registry, start_edge: Start
) -> None:
    market(file={OTHER: "17185550000"})
    edge = start_edge(lrn_dip=registry.words())
    assert rated(edge, more="&lrn=12125550000") == ("1212", "query", False)
    assert rated(edge, more="&npdi=1") == ("1718", "query", False)
    assert rated(edge, OTHER) == ("1718", "file", False)
    assert rated(edge, PLAIN) == ("44", None, True), "only numbers of the prefixes are asked for"
    assert registry.asked == []
    market(file={OTHER: "17185550000"}, lrn_sources=["dip"])
    until(lambda: rated(edge, OTHER) == ("1973", "dip", False), "the file is left out")
    assert rated(edge, more="&lrn=12125550000") == ("1973", "dip", False)
    market(lrn_sources=["query", "file"])
    until(lambda: rated(edge, OTHER) == ("1212", None, True), "the dip is left out")
    assert rated(edge, more="&lrn=12125550000") == ("1212", "query", False)
    assert registry.asked == [OTHER, PORTED]


@pytest.mark.parametrize(
    "reply",
    [
        (500, b"oops"),
        (200, b"<html>"),
        (200, b'{"lrn": "12"}'),
        (200, b'{"other": 1}'),
        (200, b"\xff\xfe"),
        (200, b"1" * 40_000),
        (302, b""),
    ],
    ids=["500", "html", "short", "field", "bytes", "large", "redirect"],
)
def test_garbage_is_no_lrn(
    market: Callable[..., None], registry: Registry, start_edge: Start, reply: tuple[int, bytes]
) -> None:
    market()
    registry.answers = lambda _: reply
    edge = start_edge(lrn_dip=registry.words())
    assert rated(edge) == ("1718", "unavailable", True)
    assert dips(edge, "failed") == 1
    registry.answers = lambda _: (200, LRN.encode())
    assert rated(edge) == ("1973", "dip", False), "failures are not remembered"


def test_a_slow_registry_costs_the_deadline_and_nobody_else_waits(
    market: Callable[..., None], registry: Registry, start_edge: Start
) -> None:
    market()
    registry.gate.clear()
    edge = start_edge(lrn_dip=registry.words(deadline_ms=700), threads=1)
    slow: list[tuple[float, Any]] = []

    def ask() -> None:
        began = time.monotonic()
        slow.append((time.monotonic() - began, rated(edge)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: registry.asked, "the registry is asked")
    quick = 0
    while not slow:
        assert rated(edge, PLAIN)[0] == "44"
        quick += 1
    for thread in threads:
        thread.join()
    assert quick > 20, "others were answered meanwhile"
    assert all(answer == ("1718", "unavailable", True) for _, answer in slow)
    assert registry.asked == [PORTED], "questions for the same number are one"
    assert (dips(edge, "timeout"), dips(edge, "merged")) == (1, 7)


def test_questions_for_the_same_number_at_the_same_time_are_one_and_all_are_told(
    market: Callable[..., None], registry: Registry, start_edge: Start
) -> None:
    market()
    registry.gate.clear()
    edge = start_edge(lrn_dip=registry.words())
    told: list[Any] = []
    threads = [threading.Thread(target=lambda: told.append(rated(edge))) for _ in range(12)]
    for thread in threads:
        thread.start()
    until(lambda: dips(edge, "merged") == 11, "all wait")
    registry.gate.set()
    for thread in threads:
        thread.join()
    assert told == [("1973", "dip", False)] * 12
    assert registry.asked == [PORTED]


def test_a_dead_registry_opens_the_circuit_and_a_probe_closes_it(
    market: Callable[..., None], registry: Registry, start_edge: Start
) -> None:
    market()
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{dead.getsockname()[1]}/dip?number={{number}}"
        words = registry.words(url=url, failures=3, rest_ms=60_000)
        edge = start_edge(lrn_dip=words)
        for number in range(6):
            assert rated(edge, f"171855501{number:02}") == ("1718", "unavailable", True)
    assert (dips(edge, "failed"), dips(edge, "circuit_open")) == (3, 3)
    assert edge.metric("tandem_edge_lrn_dip_circuit_open") == 1
    edge.stop()
    registry.answers = lambda _: (500, b"")
    edge = start_edge(lrn_dip=registry.words(failures=2, rest_ms=100))
    until(lambda: rated(edge) and edge.metric("tandem_edge_lrn_dip_circuit_open") == 1, "it opens")
    registry.answers = lambda _: (200, LRN.encode())
    until(lambda: rated(edge) == ("1973", "dip", False), "a probe closes it")
    assert edge.metric("tandem_edge_lrn_dip_circuit_open") == 0


def test_no_more_are_asked_at_a_time_than_is_allowed(
    market: Callable[..., None], registry: Registry, start_edge: Start
) -> None:
    market()
    registry.gate.clear()
    edge = start_edge(lrn_dip=registry.words(max_concurrent=1))
    first: list[Any] = []
    thread = threading.Thread(target=lambda: first.append(rated(edge)))
    thread.start()
    until(lambda: registry.asked, "one is under way")
    assert rated(edge, OTHER) == ("1212", "unavailable", True)
    registry.gate.set()
    thread.join()
    assert first == [("1973", "dip", False)]
    assert dips(edge, "crowded") == 1


def test_a_pipelined_connection_is_answered_in_order_and_counted_once(
    market: Callable[..., None], registry: Registry, start_edge: Start
) -> None:
    market()
    edge = start_edge(lrn_dip=registry.words(), rate_limit_per_key_per_s=1000)
    heads = [
        f"GET /v1/lcr/text?dnis={number} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
        for number in (PLAIN, PORTED, PLAIN)
    ]
    answer = edge.raw(("\r\n".join(heads) + "Connection: close\r\n\r\n").encode())
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    order = [line[:9] for line in answer.split(b"\n") if line.startswith(b"sip:")]
    assert [o[4:6] for o in order] == [b"44", b"44", b"17", b"17", b"44", b"44"]
    assert edge.metric('tandem_edge_requests_total{route="lcr"') == 3
    assert edge.metric("tandem_edge_in_flight") <= 1


def test_a_batch_uses_what_was_told_and_asks_nobody(
    market: Callable[..., None], registry: Registry, start_edge: Start
) -> None:
    market()
    edge = start_edge(lrn_dip=registry.words())
    assert rated(edge) == ("1973", "dip", False)
    body = json.dumps([{"dnis": PORTED}, {"dnis": OTHER}]).encode()
    rows: Any = edge.post("/v1/lcr/batch", body).json()
    found = [next(r for r in a["routes"] if r["vendor"] == "L")["jurisdiction"]["lrn_by"] for a in rows]
    assert found == ["dip", None]
    assert registry.asked == [PORTED]


def test_an_https_registry_is_asked_when_its_ca_is_known(
    market: Callable[..., None], registry: Registry, start_edge: Start, tmp_path: Path
) -> None:
    market()
    authority = Authority()
    authority.issue("registry").write(tmp_path, "registry")
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    (tmp_path / "other.crt").write_bytes(Authority("Other CA").certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "registry.crt", tmp_path / "registry.key")
    registry.server.socket = context.wrap_socket(
        registry.server.socket, server_side=True, do_handshake_on_connect=False
    )
    url = registry.words()["url"].replace("http:", "https:")
    edge = start_edge(lrn_dip=registry.words(url=url, ca=str(tmp_path / "ca.crt")))
    assert rated(edge) == ("1973", "dip", False)
    strange = start_edge(lrn_dip=registry.words(url=url, ca=str(tmp_path / "other.crt")))
    assert rated(strange) == ("1718", "unavailable", True)
