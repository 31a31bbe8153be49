"""A UDP port of one leg: plays frames every 20 ms, sends back what comes, or hands it to the other leg; loses and delays on wish."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable, Iterator
from typing import cast

from app.demo.vendors.message import Offer

FRAME_S, HEAD = 0.02, 12
Sink = Callable[[bytes], None]


class Port(asyncio.DatagramProtocol):
    """One leg's audio. `loss` in percent and `jitter_ms` fall on what it sends."""

    def __init__(self, *, loss: float = 0, jitter_ms: float = 0) -> None:
        self._loss, self._jitter_ms = loss, jitter_ms
        self._dice = random.Random()
        self._transport: asyncio.DatagramTransport | None = None
        self._player: asyncio.Task[None] | None = None
        self._sequence, self._stamp = self._dice.getrandbits(16), self._dice.getrandbits(31)
        self._ssrc = self._dice.getrandbits(32)
        self._played = False
        self.peer: Offer | None = None
        self.sink: Sink | None = None

    @classmethod
    async def open(cls, host: str, *, loss: float = 0, jitter_ms: float = 0) -> Port:
        port = cls(loss=loss, jitter_ms=jitter_ms)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: port, local_addr=(host, 0))
        return port

    @property
    def number(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, _from: tuple[str, int]) -> None:
        """Audio only: reports and keep-alives end here."""
        if self.sink is not None and len(data) > HEAD and data[0] >> 6 == 2 and not 192 <= data[1] <= 223:
            self.sink(data)

    def error_received(self, _fault: Exception) -> None:
        """The other side closed its port first."""

    def forward(self, packet: bytes) -> None:
        """Another leg's packet, as a stream of this one: a new source where something was played before."""
        if self._played:
            self._ssrc, self._played = self._dice.getrandbits(32), False
        payload = packet[1] & 0x7F
        if payload in (8, 0) and self.peer is not None:
            payload = self.peer.payload
        (stamp,) = struct.unpack_from(">I", packet, 4)
        self._send(bytes([packet[1] & 0x80 | payload]), stamp, packet[HEAD:])

    def play(self, frames: Iterator[bytes]) -> None:
        self.quiet()
        self._played = True
        self._player = asyncio.get_running_loop().create_task(self._run(frames))

    def quiet(self) -> None:
        if self._player is not None:
            self._player.cancel()
            self._player = None

    def close(self) -> None:
        self.quiet()
        self.sink = None
        if self._transport is not None:
            self._transport.close()

    async def _run(self, frames: Iterator[bytes]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for frame in frames:
            self._stamp = (self._stamp + len(frame)) & 0xFFFF_FFFF
            if self.peer is not None:
                self._send(bytes([self.peer.payload]), self._stamp, frame)
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _send(self, kind: bytes, stamp: int, payload: bytes) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        if self._loss and self._dice.random() * 100 < self._loss:
            return
        packet = b"\x80" + kind + struct.pack(">HII", self._sequence, stamp, self._ssrc) + payload
        if self._jitter_ms:
            asyncio.get_running_loop().call_later(
                self._dice.random() * self._jitter_ms / 1000, self._out, packet
            )
        else:
            self._out(packet)

    def _out(self, packet: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing() and self.peer is not None:
            self._transport.sendto(packet, (self.peer.host, self.peer.port))
