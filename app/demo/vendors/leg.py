"""Both sides of a SIP dialog over UDP on one machine: answer what comes until it is acknowledged, ask until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.demo.vendors.message import Message, answer, fresh, parameter

Send = Callable[[Message, tuple[str, int]], None]
T1_S, T2_S, GIVE_UP_S = 0.5, 4.0, 32.0


class Repeater:
    """Sends a message at 0.5, 1, 2, 4, 4 … s until it is told to stop, 32 s at most."""

    def __init__(self, send: Callable[[], None]) -> None:
        self._send = send
        self._task: asyncio.Task[None] | None = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        pause, spent = T1_S, 0.0
        while spent < GIVE_UP_S:
            self._send()
            await asyncio.sleep(pause)
            spent, pause = spent + pause, min(2 * pause, T2_S)


class ServerLeg:
    """An INVITE that came to us. `gone` is called once, when the other side hangs up or gives up."""

    def __init__(
        self, send: Send, invite: Message, source: tuple[str, int], contact: str, gone: Callable[[], None]
    ) -> None:
        self.invite, self.source = invite, source
        self._send, self._contact, self._gone = send, contact, gone
        self._tag = fresh()
        self._last: Message | None = None
        self._repeater: Repeater | None = None
        self._sequence = 100
        self.answered = self.ended = False
        self.progress(100, "Trying")

    def progress(self, status: int, reason: str, sdp: bytes = b"") -> None:
        if not self.ended and not self.answered:
            self._last = answer(self.invite, status, reason, tag=self._tag, contact=self._contact, sdp=sdp)
            self._send(self._last, self.source)

    def accept(self, sdp: bytes) -> None:
        if not self.ended and not self.answered:
            self.answered = True
            self._final(answer(self.invite, 200, "OK", tag=self._tag, contact=self._contact, sdp=sdp))

    def refuse(self, status: int, reason: str) -> None:
        if not self.ended and not self.answered:
            self.ended = True
            self._final(answer(self.invite, status, reason, tag=self._tag))

    def hang_up(self) -> None:
        """BYE, or a refusal before the answer."""
        if not self.answered:
            return self.refuse(487, "Request Terminated")
        if self.ended:
            return None
        self.ended = True
        self._sequence += 1
        target = self.invite.get("contact").partition("<")[2].partition(">")[0] or self.invite.uri
        own = answer(self.invite, 200, "OK", tag=self._tag).get("to")
        headers = [
            ("via", f"SIP/2.0/UDP {self._contact.partition('@')[2].partition('>')[0]};branch=z9hG4bK{fresh()};rport"),
            ("max-forwards", "70"), ("from", own), ("to", self.invite.get("from")), ("call-id", self.invite.get("call-id")),
            ("cseq", f"{self._sequence} BYE"),
        ]  # fmt: skip
        message = Message("BYE", target, headers=headers)
        self._repeater = Repeater(lambda: self._send(message, self.source))
        return None

    def take(self, message: Message) -> None:
        """Anything of this dialog."""
        if message.status:
            if message.status >= 200 and self._repeater is not None:
                self._repeater.stop()  # our BYE was answered
        elif message.method == "INVITE":
            if self._last is not None:
                self._send(self._last, self.source)
        elif message.method == "ACK":
            if self._repeater is not None and not (self.ended and self.answered):
                self._repeater.stop()
        elif message.method in ("BYE", "CANCEL"):
            self._send(answer(message, 200, "OK", tag=self._tag), self.source)
            if message.method == "CANCEL" and not self.answered:
                self.refuse(487, "Request Terminated")
                self._gone()
            elif message.method == "BYE" and not self.ended:
                self.ended = True
                self.stop()
                self._gone()
        else:
            self._send(answer(message, 200, "OK", tag=self._tag), self.source)

    def stop(self) -> None:
        if self._repeater is not None:
            self._repeater.stop()

    def _final(self, message: Message) -> None:
        self._last = message
        self._repeater = Repeater(lambda: self._send(message, self.source))


class ClientLeg:
    """An INVITE of ours. `heard(status, message)` for each new answer, `gone` when the other side hangs up."""

    def __init__(
        self, send: Send, target: tuple[str, int], host: str, number: str, caller: str, sdp: bytes,
        heard: Callable[[int, Message], None], gone: Callable[[], None],
    ) -> None:  # fmt: skip
        self.call_id = f"{fresh(12)}@{host.partition(':')[0]}"
        self._send, self._target, self._host = send, target, host
        self._uri = f"sip:{number}@{target[0]}:{target[1]}"
        self._from, self._to = f"<sip:{caller}@{host}>;tag={fresh()}", f"<{self._uri}>"
        if caller == "anonymous":
            self._from = f'"Anonymous" <sip:anonymous@anonymous.invalid>;tag={fresh()}'
        self._heard, self._gone = heard, gone
        self._branch = f"z9hG4bK{fresh()}"
        self._told: set[int] = set()
        self.answered = self.ended = False
        headers = [
            ("contact", f"<sip:{caller}@{host}>"),
            ("content-type", "application/sdp"),
            ("max-forwards", "69"),
        ]
        self._invite = self._ask("INVITE", 1, self._branch, headers, sdp)
        self._repeater = Repeater(lambda: self._send(self._invite, target))

    def take(self, message: Message) -> None:
        if message.status:
            if message.sequence[1] == "INVITE":
                self._answered(message)
            elif message.status >= 200:
                self._repeater.stop()
        else:
            self._send(answer(message, 200, "OK", tag=""), self._target)
            if message.method == "BYE" and not self.ended:
                self.ended = True
                self._gone()

    def hang_up(self) -> None:
        if self.ended:
            return
        self.ended = True
        self._repeater.stop()
        if self.answered:
            message = self._ask("BYE", 2, f"z9hG4bK{fresh()}", [])
        else:
            message = self._ask("CANCEL", 1, self._branch, [])
        self._repeater = Repeater(lambda: self._send(message, self._target))

    def stop(self) -> None:
        self._repeater.stop()

    def _answered(self, message: Message) -> None:
        if not self.ended:
            self._repeater.stop()
        if parameter(message.get("to"), "tag"):
            self._to = message.get("to")
        if message.status >= 200:
            branch = self._branch if message.status >= 300 else f"z9hG4bK{fresh()}"
            self._send(self._ask("ACK", 1, branch, []), self._target)
        if message.status in self._told:
            return
        self._told.add(message.status)
        self.answered = self.answered or 200 <= message.status < 300
        self.ended = self.ended or message.status >= 300
        self._heard(message.status, message)

    def _ask(
        self, method: str, number: int, branch: str, more: list[tuple[str, str]], sdp: bytes = b""
    ) -> Message:
        headers = [
            ("via", f"SIP/2.0/UDP {self._host};branch={branch};rport"), ("from", self._from), ("to", self._to),
            ("call-id", self.call_id), ("cseq", f"{number} {method}"), *more,
        ]  # fmt: skip
        if not any(name == "max-forwards" for name, _ in headers):
            headers.append(("max-forwards", "70"))
        return Message(method, self._uri, headers=headers, body=sdp)
