"""Buyers and sellers in a network of their own: each call sends the same number of voice packets both ways. Run as a program:

    python -m tests.sip.talker sellers '{"port": 5060, "hosts": […], "packets": 500}'
    python -m tests.sip.talker buyers  '{"edge": […], "packets": 500, "calls": [{"host", "number", "impair": […]}…]}'

Buyers print one line of JSON for each call when all are over; sellers print `ready`, and on SIGTERM how much each heard.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.sip.phone import Message, parse

Address = tuple[str, int]
FRAME_S = 0.02
EF, PLAIN = 0xB8, 0
# The first and last packets are not marked as voice: no rule takes them, so that the far end knows where the stream begins and ends.
EDGE_PACKETS = 10
MEDIA_PORT, IMPAIR_PORT = 7000, 7100
FIRST_SEQUENCE = 65_400
_ids = count(1)


def description(host: str, port: int) -> str:
    return f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"


def media_of(message: Message) -> Address:
    host = re.search(r"c=IN IP4 (\S+)", message.body)
    port = re.search(r"m=audio (\d+)", message.body)
    assert host, message.body
    assert port, message.body
    return host[1], int(port[1])


def uri(header: str) -> str:
    found = re.search(r"<([^>]+)>", header)
    assert found, header
    return found[1]


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[bytes, Address]] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.queue.put_nowait((data, addr[:2]))


@dataclass
class Voice:
    """A socket that speaks for a while and counts what it hears."""

    host: str
    port: int
    ssrc: int
    heard: int = 0
    sock: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((self.host, self.port))
        self.sock.setblocking(False)
        asyncio.get_running_loop().add_reader(self.sock, self.hear)

    def hear(self) -> None:
        while True:
            try:
                self.heard += self.sock.recv(2048)[1] & 0x7F == 8
            except BlockingIOError:
                return

    async def speak(self, target: Address, packets: int) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number in range(packets):
            await asyncio.sleep(begun + number * FRAME_S - loop.time())
            if number in (0, EDGE_PACKETS, packets - EDGE_PACKETS):
                tos = EF if number == EDGE_PACKETS else PLAIN
                self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
            head = b"\x80\x08" + ((FIRST_SEQUENCE + number) % 65536).to_bytes(2, "big")
            head += (number * 160).to_bytes(4, "big") + self.ssrc.to_bytes(4, "big")
            self.sock.sendto(head + bytes((17 * n + number) % 251 for n in range(160)), target)


async def line(host: str, port: int) -> tuple[asyncio.DatagramTransport, Datagrams]:
    loop = asyncio.get_running_loop()
    return await loop.create_datagram_endpoint(Datagrams, local_addr=(host, port))


async def buyer(call: dict[str, Any], edge: Address, packets: int) -> dict[str, Any]:
    host, number = call["host"], call["number"]
    transport, box = await line(host, 5060)
    voice = Voice(host, MEDIA_PORT, 0xA000 + int(number[-2:]))
    announced = IMPAIR_PORT if call["impair"] else MEDIA_PORT
    name = f"buyer-{number}"

    def request(method: str, target: str, cseq: int, to: str, body: str = "") -> None:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = (
            f"{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{next(_ids)}-{number};rport\r\n"
            f"From: <sip:33123456789@{host}>;tag=f\r\nTo: {to}\r\nCall-ID: {name}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:a@{host}:5060>\r\nMax-Forwards: 70\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        transport.sendto(text.encode(), edge)

    async def answer(method: str) -> Message:
        while True:
            message = parse((await asyncio.wait_for(box.queue.get(), 20))[0])
            if message.code >= 200 and method in message.get("CSeq"):
                return message

    target = f"sip:{number}@{edge[0]}:{edge[1]}"
    request("INVITE", target, 1, f"<{target}>", description(host, announced))
    answered = await answer("INVITE")
    assert answered.code == 200, answered.first
    target, to = uri(answered.get("Contact")), answered.get("To")
    request("ACK", target, 1, to)
    media, truth = media_of(answered), {}
    if call["impair"]:
        seconds = int(packets * FRAME_S) + 2
        words = [f"listen={host}:{IMPAIR_PORT}", f"to={media[0]}:{media[1]}", f"seconds={seconds}"]
        bad = await asyncio.create_subprocess_exec(*call["impair"], *words, stdout=PIPE, stderr=PIPE)
        assert bad.stdout
        assert bad.stderr
        await bad.stderr.readline()
        await voice.speak((host, IMPAIR_PORT), packets)
        truth = json.loads(await bad.stdout.read())
    else:
        await voice.speak(media, packets)
    # The seller began a little later, and spoke as long.
    await asyncio.sleep(1)
    request("BYE", target, 2, to)
    await answer("BYE")
    return {"number": number, "heard": voice.heard, "truth": truth}


async def buyers(words: dict[str, Any]) -> None:
    edge = (words["edge"][0], words["edge"][1])
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(buyer(call, edge, words["packets"])) for call in words["calls"]]
    for task in tasks:
        print(json.dumps(task.result()), flush=True)


async def sellers(words: dict[str, Any]) -> None:
    """The n-th seller takes the calls to numbers that end in n; its signalling is at the first one's address."""
    transport, box = await line(words["hosts"][0], words["port"])
    voices: dict[str, Voice] = {}
    targets: dict[str, Address] = {}
    talks: dict[str, asyncio.Task[None]] = {}
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)

    def on_message(message: Message, source: Address) -> None:
        method, name = message.first.split()[0], message.get("Call-ID")

        def reply(code: str, body: str = "") -> None:
            kept = [
                f"{n}: {v}" for n, v in message.headers if n.lower() in ("via", "from", "call-id", "cseq")
            ]
            to = message.get("To") + ("" if ";tag=" in message.get("To") else ";tag=s")
            more = ["Content-Type: application/sdp"] if body else []
            contact = f"Contact: <sip:s@{words['hosts'][0]}:{words['port']}>"
            head = [f"SIP/2.0 {code}", *kept, f"To: {to}", contact, *more, f"Content-Length: {len(body)}"]
            transport.sendto(("\r\n".join(head) + "\r\n\r\n" + body).encode(), source)

        if method == "INVITE" and name not in voices:
            digits = re.search(r"sip:\+?(\d+)", message.first)
            assert digits
            which = int(digits[1][-2:])
            voices[name] = Voice(words["hosts"][which], MEDIA_PORT, 0xB000 + which)
            reply("180 Ringing")
            reply("200 OK", description(words["hosts"][which], MEDIA_PORT))
            targets[name] = media_of(message)
        elif method == "ACK" and name not in talks:
            talks[name] = loop.create_task(voices[name].speak(targets[name], words["packets"]))
        elif method in ("BYE", "OPTIONS"):
            reply("200 OK")

    async def listen() -> None:
        while True:
            data, source = await box.queue.get()
            on_message(parse(data), source)

    listening = loop.create_task(listen())
    print("ready", flush=True)
    await ended.wait()
    listening.cancel()
    print(json.dumps({str(voice.ssrc - 0xB000): voice.heard for voice in voices.values()}), flush=True)


if __name__ == "__main__":
    asyncio.run({"buyers": buyers, "sellers": sellers}[sys.argv[1]](json.loads(sys.argv[2])))
