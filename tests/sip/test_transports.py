"""TLS, TCP and IPv6: questions and calls over them; streams that are slow, many or broken."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.edge.certificates import Authority
from tests.edge.exchange import trunk
from tests.edge.process import until
from tests.sip.kamailio import kamailio
from tests.sip.lab import HOST, Lab, free_ports, place, sipp
from tests.sip.phone import Message, Phone, parse

pytestmark = pytest.mark.alone


def invite(transport: str, number: str = "442079460000", call_id: str = "t1") -> bytes:
    return (
        f"INVITE sip:{number}@{HOST} SIP/2.0\r\nVia: SIP/2.0/{transport} {HOST}:9;branch=z9hG4bK{call_id}\r\n"
        f"From: <sip:33123456789@{HOST}>;tag=f\r\nTo: <sip:{number}@{HOST}>\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <sip:a@{HOST}:9;transport={transport.lower()}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    ).encode()


@dataclass
class Stream:
    """One connection; what was read beyond an answer is kept for the next."""

    sock: socket.socket
    rest: bytes = b""

    def say(self, data: bytes) -> None:
        self.sock.sendall(data)

    def final(self) -> Message:
        """The next answer above 199."""
        while True:
            head, found, behind = self.rest.partition(b"\r\n\r\n")
            if not found:
                part = self.sock.recv(65536)
                assert part, f"the edge closed after {self.rest!r}"
                self.rest += part
                continue
            message = parse(head + found)
            self.rest = behind[int(message.get("Content-Length") or 0) :]
            if message.code >= 200:
                return message


@contextmanager
def connected(port: int, context: ssl.SSLContext | None = None) -> Iterator[Stream]:
    with closing(socket.create_connection((HOST, port), timeout=10)) as plain:
        if context is None:
            yield Stream(plain)
        else:
            with context.wrap_socket(plain, server_hostname=HOST) as wrapped:
                yield Stream(wrapped)


def secured(folder: Path) -> tuple[dict[str, Any], int]:
    """Settings of an edge that speaks TLS, its port; a certificate authority, and a switch it trusts."""
    authority = Authority()
    authority.issue("edge").write(folder, "edge")
    authority.issue("switch").write(folder, "switch")
    (folder / "ca.crt").write_bytes(authority.certificate)
    udp, tls = free_ports()[0], free_ports()[0]
    listen = [
        {"transport": "udp", "host": HOST, "port": udp},
        {"transport": "tls", "host": HOST, "port": tls},
    ]
    files = {"certificate": str(folder / "edge.crt"), "key": str(folder / "edge.key")}
    return {"listen": listen, "tls": files, "tls_ca": str(folder / "ca.crt")}, tls


def test_a_stream_is_cut_into_messages_however_it_comes(lab: Callable[..., Lab]) -> None:
    one = lab(acme=(5071, "udp"))
    with connected(one.tcp) as stream:
        for byte in invite("TCP"):
            stream.say(bytes([byte]))
        assert stream.final().code == 300
        stream.say(invite("TCP", call_id="t2") + invite("TCP", "33123456789", "t3"))
        assert {stream.final().code, stream.final().code} == {300, 404}
        stream.say(b"\r\n\r\n")
        assert stream.sock.recv(10) == b"\r\n", "a keep-alive is answered"
        stream.say(b"INVITE sip:x SIP/2.0\r\nContent-Length: nonsense\r\n\r\n")
        assert stream.sock.recv(10) == b"", "a stream that cannot be followed is closed"


def test_connections_of_one_address_are_bounded_and_those_it_has_are_answered(
    lab: Callable[..., Lab],
) -> None:
    one = lab(acme=(5071, "udp"), sip={"max_connections": 32})
    with ExitStack() as stack:
        streams = [stack.enter_context(connected(one.tcp)) for _ in range(8)]
        streams[0].say(invite("TCP"))
        assert streams[0].final().code == 300
        late = stack.enter_context(connected(one.tcp))
        with suppress(ConnectionError):
            late.say(invite("TCP", call_id="late"))
            assert late.sock.recv(10) == b"", "a quarter of all is what one address may hold"
        streams[7].say(invite("TCP", call_id="t8"))
        assert streams[7].final().code == 300
    with ExitStack() as stack:
        until(lambda: one.running.metric("tandem_edge_sip_streams") == 0, "the places are free again")
        streams = [stack.enter_context(connected(one.tcp)) for _ in range(8)]
        streams[7].say(invite("TCP", call_id="t9"))
        assert streams[7].final().code == 300


def test_routes_are_asked_for_over_tls_and_plain_text_is_not_heard_there(
    lab: Callable[..., Lab], tmp_path: Path
) -> None:
    settings, port = secured(tmp_path)
    lab(acme=(5071, "udp"), sip=settings)
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
    with connected(port, context) as stream:
        stream.say(invite("TLS"))
        assert stream.final().code == 300
    with connected(port) as stream, suppress(ConnectionError):
        stream.say(invite("TCP", call_id="plain"))
        assert b"SIP/2.0" not in stream.sock.recv(100)


def test_calls_pass_over_tls_on_both_sides(lab: Callable[..., Lab], tmp_path: Path) -> None:
    """SIPp without TLS of its own stands behind Kamailio on both sides: UDP there, TLS to and from the edge."""
    if shutil.which("kamailio", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("Kamailio is not installed")
    settings, port = secured(tmp_path)
    seller, secure = free_ports()[0], free_ports()[0]
    one = lab(acme=(secure, "tls"), sip=settings)
    one.ticket()
    with (
        kamailio(tmp_path, "tls.cfg", port, SECURE=secure, SELLER=seller, FOLDER=tmp_path) as switch,
        sipp(tmp_path, "vendor", "uas.xml", port=seller),
    ):
        done = place(tmp_path, f"{HOST}:{switch}", "uac.xml", "8312442079460000", 3, "-d", "800")
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr
    assert one.each_call_once() == 3
    for record in one.records():
        assert (record["outcome"], record["released_by"]) == ("answered", "a")
        assert min(record["media"][side]["packets"] for side in "ab") > 10, "audio both ways"
    one.idle(one.pairs)


def test_a_seller_whose_certificate_is_not_trusted_is_not_called(
    lab: Callable[..., Lab], tmp_path: Path
) -> None:
    settings, _ = secured(tmp_path)
    Authority("Another CA").issue("seller").write(tmp_path, "seller")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "seller.crt", tmp_path / "seller.key")
    with closing(socket.create_server((HOST, 0))) as listener:
        listener.settimeout(10)
        one = lab(acme=(listener.getsockname()[1], "tls"), sip=settings)
        one.order("distrust")
        plain, _ = listener.accept()
        with closing(plain), pytest.raises(OSError):
            context.wrap_socket(plain, server_side=True).recv(10)
        record = one.ended("distrust")
    assert (record["outcome"], record["code"]) == ("failed", 408)


def test_routes_are_asked_for_over_ipv6(lab: Callable[..., Lab]) -> None:
    port = free_ports()[0]
    listen = [{"transport": "udp", "host": "::1", "port": port}]
    one = lab(acme=(5071, "udp"), sip={"listen": listen, "allow": ["::1"]})
    one.exchange.trunks[0] = trunk(1, source_ips=["::1"])
    one.running.serves(one.exchange.publish())
    with closing(Phone(port, "::1")) as caller:
        answer = caller.final(caller.invite("442079460000"))
    assert answer.code == 300
    assert "received=::1" in answer.get("Via")
