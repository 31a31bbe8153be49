"""SIP messages: read, answer, ask. UDP on one machine: no header folding, no compact forms but those the edge may send."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}
USER = re.compile(r"sips?:([^@;>]*)@")


@dataclass
class Message:
    """`status` 0 for a request. Header names in lower case, in their order."""

    method: str = ""
    uri: str = ""
    status: int = 0
    reason: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def branch(self) -> str:
        return parameter(self.get("via"), "branch")

    @property
    def sequence(self) -> tuple[int, str]:
        number, _, method = self.get("cseq").partition(" ")
        return (int(number) if number.isdigit() else 0), method.strip()

    def bytes(self) -> bytes:
        first = (
            f"{self.method} {self.uri} SIP/2.0"
            if self.status == 0
            else f"SIP/2.0 {self.status} {self.reason}"
        )
        lines = [
            first,
            *(f"{_written(name)}: {value}" for name, value in self.headers if name != "content-length"),
        ]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def read(datagram: bytes) -> Message | None:
    """None for what is no SIP message."""
    head, _, body = datagram.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            key = name.strip().lower()
            headers.append((COMPACT.get(key, key), value.strip()))
    parts = first.split(" ", 2)
    if len(parts) < 3:
        return None
    if parts[0] == "SIP/2.0":
        return (
            Message(status=int(parts[1]), reason=parts[2], headers=headers, body=body)
            if parts[1].isdigit()
            else None
        )
    return Message(parts[0], parts[1], headers=headers, body=body) if parts[2] == "SIP/2.0" else None


def answer(
    request: Message, status: int, reason: str, *, tag: str, contact: str = "", sdp: bytes = b""
) -> Message:
    """A response with what must be copied; `tag` completes the To of it."""
    headers = [
        (name, value)
        for name, value in request.headers
        if name in ("via", "from", "call-id", "cseq", "record-route")
    ]
    to = request.get("to")
    headers.append(("to", to if "tag=" in to or status == 100 else f"{to};tag={tag}"))
    if contact:
        headers.append(("contact", contact))
    if sdp:
        headers.append(("content-type", "application/sdp"))
    return Message(status=status, reason=reason, headers=headers, body=sdp)


def user_of(uri: str) -> str:
    found = USER.search(uri)
    return found[1].removeprefix("+") if found else ""


def parameter(value: str, name: str) -> str:
    found = re.search(rf";\s*{name}=([^;,>\s]*)", value)
    return found[1] if found else ""


def fresh(length: int = 8) -> str:
    return secrets.token_hex(length)


def _written(name: str) -> str:
    return {"call-id": "Call-ID", "cseq": "CSeq"}.get(
        name, "-".join(part.capitalize() for part in name.split("-"))
    )


@dataclass(frozen=True)
class Offer:
    """Where audio is wanted, and as which payload: 8 (A-law) or 0 (µ-law)."""

    host: str
    port: int
    payload: int


def read_sdp(body: bytes) -> Offer | None:
    """None without an audio line of G.711."""
    host, port, payloads = "", 0, []
    for line in body.decode("ascii", "replace").replace("\r", "").split("\n"):
        if line.startswith("c=IN IP4 "):
            host = line[9:].split("/")[0].strip()
        elif line.startswith("m=audio "):
            parts = line.split()
            port, payloads = int(parts[1]) if parts[1].isdigit() else 0, parts[3:]
    known = [int(one) for one in payloads if one in ("8", "0")]
    return Offer(host, port, known[0]) if host and port and known else None


def write_sdp(host: str, port: int, payload: int) -> bytes:
    name = "PCMA" if payload == 8 else "PCMU"
    lines = [
        "v=0", f"o=- {port} {port} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
        f"m=audio {port} RTP/AVP {payload} 101", f"a=rtpmap:{payload} {name}/8000", "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15", "a=ptime:20", "a=sendrecv", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()
