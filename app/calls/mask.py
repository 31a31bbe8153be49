"""Packets of a call for readers who may not see the vendor's addresses: the same packets at the same instants, with
documentation addresses, and of SIP only the headers that say nothing of where it came from."""

from __future__ import annotations

import ipaddress
import re
import struct
from collections.abc import Iterator

MAGIC_NANOS, RAW_IP = 0xA1B23C4D, 101
HEAD, RECORD = struct.Struct("<IHHiIII"), struct.Struct("<IIII")
UDP, PACKETS_MAX = 17, 2_000_000
MASK = b"masked.invalid"
KEPT = frozenset(
    b"from to call-id cseq reason max-forwards p-asserted-identity privacy diversion expires session-expires min-se rseq "
    b"rack supported require allow content-type retry-after warning".split()
)
SDP_KEPT = (b"v=", b"s=", b"t=", b"m=", b"a=rtpmap:", b"a=fmtp:", b"a=ptime:", b"a=maxptime:")
SDP_WAYS = (b"a=sendrecv", b"a=sendonly", b"a=recvonly", b"a=inactive", b"a=rtcp-mux")
HOST = re.compile(rb"(sips?:)([^@;>\s]*@)?[^;>\s,?]+")


class NotPackets(ValueError):
    """The bytes are no capture of ours."""


def masked(capture: bytes) -> bytes:
    """The capture rewritten; the same bytes for the same capture. Raises NotPackets."""
    if len(capture) < HEAD.size:
        raise NotPackets("too short")
    head = HEAD.unpack_from(capture)
    if head[0] != MAGIC_NANOS or head[6] != RAW_IP:
        raise NotPackets("another kind of capture")
    found = bytearray(capture[: HEAD.size])
    names: dict[str, int] = {}
    for seconds, nanos, packet in _packets(capture):
        read = _udp(packet)
        if read is None:
            continue
        source, target, ports, payload = read
        kept = _sip(payload) if _is_sip(payload) else payload
        written = _write(_place(names, source), _place(names, target), ports, kept)
        found += RECORD.pack(seconds, nanos, len(written), len(written)) + written
    return bytes(found)


def _packets(capture: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = HEAD.size
    for _ in range(PACKETS_MAX):
        if at + RECORD.size > len(capture):
            return
        seconds, nanos, kept, _whole = RECORD.unpack_from(capture, at)
        at += RECORD.size
        if at + kept > len(capture):
            return
        yield seconds, nanos, capture[at : at + kept]
        at += kept


def _udp(packet: bytes) -> tuple[str, str, bytes, bytes] | None:
    """Source, target, the four bytes of ports, payload; None for what is no UDP."""
    if len(packet) >= 28 and packet[0] >> 4 == 4 and packet[9] == UDP:
        start = (packet[0] & 15) * 4
        ends = (ipaddress.ip_address(packet[12:16]), ipaddress.ip_address(packet[16:20]))
    elif len(packet) >= 48 and packet[0] >> 4 == 6 and packet[6] == UDP:
        start, ends = 40, (ipaddress.ip_address(packet[8:24]), ipaddress.ip_address(packet[24:40]))
    else:
        return None
    return str(ends[0]), str(ends[1]), packet[start : start + 4], packet[start + 8 :]


def _place(names: dict[str, int], address: str) -> bytes:
    """192.0.2.1, 192.0.2.2 … in order of appearance."""
    number = names.setdefault(address, len(names) + 1)
    return bytes((192, 0, 2, min(number, 254)))


def _write(source: bytes, target: bytes, ports: bytes, payload: bytes) -> bytes:
    length = 8 + len(payload)
    head = bytearray(struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, UDP, 0) + source + target)
    head[10:12] = struct.pack(">H", _checksum(bytes(head)))
    udp = ports + struct.pack(">HH", length, 0) + payload
    pseudo = source + target + struct.pack(">BBH", 0, UDP, length)
    return bytes(head) + udp[:6] + struct.pack(">H", _checksum(pseudo + udp) or 0xFFFF) + payload


def _checksum(data: bytes) -> int:
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _is_sip(payload: bytes) -> bool:
    return b"SIP/2.0" in payload.partition(b"\r\n")[0]


def _sip(payload: bytes) -> bytes:
    head, _, body = payload.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    kept = [_without_host(first)]
    for line in lines:
        name = line.partition(b":")[0].strip().lower()
        if name in KEPT:
            kept.append(_call_id(line) if name == b"call-id" else _without_host(line))
    sdp = _sdp(body) if body.startswith(b"v=") else b""
    kept.append(b"Content-Length: %d" % len(sdp))
    return b"\r\n".join(kept) + b"\r\n\r\n" + sdp


def _without_host(line: bytes) -> bytes:
    return HOST.sub(lambda found: found[1] + (found[2] or b"") + MASK, line)


def _call_id(line: bytes) -> bytes:
    return line.partition(b"@")[0]


def _sdp(body: bytes) -> bytes:
    kept = []
    for line in body.replace(b"\r\n", b"\n").split(b"\n"):
        if line.startswith(b"o="):
            kept.append(b"o=- 0 0 IN IP4 0.0.0.0")
        elif line.startswith(b"c="):
            kept.append(b"c=IN IP4 0.0.0.0")
        elif line.startswith(SDP_KEPT) or line in SDP_WAYS:
            kept.append(b"s=-" if line.startswith(b"s=") else line)
    return b"\r\n".join(kept) + b"\r\n"
