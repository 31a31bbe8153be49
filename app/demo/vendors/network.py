"""The whole simulated network in one process: a socket a vendor trunk, as the database has them; runs until SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import structlog

from app.demo.vendors.call import VendorCall
from app.demo.vendors.leg import ClientLeg, ServerLeg
from app.demo.vendors.manner import Manner, manner_of
from app.demo.vendors.message import Message, answer, fresh, read, user_of

log = structlog.get_logger("vendors")
CALLS_MAX = 500


@dataclass(frozen=True)
class Place:
    """Where a vendor's trunk listens."""

    name: str
    host: str
    port: int


class VendorTrunk(asyncio.DatagramProtocol):
    """One vendor's socket: finds the leg of each message, begins calls, answers OPTIONS."""

    def __init__(
        self, place: Place, exchange: tuple[str, int], own: Collection[str],
        manners: Callable[[str], tuple[Manner, str]] = manner_of,
    ) -> None:  # fmt: skip
        self.host, self.contact = place.host, f"<sip:vendor@{place.host}:{place.port}>"
        self._exchange, self._own, self._manners = exchange, own, manners
        self._legs: dict[str, ServerLeg | ClientLeg] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def error_received(self, _fault: Exception) -> None:
        """The exchange is down; calls end by their timers."""

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        message = read(data)
        if message is None:
            return
        leg = self._legs.get(message.get("call-id"))
        if leg is not None:
            leg.take(message)
        elif message.method == "INVITE":
            self._begin(message, source)
        elif message.method == "OPTIONS":
            self.send(answer(message, 200, "OK", tag=fresh()), source)
        elif message.method and message.method != "ACK":
            self.send(answer(message, 481, "Call/Transaction Does Not Exist", tag=fresh()), source)

    def _begin(self, invite: Message, source: tuple[str, int]) -> None:
        if len(self._legs) >= 2 * CALLS_MAX:
            return self.send(answer(invite, 503, "Service Unavailable", tag=fresh()), source)
        manner, number = self._manners(user_of(invite.uri))
        call = VendorCall(
            self, invite, source, manner, number, self._exchange if number in self._own else None
        )
        self._calls.add(call.task)
        call.task.add_done_callback(self._calls.discard)
        return None

    async def close(self) -> None:
        """Calls that run are dropped with their ports, then the socket."""
        running = list(self._calls)
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()

    def send(self, message: Message, target: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(message.bytes(), target)

    def follow(self, call_id: str, leg: ServerLeg | ClientLeg) -> None:
        self._legs[call_id] = leg

    def forget(self, call_id: str) -> None:
        self._legs.pop(call_id, None)


def _same(trunk: VendorTrunk) -> VendorTrunk:
    return trunk


async def serve(
    places: Sequence[Place], exchange: tuple[str, int], own: Collection[str], stop: asyncio.Event
) -> int:
    """Until `stop`; so many trunks were opened. A place that is taken is told and left out."""
    loop = asyncio.get_running_loop()
    opened = []
    for place in places:
        trunk = VendorTrunk(place, exchange, own)
        try:
            await loop.create_datagram_endpoint(partial(_same, trunk), local_addr=(place.host, place.port))
        except OSError as fault:
            log.warning(
                "a vendor of the demo cannot listen", vendor=place.name, port=place.port, fault=str(fault)
            )
            continue
        opened.append(trunk)
    log.info("the demo's vendors listen", vendors=len(opened))
    await stop.wait()
    for one in opened:
        await one.close()
    await asyncio.sleep(0.1)  # players and repeaters that were cancelled end, and sockets are closed
    return len(opened)


def run(places: Sequence[Place], exchange: tuple[str, int], own: Collection[str]) -> int:
    """The process: ends with 0 on SIGTERM or Ctrl-C."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, stop.set)
        await serve(places, exchange, own, stop)

    asyncio.run(main())
    return 0
