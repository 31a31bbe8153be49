"""A telephone in a few lines, for what SIPp cannot do: odd messages, redirects read whole, calls that vanish."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

HOST = "127.0.0.1"
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
_ids = count(1)


@dataclass
class Message:
    first: str
    headers: list[tuple[str, str]]
    body: str

    @property
    def code(self) -> int:
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    def get(self, name: str) -> str:
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        return [v for n, v in self.headers if n.lower() == name.lower()]


def parse(data: bytes) -> Message:
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    return Message(
        first, [(n.strip(), v.strip()) for n, _, v in (line.partition(":") for line in lines)], body
    )


@dataclass
class Phone:
    """One UDP socket that talks to the edge."""

    edge: int
    host: str = HOST
    sock: socket.socket = field(init=False)
    port: int = field(init=False)

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.bind((self.host, 0))
        self.sock.settimeout(5)
        self.port = int(self.sock.getsockname()[1])

    def close(self) -> None:
        self.sock.close()

    @property
    def shown(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def send(self, text: str) -> None:
        self.sock.sendto(text.encode(), (self.host, self.edge))

    def hear(self, wanted: Callable[[Message], bool] = lambda _: True) -> Message:
        """The next message that is wanted; others are passed over."""
        while True:
            message = parse(self.sock.recv(65536))
            if wanted(message):
                return message

    def silence(self, seconds: float) -> bool:
        """Nothing comes for so long."""
        self.sock.settimeout(seconds)
        try:
            self.sock.recv(65536)
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(5)
        return False

    def request(
        self,
        method: str,
        user: str,
        *,
        call_id: str = "",
        cseq: int = 1,
        tag: str = "",
        more: str = "",
        body: str = "",
    ) -> str:
        """The Call-ID it was sent with."""
        call_id = call_id or f"phone-{self.port}-{next(_ids)}"
        branch = f"z9hG4bK{call_id}{method}{cseq}" if method != "ACK" else f"z9hG4bKack{next(_ids)}"
        at = f"{self.shown}:{self.port}"
        to = f"<sip:{user}@{self.shown}>" + (f";tag={tag}" if tag else "")
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.send(
            f"{method} sip:{user}@{self.shown}:{self.edge} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch={branch};rport\r\n"
            f"From: <sip:33123456789@{self.shown}>;tag=f\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:phone@{at}>\r\nMax-Forwards: 70\r\n{more}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        return call_id

    def invite(self, user: str, *, more: str = "", call_id: str = "") -> str:
        return self.request("INVITE", user, more=more, call_id=call_id, body=SDP.format(port=self.port + 2))

    def final(self, call_id: str) -> Message:
        """The final answer to an INVITE."""
        return self.hear(
            lambda m: m.code >= 200 and m.get("Call-ID") == call_id and "INVITE" in m.get("CSeq")
        )

    def ack(self, user: str, call_id: str, answer: Message) -> None:
        """A refusal's ACK has the branch of its INVITE."""
        tag = (re.search(r"tag=([^;]+)", answer.get("To")) or [""])[1]
        at = f"{self.shown}:{self.port}"
        branch = f"z9hG4bK{call_id}INVITE1"
        self.send(
            f"ACK sip:{user}@{self.shown}:{self.edge} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch={branch};rport\r\n"
            f"From: <sip:33123456789@{self.shown}>;tag=f\r\nTo: <sip:{user}@{self.shown}>;tag={tag}\r\nCall-ID: {call_id}\r\n"
            f"CSeq: 1 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
