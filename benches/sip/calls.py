"""A thousand calls set up one after the other, caller and vendor in one: who needs the relay's ports must read the answers."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.sip.lab import HOST
from tests.sip.phone import Message, parse

GROUPS = 20
"""Calls share sockets as the generator's example has them (rtp_load.rs)."""


def sdp(port: int) -> str:
    head = f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
    return head + f"m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n"


def audio_port(description: str) -> int:
    found = re.search(r"m=audio (\d+)", description)
    if found is None:
        raise RuntimeError(f"no audio in {description!r}")
    return int(found[1])


@dataclass
class Calls:
    """Calls through an edge; media from `first` on, as `rtp_load` has it."""

    edge: int
    vendor: int
    first: int
    number: str
    pairs: list[tuple[int, int]] = field(default_factory=list)
    _ends: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        self.caller = self._open(0)
        self.seller = self._open(self.vendor)

    def _open(self, port: int) -> socket.socket:
        sock = self._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sock.bind((HOST, port))
        sock.settimeout(5)
        return sock

    def place(self, count: int) -> None:
        """Raises where one is refused."""
        for number in range(count):
            self._one(number)

    def _hear(self, sock: socket.socket, call: str, want: tuple[int, str]) -> Message:
        """The answer or request that is wanted; copies and provisional answers are passed over."""
        while True:
            message = parse(sock.recv(65536))
            code, method = want
            if code and message.code >= 300:
                raise RuntimeError(message.first)
            ours = not call or message.get("Call-ID") == call
            asked = message.code == code if code else message.first.startswith(method)
            if ours and asked and message.get("CSeq").endswith(method):
                return message

    def _say(self, method: str, uri: str, call: str, to: str, cseq: int, body: str = "") -> None:
        own = f"{HOST}:{self.caller.getsockname()[1]}"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{call}{method}",
            f"From: <sip:33123456789@{own}>;tag={call}",
            f"To: {to}",
            f"Call-ID: {call}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:caller@{own}>",
            "Max-Forwards: 70",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self.caller.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), (HOST, self.edge))

    def _answer(self, request: Message, tag: str, body: str = "") -> None:
        own = f"{HOST}:{self.vendor}"
        to = request.get("To")
        lines = [
            "SIP/2.0 200 OK",
            *(f"Via: {via}" for via in request.all("Via")),
            f"From: {request.get('From')}",
            f"To: {to}" if "tag=" in to else f"To: {to};tag={tag}",
            f"Call-ID: {request.get('Call-ID')}",
            f"CSeq: {request.get('CSeq')}",
            f"Contact: <sip:vendor@{own}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self.seller.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), (HOST, self.edge))

    def _one(self, number: int) -> None:
        call, to = f"bench{number}", f"<sip:{self.number}@{HOST}>"
        near, far = self.first + number % GROUPS, self.first + GROUPS + number % GROUPS
        self._say("INVITE", f"sip:{self.number}@{HOST}:{self.edge}", call, to, 1, sdp(near))
        invite = self._hear(self.seller, "", (0, "INVITE"))
        self._answer(invite, f"v{number}", sdp(far))
        ok = self._hear(self.caller, call, (200, "INVITE"))
        self._say("ACK", ok.get("Contact").strip("<>"), call, ok.get("To"), 1)
        self._hear(self.seller, invite.get("Call-ID"), (0, "ACK"))
        self.pairs.append((audio_port(ok.body), audio_port(invite.body)))
        self._ends.append(f"{ok.get('Contact').strip('<>')} {ok.get('To')}")

    def end(self) -> None:
        """All hang up."""
        for number, words in enumerate(self._ends):
            uri, to = words.split(" ", 1)
            self._say("BYE", uri, f"bench{number}", to, 2)
            self._answer(self._hear(self.seller, "", (0, "BYE")), "")
            self._hear(self.caller, f"bench{number}", (200, "BYE"))
        self._ends.clear()

    def close(self) -> None:
        self._stack.close()
