"""Raw bytes: what a broken or hostile client can send, and what it gets."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.edge.exchange import KEY, UK, Exchange
from tests.edge.process import DEADLINE_S, Edge, read_all, until

Start = Callable[..., Edge]
GOOD = f"GET /v1/lcr?dnis={UK} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
LAST = GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "bad_framing",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            400,
            "bad_framing",
        ),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "bad_framing"),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            411,
            "length_required",
        ),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 400, "body_not_allowed"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", 400, "malformed_request"),
        (b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded: 1\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "malformed_request"),
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_host"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad_host"),
        (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "http_version"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version"),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "target_too_long"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 100 + b"\r\n", 431, "head_too_large"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000, 431, "head_too_large"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "not_http"),
        (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "not_http"),
    ],
)
def test_a_bad_head_gets_one_problem_and_the_connection_ends(
    shared_edge: Edge, data: bytes, status: int, code: str
) -> None:
    reply = shared_edge.raw(data + GOOD)
    assert reply.startswith(f"HTTP/1.1 {status} ".encode()), reply[:200]
    assert f'"code":"{code}"'.encode() in reply
    assert reply.count(b"\r\nDate: ") == 1, "nothing behind a bad head is answered"
    assert b"\r\nConnection: close\r\n" in reply


def test_pipelined_requests_are_answered_in_order(shared_edge: Edge) -> None:
    numbers = [f"44207946{n:04}" for n in range(200)]
    requests = b"".join(GOOD.replace(UK.encode(), n.encode()) for n in numbers)
    reply = shared_edge.raw(requests + LAST)
    seen = [part.split(b'"', 1)[0].decode() for part in reply.split(b'"b":"')[1:]]
    assert seen == [*numbers, UK]
    assert reply.count(b"HTTP/1.1 200 OK\r\n") == 201


def test_many_that_ask_at_once_get_each_its_own_answer(exchange: Exchange, start_edge: Start) -> None:
    """Requests that are read in one turn are looked ahead for together, answered, and only then sent: nothing may be mixed."""
    exchange.publish()
    edge = start_edge(threads=1)
    address = ("127.0.0.1", edge.port)

    def ask(sock: socket.socket, number: str) -> None:
        sock.sendall(GOOD.replace(UK.encode(), number.encode()))

    def answer(sock: socket.socket) -> tuple[str, list[str]]:
        reply = b""
        while not reply.endswith(b"]}"):
            part = sock.recv(65536)
            assert part, reply
            reply += part
        words = json.loads(reply.split(b"\r\n\r\n", 1)[1])
        return words["b"], [route["code"] for route in words["routes"]]

    with ExitStack() as stack:
        socks = [stack.enter_context(socket.create_connection(address, DEADLINE_S)) for _ in range(48)]
        for turn in range(60):
            numbers = [f"44{(20, 77, 161, 9)[n % 4]}{turn:03}{n:04}" for n in range(len(socks))]
            for sock, number in zip(socks, numbers, strict=True):
                ask(sock, number)
            together = [answer(sock) for sock in socks]
            assert [number for number, _ in together] == numbers
            if turn == 0:
                for number, known in zip(numbers, together, strict=True):
                    ask(socks[0], number)
                    assert answer(socks[0]) == known


def test_a_request_may_arrive_byte_by_byte(shared_edge: Edge) -> None:
    with socket.create_connection(("127.0.0.1", shared_edge.port), timeout=DEADLINE_S) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(LAST)):
            sock.sendall(LAST[at : at + 1])
        assert read_all(sock).startswith(b"HTTP/1.1 200 OK\r\n")


def test_empty_lines_before_a_request_are_skipped(shared_edge: Edge) -> None:
    assert shared_edge.raw(b"\r\n\r\n" + LAST).startswith(b"HTTP/1.1 200 OK\r\n")


def test_http_1_0_is_closed_after_one_answer(shared_edge: Edge) -> None:
    reply = shared_edge.raw(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_half_closed_client_still_gets_its_answer(shared_edge: Edge) -> None:
    assert shared_edge.raw(GOOD, close_write=True).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_slow_head_is_timed_out_however_steadily_it_drips(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge(header_timeout_ms=400)
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", edge.port), timeout=0.05) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        reply = b""
        while not reply and time.monotonic() - began < DEADLINE_S:
            sock.sendall(b"X")
            try:
                reply = sock.recv(4096)
            except TimeoutError:
                continue
    assert b'"code":"head_timeout"' in reply
    assert 0.3 < time.monotonic() - began < 5


def test_an_idle_connection_is_closed_silently(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge(idle_timeout_ms=200)
    assert edge.raw(b"") == b""
    assert edge.raw(GOOD).count(b"HTTP/1.1 200 OK") == 1, "after an answer too"


def test_a_connection_is_closed_when_its_last_of_many_requests_is_long_ago(
    exchange: Exchange, start_edge: Start
) -> None:
    """The timer of a connection is moved only when it fires: here it fires in between, more than once."""
    exchange.publish()
    edge = start_edge(idle_timeout_ms=300)
    with socket.create_connection(("127.0.0.1", edge.port), timeout=DEADLINE_S) as sock:
        for _ in range(8):
            sock.sendall(GOOD)
            assert sock.recv(65536).startswith(b"HTTP/1.1 200")
            time.sleep(0.1)
        began = time.monotonic()
        assert sock.recv(1) == b""
    assert 0.1 < time.monotonic() - began < 5


def test_a_client_that_never_reads_is_dropped(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge(write_timeout_ms=300)
    with socket.create_connection(("127.0.0.1", edge.port), timeout=1) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            for _ in range(2000):
                sock.sendall(GOOD * 20)
        except OSError:
            pass
        until(lambda: edge.metric("tandem_edge_connections ") <= 1, "only the asker's own connection is left")
    assert edge.metric("tandem_edge_in_flight") <= 1


def test_connections_beyond_the_limit_are_told_so(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge(max_connections=3)
    held = [socket.create_connection(("127.0.0.1", edge.port), timeout=DEADLINE_S) for _ in range(3)]
    for sock in held:
        sock.sendall(GOOD)
        assert sock.recv(20).startswith(b"HTTP/1.1 200")
    reply = edge.raw(GOOD)
    assert reply.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 1\r\n" in reply
    for sock in held:
        sock.close()
    until(lambda: edge.lcr().status == 200, "room again")
    assert edge.metric('tandem_edge_refused_total{reason="connections"}') >= 1


def test_random_bytes_and_broken_requests_never_stop_the_edge(shared_edge: Edge) -> None:
    draw = random.Random(20261121)
    for turn in range(300):
        data = bytearray(LAST)
        if turn % 3 == 0:
            data = bytearray(draw.randbytes(draw.randint(1, 300)))
        for _ in range(draw.randint(1, 6)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        reply = shared_edge.raw(bytes(data), close_write=True)
        assert not reply or reply.startswith(b"HTTP/1.1 "), bytes(data)
        assert not reply.startswith(b"HTTP/1.1 5") or b" 505 " in reply[:13], (bytes(data), reply[:100])
    assert shared_edge.lcr().status == 200
    assert not shared_edge.events("panic")


def test_parameter_text_is_never_copied_into_headers_or_raw_json(shared_edge: Edge) -> None:
    reply = shared_edge.lcr("dnis=%22%3E%3Cscript%3E%7B")
    assert reply.json()["detail"] == '"">' + '<script>{" is not a telephone number.'
    assert "script" not in "".join(reply.headers.values())
