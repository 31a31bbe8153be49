"""SIGTERM: what was accepted is answered, nothing new is taken, the process ends in time."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edge.exchange import KEY, UK, Exchange
from tests.edge.load import Load
from tests.edge.process import DEADLINE_S, Edge, read_all, until

Start = Callable[..., Edge]
GOOD = f"GET /v1/lcr?dnis={UK} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()


def test_a_drain_under_load_fails_no_accepted_request(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge()
    with Load(edge, threads=6) as load:
        until(lambda: len(load.versions) > 200, "load runs")
        began = time.monotonic()
        edge.signal(signal.SIGTERM)
        assert edge.wait() == 0
        took = time.monotonic() - began
    assert load.failures == []
    assert load.refused_connects == 6
    assert took < 5
    assert edge.events("stopped")[0]["connections_cut"] == 0


def test_while_draining_open_connections_are_answered_not_ready_and_closed(
    exchange: Exchange, start_edge: Start
) -> None:
    exchange.publish()
    edge = start_edge()
    with socket.create_connection(("127.0.0.1", edge.port), timeout=DEADLINE_S) as sock:
        sock.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\n")
        until(lambda: edge.metric("tandem_edge_connections ") >= 2, "the half request is accepted")
        edge.signal()
        until(lambda: edge.event("draining"), "the drain begins")
        sock.sendall(b"\r\n")
        reply = read_all(sock)
    assert reply.startswith(b"HTTP/1.1 503 ")
    assert b'"status":"draining"' in reply
    assert b"\r\nConnection: close\r\n" in reply
    assert edge.wait() == 0


def test_idle_connections_do_not_hold_the_drain_up(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge(drain_seconds=15)
    idle = [socket.create_connection(("127.0.0.1", edge.port), timeout=DEADLINE_S) for _ in range(10)]
    for sock in idle:
        sock.sendall(GOOD)
        sock.recv(65536)
    began = time.monotonic()
    edge.signal(signal.SIGTERM)
    assert edge.wait() == 0
    assert time.monotonic() - began < 5
    for sock in idle:
        sock.close()


def test_a_client_that_stalls_cannot_hold_the_drain_longer_than_allowed(
    exchange: Exchange, start_edge: Start
) -> None:
    exchange.publish()
    edge = start_edge(drain_seconds=1)
    with socket.create_connection(("127.0.0.1", edge.port), timeout=DEADLINE_S) as sock:
        sock.sendall(b"GET /v1/lcr?dn")
        until(lambda: edge.metric("tandem_edge_connections ") >= 2, "the half request is accepted")
        began = time.monotonic()
        edge.signal()
        assert edge.wait() == 0
    assert 0.8 < time.monotonic() - began < 4
    assert edge.events("stopped")[0]["connections_cut"] == 1


def test_a_restart_may_overlap_on_the_same_port(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    old = start_edge()
    new = start_edge(port=old.port)
    assert new.port == old.port
    old.signal()
    assert old.wait() == 0
    for _ in range(20):
        assert new.lcr().status == 200


def test_a_unix_socket_serves_and_is_removed(exchange: Exchange, start_edge: Start, tmp_path: Path) -> None:
    exchange.publish()
    path = tmp_path / "edge.sock"
    edge = start_edge(unix_socket=str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.connect(str(path))
        sock.sendall(GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert read_all(sock).startswith(b"HTTP/1.1 200 OK\r\n")
    edge.signal()
    assert edge.wait() == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"prot": 1}, "prot"), ({"host": "nowhere.example"}, "nowhere.example"), ({"threads": 0}, "threads")],
)
def test_a_bad_configuration_is_refused_with_its_field(
    exchange: Exchange, start_edge: Start, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(AssertionError, match=said):
        start_edge(**settings)
