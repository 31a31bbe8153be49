"""One call through a vendor: what comes from the exchange, and, for a number of the exchange's own, what goes on to it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

from app.demo.vendors import sounds
from app.demo.vendors.leg import ClientLeg, ServerLeg
from app.demo.vendors.manner import Manner
from app.demo.vendors.media import Port
from app.demo.vendors.message import Message, Offer, read_sdp, user_of, write_sdp

STRANGER_RINGS_S, STRANGER_TALKS_S = 1.8, 40.0
OTHER_CALLER = "883510009990099"
LATE_S, BUSY_AFTER_S, FAKE_AFTER_S = 4.0, 1.2, 1.4


class Trunk(Protocol):
    """What a call needs of its vendor's socket."""

    host: str
    contact: str

    def send(self, message: Message, target: tuple[str, int]) -> None: ...
    def follow(self, call_id: str, leg: ServerLeg | ClientLeg) -> None: ...
    def forget(self, call_id: str) -> None: ...


class VendorCall:
    """Lives from the INVITE until both legs have ended."""

    def __init__(
        self,
        trunk: Trunk,
        invite: Message,
        source: tuple[str, int],
        manner: Manner,
        number: str,
        exchange: tuple[str, int] | None,
    ) -> None:
        self._trunk, self._manner, self._number, self._exchange = trunk, manner, number, exchange
        self._caller = (
            user_of(invite.get("p-asserted-identity")) or user_of(invite.get("from")) or "anonymous"
        )
        self._near = ServerLeg(trunk.send, invite, source, trunk.contact, self._near_gone)
        self._far: ClientLeg | None = None
        self._near_port: Port | None = None
        self._far_port: Port | None = None
        self._over = asyncio.Event()
        self._far_heard: asyncio.Queue[tuple[int, Message]] = asyncio.Queue()
        trunk.follow(invite.get("call-id"), self._near)
        self.task = asyncio.get_running_loop().create_task(self._run(invite))

    async def _run(self, invite: Message) -> None:
        offer = read_sdp(invite.body)
        try:
            if offer is None:
                self._near.refuse(488, "Not Acceptable Here")
            else:
                await self._behave(offer)
            await asyncio.sleep(1.0)  # last retransmissions are answered
        finally:
            for port in (self._near_port, self._far_port):
                if port is not None:
                    port.close()
            self._near.stop()
            self._trunk.forget(invite.get("call-id"))
            if self._far is not None:
                self._far.stop()
                self._trunk.forget(self._far.call_id)

    async def _behave(self, offer: Offer) -> None:
        kind = self._manner.kind
        if kind == "reject":
            return self._near.refuse(503, "Service Unavailable")
        self._near_port = await Port.open(
            self._trunk.host, loss=self._manner.loss, jitter_ms=self._manner.jitter_ms
        )
        self._near_port.peer = offer
        sdp = write_sdp(self._trunk.host, self._near_port.number, offer.payload)
        if await self._ended_within(self._manner.pdd_s):
            return None
        if kind == "false_refusal":
            await self._ended_within(BUSY_AFTER_S)
            return self._near.refuse(486, "Busy Here")
        self._near.progress(180, "Ringing")
        if kind == "fake_answer":
            return await self._fake(sdp, offer)
        if kind in ("early_answer", "ring_after_answer"):
            self._near.accept(sdp)
            self._near_port.play(sounds.endless(sounds.ring_tone(offer.payload)))
        if self._exchange is not None:
            return await self._through(sdp, offer)
        return await self._stranger(sdp, offer)

    async def _fake(self, sdp: bytes, offer: Offer) -> None:
        """A recording, and nobody is called."""
        if await self._ended_within(FAKE_AFTER_S):
            return
        self._near.accept(sdp)
        assert self._near_port is not None
        self._near_port.play(sounds.endless(sounds.speech(offer.payload)))
        await self._ended_within(STRANGER_TALKS_S)
        self._near.hang_up()

    async def _stranger(self, sdp: bytes, offer: Offer) -> None:
        """Nobody of ours is at that number: it rings a while, somebody talks."""
        if await self._ended_within(STRANGER_RINGS_S + (3.0 if self._near.answered else 0.0)):
            return
        self._near.accept(sdp)
        self._sound(offer)
        await self._ended_within(STRANGER_TALKS_S)
        self._near.hang_up()

    async def _through(self, sdp: bytes, offer: Offer) -> None:
        """On to the exchange's own number; both legs' audio is led through here."""
        assert self._exchange is not None
        assert self._near_port is not None
        self._far_port = await Port.open(self._trunk.host)
        caller = {"kept": self._caller, "substituted": OTHER_CALLER, "withheld": "anonymous"}[
            self._manner.cli
        ]
        far = self._far = ClientLeg(
            self._trunk.send, self._exchange, self._trunk.contact.partition("@")[2].rstrip(">"), self._number, caller,
            write_sdp(self._trunk.host, self._far_port.number, offer.payload),
            lambda status, message: self._far_heard.put_nowait((status, message)), self._far_gone,
        )  # fmt: skip
        self._trunk.follow(far.call_id, far)
        while not self._over.is_set():
            heard = await self._next_heard()
            if heard is None:
                break
            status, message = heard
            if status >= 300:
                self._near.refuse(status, message.reason)
                self._near.hang_up()
                return
            if status >= 200:
                self._far_port.peer = read_sdp(message.body)
                self._near.accept(sdp)
                self._bridge(offer)
                break
        await self._over.wait()
        far.hang_up()

    def _bridge(self, offer: Offer) -> None:
        assert self._near_port is not None
        assert self._far_port is not None
        self._near_port.quiet()
        self._near_port.sink = self._far_port.forward
        if self._manner.kind in ("silence", "loop_back"):
            return self._sound(offer)
        self._far_port.sink = self._near_port.forward
        return None

    def _sound(self, offer: Offer) -> None:
        """What the exchange hears where it does not hear the called party."""
        assert self._near_port is not None
        if self._manner.kind == "loop_back":
            self._near_port.quiet()
            self._near_port.sink = self._near_port.forward
        else:
            table = sounds.silence if self._manner.kind == "silence" else sounds.speech
            self._near_port.play(sounds.endless(table(offer.payload)))

    async def _next_heard(self) -> tuple[int, Message] | None:
        """The far leg's next answer; None when the call is over first."""
        heard = asyncio.ensure_future(self._far_heard.get())
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait((heard, over), return_when=asyncio.FIRST_COMPLETED)
            return heard.result() if heard.done() else None
        finally:
            for one in (heard, over):
                one.cancel()
            await asyncio.gather(heard, over, return_exceptions=True)

    async def _ended_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)
        return self._over.is_set()

    def _near_gone(self) -> None:
        self._over.set()

    def _far_gone(self) -> None:
        """The called party hung up. A late release charges on for a while."""
        loop = asyncio.get_running_loop()
        loop.call_later(LATE_S if self._manner.kind == "late_release" else 0.02, self._release)

    def _release(self) -> None:
        self._near.hang_up()
        self._over.set()
