"""TLS at the edge, asked by real clients: Python's ssl and curl."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.edge.certificates import Authority
from tests.edge.exchange import KEY, UK, Exchange
from tests.edge.process import DEADLINE_S, LAUNCH, REPO, Edge, Reply, read, read_all, until

Start = Callable[..., Edge]
ASK = f"/v1/lcr?dnis={UK}"


class World:
    """Certificates on disk and an edge that serves with them."""

    def __init__(self, folder: Path, start: Start, exchange: Exchange) -> None:
        self.folder = folder
        self.authority = Authority()
        self.authority.issue("one").write(folder, "edge")
        (folder / "ca.crt").write_bytes(self.authority.certificate)
        exchange.publish()
        self._start = start

    def words(self, **more: Any) -> dict[str, Any]:
        files = {"certificate": str(self.folder / "edge.crt"), "key": str(self.folder / "edge.key")}
        return files | {"port": 0} | more

    def start(self, **more: Any) -> Edge:
        self.edge = self._start(tls=self.words(**more))
        line = self.edge.event("listening")
        assert line is not None
        self.port = int(line["tls_address"].rsplit(":", 1)[1])
        return self.edge

    def context(self, authority: Authority | None = None) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=(authority or self.authority).certificate.decode())

    def connect(self, context: ssl.SSLContext | None = None) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=DEADLINE_S, context=context or self.context()
        )

    def ask(self, context: ssl.SSLContext | None = None) -> Reply:
        connection = self.connect(context)
        try:
            return ask(connection)
        finally:
            connection.close()

    def name(self) -> str:
        """Whose certificate a new connection is shown."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S) as plain,
            self.context().wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
        ):
            subject = (wrapped.getpeercert() or {})["subject"]
        return str(dict(pair[0] for pair in subject)["commonName"])  # type: ignore[misc]


def ask(connection: http.client.HTTPConnection) -> Reply:
    connection.request("GET", ASK, headers={"Authorization": f"Bearer {KEY}"})
    return read(connection)


@pytest.fixture
def world(tmp_path: Path, start_edge: Start, exchange: Exchange) -> World:
    return World(tmp_path, start_edge, exchange)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_call_is_routed_over_tls_and_in_plain_text_beside_it(world: World, version: ssl.TLSVersion) -> None:
    edge = world.start()
    context = world.context()
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["http/1.1"])
    connection = world.connect(context)
    first, second = ask(connection), ask(connection)
    assert connection.sock.version() == version.name.replace("_", ".")
    assert connection.sock.selected_alpn_protocol() == "http/1.1"
    connection.close()
    assert (first.status, second.status) == (200, 200)
    assert first.json()["routes"] == edge.lcr().json()["routes"] != []
    assert edge.metric('tandem_edge_tls_handshakes_total{result="done"}') == 1


def test_curl_trusts_the_right_authority_and_no_other(world: World) -> None:
    world.start()
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (world.folder / "other.crt").write_bytes(Authority("Other CA").certificate)

    def curl(authority: str) -> subprocess.CompletedProcess[bytes]:
        argv = ["curl", "-sS", "--noproxy", "*", "--cacert", str(world.folder / authority)]
        argv += ["-H", f"Authorization: Bearer {KEY}", f"https://127.0.0.1:{world.port}{ASK}"]
        return subprocess.run(argv, capture_output=True, timeout=DEADLINE_S)

    assert json.loads(curl("ca.crt").stdout)["status"] == "ok"
    assert curl("other.crt").returncode == 60


def test_a_client_of_another_authority_refuses_and_the_edge_goes_on(world: World) -> None:
    edge = world.start()
    with pytest.raises(ssl.SSLCertVerificationError):
        world.ask(world.context(Authority("Other CA")))
    assert world.ask().status == 200
    until(lambda: edge.metric('tandem_edge_tls_handshakes_total{result="failed"}') == 1, "it is counted")


def test_a_new_certificate_is_taken_without_a_connection_lost(world: World) -> None:
    edge = world.start()
    old = world.connect()
    assert ask(old).status == 200
    assert world.name() == "one"
    world.authority.issue("two").write(world.folder, "edge")
    until(lambda: world.name() == "two", "the new certificate is shown")
    assert ask(old).status == 200
    world.authority.issue("three").write(world.folder, "edge")
    edge.signal(signal.SIGHUP)
    until(lambda: world.name() == "three", "SIGHUP reads the files")
    assert ask(old).status == 200
    assert edge.metric("tandem_edge_tls_reloads_total") >= 2
    old.close()


@pytest.mark.parametrize("damage", ["another key", "no PEM", "no file"])
def test_a_pair_that_is_no_good_leaves_the_old_one_and_raises_an_alarm(world: World, damage: str) -> None:
    edge = world.start()
    good = (world.folder / "edge.key").read_bytes()
    key = world.folder / "edge.key"
    if damage == "another key":
        key.write_bytes(Authority().issue("x").key)
    elif damage == "no PEM":
        key.write_bytes(b"-----BEGIN")
    else:
        key.unlink()
    edge.signal(signal.SIGHUP)
    line = until(lambda: edge.event("certificate_refused"), "the pair is refused")
    assert "key" in line["error"]
    assert edge.metric("tandem_edge_tls_alarm") == 1
    assert (world.ask().status, world.name()) == (200, "one")
    key.write_bytes(good)
    until(lambda: edge.metric("tandem_edge_tls_alarm") == 0, "the alarm ends")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"key": "other.key"}, "cannot be used together"),
        ({"certificate": "missing.crt"}, "missing.crt cannot be read"),
        ({"certificate": "edge.key"}, "holds no certificate"),
        ({"client_ca": "edge.key"}, "holds no certificate"),
        ({"host": "edge.example"}, "is not an IPv4 or IPv6 address"),
        ({"max_handshakes": 0}, "tls.max_handshakes: 0 is not between"),
        ({"cipher": "x"}, "unknown field"),
    ],
)
def test_a_start_with_a_bad_pair_fails_and_says_why(world: World, change: dict[str, Any], said: str) -> None:
    Authority().issue("x").write(world.folder, "other")
    for word, value in change.items():
        if word in ("key", "certificate", "client_ca"):
            change = {word: str(world.folder / value)}
    config = {"snapshot_root": str(world.folder / "lcr"), "port": 0, "tls": world.words(**change)}
    ended = subprocess.run(
        [sys.executable, "-c", LAUNCH, json.dumps(config)], cwd=REPO, capture_output=True, timeout=DEADLINE_S
    )
    assert ended.returncode != 0
    assert said in ended.stderr.decode()


def test_only_clients_of_the_authority_are_served_when_one_is_named(world: World) -> None:
    world.start(client_ca=str(world.folder / "ca.crt"))
    world.authority.issue("switch").write(world.folder, "client")
    Authority("Other CA").issue("stranger").write(world.folder, "stranger")
    known, stranger = world.context(), world.context()
    known.load_cert_chain(world.folder / "client.crt", world.folder / "client.key")
    stranger.load_cert_chain(world.folder / "stranger.crt", world.folder / "stranger.key")
    assert world.ask(known).status == 200
    for context in (world.context(), stranger):
        with pytest.raises((ssl.SSLError, OSError, http.client.RemoteDisconnected)):
            world.ask(context)


def test_a_handshake_that_does_not_come_is_ended_and_too_many_are_refused(world: World) -> None:
    edge = world.start(handshake_timeout_ms=300, max_handshakes=4)
    idle = [socket.create_connection(("127.0.0.1", world.port), timeout=DEADLINE_S) for _ in range(8)]
    idle[0].sendall(b"\x16\x03\x01")
    assert [read_all(sock) for sock in idle] == [b""] * 8
    late = edge.metric('tandem_edge_tls_handshakes_total{result="timeout"}')
    crowded = edge.metric('tandem_edge_tls_handshakes_total{result="crowded"}')
    assert (late, crowded) == (4, 4)
    for sock in idle:
        sock.close()
    assert world.ask().status == 200


def test_plain_text_at_the_tls_port_and_tls_at_the_plain_port_do_no_harm(world: World) -> None:
    edge = world.start()
    with socket.create_connection(("127.0.0.1", world.port), timeout=DEADLINE_S) as sock:
        sock.sendall(f"GET {ASK} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
        answer = read_all(sock)
    assert b"HTTP" not in answer
    with (
        pytest.raises((ssl.SSLError, OSError)),
        socket.create_connection(("127.0.0.1", edge.port), timeout=DEADLINE_S) as sock,
    ):
        world.context().wrap_socket(sock, server_hostname="127.0.0.1")
    assert (world.ask().status, edge.lcr().status) == (200, 200)


def test_a_drain_answers_what_was_sent_over_tls(world: World) -> None:
    edge = world.start()
    connection = world.connect()
    assert ask(connection).status == 200
    edge.signal()
    deadline = time.monotonic() + 20
    while True:  # the signal may arrive behind the next questions
        reply = ask(connection)
        assert reply.status == 200
        if reply.headers.get("connection") == "close":
            break
        assert time.monotonic() < deadline, "the drain does not begin"
    assert edge.wait() == 0
