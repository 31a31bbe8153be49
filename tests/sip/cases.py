"""Calls as SIPp plays them on both sides of the edge, and what the record of each must say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.sip.steps import (
    ANSWERS,
    CALLS,
    ENDS,
    HANGS_UP,
    RINGING,
    TALKS,
    TRYING,
    answer,
    caller,
    finds,
    hear,
    invited,
    refused,
    reply,
    seller,
    wait,
)

DIALOG_KEYS = "Signal=5\nDuration=160\n"
RELIABLE = ("Require: 100rel", "RSeq: 41")


@dataclass(frozen=True)
class Case:
    """`expected` of the one record; `caller` empty: the edge itself calls, by an order with `order`."""

    seller: list[str]
    expected: dict[str, Any]
    caller: list[str] = field(default_factory=list)
    order: dict[str, Any] = field(default_factory=dict)
    credentials: bool = False
    attempts: list[int] | None = None
    again: tuple[str, str, int] | None = None
    """A message of which a copy must stand in the ladder: side, method, code."""


def answered(by: str = "a") -> dict[str, Any]:
    return {"outcome": "answered", "code": 200, "released_by": by}


def talk(a: list[str], b: list[str], by: str = "a") -> Case:
    """A call that stands, with these steps in it on either side."""
    first = ([*CALLS, RINGING, *TALKS, *a], [invited(), answer(180), *ANSWERS, *b])
    ends = (HANGS_UP, ENDS) if by == "a" else (ENDS, [seller("BYE", 9), hear(200)])
    return Case([*first[1], *ends[1]], answered(by), [*first[0], *ends[0]])


CANCEL = caller("CANCEL", label="INVITE1", tag="")
GIVES_UP = [CANCEL, hear(200, plain=True), *refused(487)]
CANCELLED = {"outcome": "cancelled", "code": 487, "released_by": "a"}
GIVEN_UP = [hear("CANCEL"), reply(), answer(487), hear("ACK")]
CHALLENGE = 'Digest realm="carrier", nonce="4f2a", algorithm=MD5, qop="auth"'
PROVES = (
    hear("ACK"),
    invited(
        finds("Proxy-Authorization", ".*username=.tandem.*nc=00000001.*")
        + '<verifyauth assign_to="ok" username="tandem" password="secret"/>'
    ),
    '<nop condexec="ok" next="7"/>',
    answer(403),
    hear("ACK"),
    '<nop next="8"/><label id="7"/>',
)


CASES: dict[str, Case] = {
    "the caller hangs up": talk([wait(200)], []),
    "the seller hangs up": talk([], [wait(200)], by="b"),
    "busy": Case(
        [invited(), answer(486, 'Reason: Q.850;cause=17;text="User busy"'), hear("ACK")],
        {"outcome": "busy", "code": 486, "q850": 17, "released_by": "b"},
        [*CALLS, *refused(486, action=finds("Reason", ".*Q.850;cause=17.*"))],
    ),
    "rejected by the called party": Case(
        [invited(), answer(180), answer(603, "Reason: Q.850;cause=21"), hear("ACK")],
        {"outcome": "rejected", "code": 603, "q850": 21},
        [*CALLS, RINGING, *refused(603)],
    ),
    "nobody answers": Case(
        [invited(), answer(180), wait(400), answer(480, "Reason: Q.850;cause=19"), hear("ACK")],
        {"outcome": "no_answer", "code": 480, "q850": 19},
        [*CALLS, RINGING, *refused(480)],
    ),
    "nobody answers our own call": Case(
        [invited(), answer(180), *GIVEN_UP],
        {"outcome": "no_answer", "code": 408, "released_by": "timeout"},
        order={"ring_seconds": 1},
    ),
    "our own call is answered reliably": Case(
        [
            invited(finds("Supported", ".*100rel.*")),
            answer(183, *RELIABLE, sdp="sendrecv", again=True),
            hear("PRACK", action=finds("RAck", " *41 1 INVITE")),
            reply(),
            *ANSWERS,
            *ENDS,
        ],
        {"outcome": "answered", "code": 200, "released_by": "limit"},
        order={"max_seconds": 1},
    ),
    "cancelled before the seller said anything": Case(
        [invited(), wait(400), answer(180), *GIVEN_UP],
        CANCELLED,
        [CALLS[0], hear(100), wait(100), *GIVES_UP],
    ),
    "cancelled while it rings": Case(
        [invited(), answer(180), *GIVEN_UP], CANCELLED, [*CALLS, hear(180), wait(100), *GIVES_UP]
    ),
    "cancelled as the seller answers": Case(
        [
            invited(),
            answer(180),
            hear("CANCEL"),
            answer(200, sdp="sendrecv"),
            hear("ACK"),
            hear("BYE"),
            reply(),
        ],
        CANCELLED,
        [*CALLS, hear(180), *GIVES_UP],
    ),
    "cancelled too late": talk([CANCEL, hear(200, plain=True), wait(100)], []),
    "183 with PRACK": Case(
        [
            invited(finds("Supported", ".*100rel.*")),
            answer(183, *RELIABLE, sdp="sendrecv", again=True),
            hear("PRACK", action=finds("RAck", " *41 1 INVITE")),
            reply(),
            *ANSWERS,
            *ENDS,
        ],
        answered(),
        [
            caller("INVITE", 1, "Supported: 100rel", sdp="sendrecv", tag=""),
            TRYING,
            hear(183, action=finds("RSeq", " *41")),
            caller("PRACK", 2, "RAck: 41 1 INVITE"),
            hear(200),
            *TALKS,
            *HANGS_UP,
        ],
    ),
    "183 without PRACK": Case(
        [invited(), answer(183, sdp="sendrecv"), wait(200), *ANSWERS, *ENDS],
        answered(),
        [*CALLS, hear(183), *TALKS, *HANGS_UP],
    ),
    "the offer comes in the answer": Case(
        [invited(), answer(200, sdp="sendrecv"), hear("ACK", action=finds("Content-Type", ".*sdp")), *ENDS],
        answered(),
        [caller("INVITE", tag=""), TRYING, hear(200), caller("ACK", sdp="sendrecv"), *HANGS_UP],
    ),
    "re-INVITE from the caller": talk(
        [caller("INVITE", 2, sdp="sendonly"), TRYING, hear(200), caller("ACK", 2), wait(100)],
        [hear("INVITE"), reply(200, sdp="recvonly", retrans=True), hear("ACK")],
    ),
    "re-INVITE from the seller": talk(
        [hear("INVITE"), reply(200, sdp="recvonly", retrans=True), hear("ACK"), wait(100)],
        [wait(100), seller("INVITE", 1, sdp="sendonly"), TRYING, hear(200), seller("ACK", 1)],
    ),
    "re-INVITE that is refused": talk(
        [
            caller("INVITE", 2, sdp="sendonly"),
            TRYING,
            hear(488),
            caller("ACK", 2, label="INVITE2"),
            wait(100),
        ],
        [hear("INVITE"), reply(488, retrans=True), hear("ACK")],
    ),
    "UPDATE from the caller": talk(
        [caller("UPDATE", 2, sdp="sendonly"), hear(200)], [hear("UPDATE"), reply(200, sdp="recvonly")]
    ),
    "UPDATE from the seller": talk(
        [hear("UPDATE"), reply(200, sdp="recvonly"), wait(100)],
        [wait(100), seller("UPDATE", 1, sdp="sendonly"), hear(200)],
    ),
    "OPTIONS and INFO in the call": talk(
        [
            caller("OPTIONS", 2),
            hear(200),
            caller("INFO", 3, body=DIALOG_KEYS),
            hear(200),
            hear("OPTIONS"),
            reply(),
            wait(100),
        ],
        [hear("OPTIONS"), reply(), hear("INFO"), reply(), seller("OPTIONS", 1), hear(200)],
    ),
    "a session that is too short": Case(
        [invited(finds("Session-Expires", " *90.*")), *ANSWERS, *ENDS],
        answered(),
        [
            caller("INVITE", 1, "Session-Expires: 30", "Supported: timer", sdp="sendrecv", tag=""),
            TRYING,
            *refused(422, action=finds("Min-SE", " *90")),
            caller(
                "INVITE",
                2,
                "Session-Expires: 90",
                "Supported: timer",
                sdp="sendrecv",
                tag="",
                label="INVITE1-2",
            ),
            TRYING,
            hear(200),
            caller("ACK", 2),
            *HANGS_UP,
        ],
    ),
    "a session the seller finds too short": Case(
        [invited(), answer(422, "Min-SE: 1800"), hear("ACK")],
        {"outcome": "failed", "code": 422},
        [
            caller("INVITE", 1, "Session-Expires: 90", "Supported: timer", sdp="sendrecv", tag=""),
            TRYING,
            *refused(422, action=finds("Min-SE", " *1800")),
        ],
    ),
    "a session is refreshed": Case(
        [
            invited(),
            answer(200, "Session-Expires: 90;refresher=uac", "Require: timer", sdp="sendrecv"),
            hear("ACK"),
            hear("UPDATE", action=finds("Session-Expires", " *90.*")),
            reply(200, "Session-Expires: 90;refresher=uac"),
            *ENDS,
        ],
        answered(),
        [
            caller("INVITE", 1, "Session-Expires: 90", "Supported: timer", sdp="sendrecv", tag=""),
            TRYING,
            *TALKS,
            caller("UPDATE", 2, "Session-Expires: 90;refresher=uac", "Supported: timer"),
            hear(200, action=finds("Session-Expires", " *90.*")),
            *HANGS_UP,
        ],
    ),
    "the seller asks for a password": Case(
        [
            invited(),
            answer(407, f"Proxy-Authenticate: {CHALLENGE}"),
            *PROVES,
            *ANSWERS,
            *ENDS,
            '<label id="8"/>',
        ],
        answered(),
        [*CALLS, *TALKS, *HANGS_UP],
        credentials=True,
    ),
    "the seller asks for a password nobody has": Case(
        [invited(), answer(401, f"WWW-Authenticate: {CHALLENGE}"), hear("ACK")],
        {"outcome": "failed", "code": 401},
        [*CALLS, *refused(503)],
    ),
    "two phones answer": Case(
        [
            invited(),
            answer(180),
            answer(200, sdp="sendrecv"),
            hear("ACK"),
            answer(200, sdp="sendrecv", tag="w", again=False),
            hear("ACK", action=finds("To", ".*tag=w.*")),
            hear("BYE", action=finds("To", ".*tag=w.*")),
            reply(),
            hear("BYE", action=finds("To", ".*tag=v.*")),
            reply(),
        ],
        answered(),
        [*CALLS, RINGING, *TALKS, wait(800), *HANGS_UP],
    ),
    "a lost ACK": Case(
        [invited(), *ANSWERS, *ENDS],
        answered(),
        [*CALLS, hear(200), caller("ACK", lost=True), wait(1000), *HANGS_UP],
        again=("a", "INVITE", 200),
    ),
    "a BYE that is answered late": Case(
        [invited(), *ANSWERS, hear("BYE"), wait(800), reply()],
        answered(),
        [*CALLS, *TALKS, wait(100), *HANGS_UP],
        again=("b", "BYE", 0),
    ),
    "180 behind the 200": talk([wait(300)], [answer(180)]),
    "302 of the seller": Case(
        [invited(), answer(302, "Contact: <sip:elsewhere@127.0.0.1:9>"), hear("ACK")],
        {"outcome": "failed", "code": 302},
        [*CALLS, *refused(480)],
        attempts=[302],
    ),
    "300 of the seller": Case(
        [invited(), answer(300, "Contact: <sip:a@127.0.0.1:9>, <sip:b@127.0.0.1:9>"), hear("ACK")],
        {"outcome": "failed", "code": 300},
        [*CALLS, *refused(480)],
        attempts=[300],
    ),
    "a number that is not": Case(
        [invited(), answer(404, "Reason: Q.850;cause=1"), hear("ACK")],
        {"outcome": "bad_number", "code": 404, "q850": 1},
        [*CALLS, *refused(404)],
    ),
    "a seller of no room": Case(
        [invited(), answer(503, "Retry-After: 7"), hear("ACK")],
        {"outcome": "failed", "code": 503},
        [*CALLS, *refused(503, action=finds("Retry-After", " *7"))],
    ),
}

# What takes more than a minute: only in the long form.
LONG: dict[str, Case] = {
    "a session nobody refreshes": Case(
        [
            invited(),
            answer(200, "Session-Expires: 90;refresher=uac", "Require: timer", sdp="sendrecv"),
            *ANSWERS[1:],
            *ENDS,
        ],
        {"outcome": "answered", "released_by": "session_timer"},
        [
            caller("INVITE", 1, "Session-Expires: 90", "Supported: timer", sdp="sendrecv", tag=""),
            TRYING,
            *TALKS,
            *ENDS,
        ],
    ),
    "a caller that never confirms": Case(
        [invited(), *ANSWERS, *ENDS],
        {"outcome": "answered", "released_by": "lost"},
        # The 200 comes again and again, over TCP too, where SIPp does not take it for a copy.
        [
            *CALLS,
            hear(200),
            '<label id="1"/>',
            '<recv response="200" optional="true" next="1"></recv>',
            hear("BYE"),
            reply(),
        ],
    ),
    "a seller that vanishes": Case(
        [invited(), *ANSWERS],
        answered(),
        [*CALLS, *TALKS, wait(300), *HANGS_UP],
    ),
}
