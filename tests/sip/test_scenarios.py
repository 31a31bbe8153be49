"""SIPp on both sides of one edge: every case of a call at the same time, one record each, nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sip.cases import CASES, LONG, Case
from tests.sip.lab import HOST, Lab, free_ports, market
from tests.sip.sipp import Player, play, went_well
from tests.sip.steps import ANSWERS, CALLS, ENDS, TRYING, answer, caller, hear, invited, refused

pytestmark = pytest.mark.alone
NUMBER = "442079460000"
if os.environ.get("TANDEM_TEST_SIP_FULL"):
    CASES |= LONG


@dataclass
class Played:
    """What became of one case."""

    seller: Player
    caller: Player | None
    records: list[dict[str, Any]]


@dataclass
class Evening:
    """The edge, and every case by its name."""

    lab: Lab
    transport: str
    calls: dict[str, Played]


def code(offer_id: int) -> str:
    return str(8300 + offer_id)


def tell(one: Lab) -> None:
    ids = range(1, len(CASES) + 1)
    tickets = [{"ticket_id": n, "code": code(n), "trunk_id": 1, "offer_id": n} for n in ids]
    known = [n for n, case in zip(ids, CASES.values(), strict=True) if case.credentials]
    one.tell(
        tickets=tickets,
        credentials=[{"offer_id": n, "username": "tandem", "password": "secret"} for n in known],
    )


def begin(
    one: Lab, folder: Path, offer_id: int, case: Case, place: tuple[int, str]
) -> tuple[Player, Player | None]:
    (port, transport), number = place, NUMBER
    sells = play(folder / f"{offer_id}-seller", case.seller, port, transport=transport)
    if not case.caller:
        one.order(f"order-{offer_id}", offer_id=offer_id, number=number, **case.order)
        return sells, None
    target = f"{HOST}:{one.udp if transport == 'udp' else one.tcp}"
    buys = play(
        folder / f"{offer_id}-caller", case.caller, 0, target, code(offer_id) + number, transport=transport
    )
    return sells, buys


@pytest.fixture(scope="module", params=["udp", "tcp"])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    """All cases at the same time, both sides by the same transport."""
    transport: str = request.param
    folder = tmp_path_factory.mktemp("scenarios")
    ports = free_ports(len(CASES))
    places = {f"seller{n}": (port, transport) for n, port in enumerate(ports, 1)}
    one = Lab(folder, market(folder, **places), pairs=2 * len(CASES)).start()
    players: dict[str, tuple[Player, Player | None]] = {}
    with ExitStack() as stack:
        stack.callback(one.stop)
        tell(one)
        for n, ((name, case), port) in enumerate(zip(CASES.items(), ports, strict=True), 1):
            players[name] = begin(one, folder, n, case, (port, transport))
            for player in players[name]:
                if player is not None:
                    stack.callback(player.stop)
        for pair in players.values():
            for player in pair:
                if player is not None:
                    player.wait()
        one.settled(len(CASES))
        records = one.records()
        calls = {
            name: Played(*players[name], [r for r in records if r["offer_id"] == n])
            for n, name in enumerate(CASES, 1)
        }
        yield Evening(one, transport, calls)


@pytest.mark.parametrize("name", CASES)
def test_one_call_as_it_must_be(played: Evening, name: str) -> None:
    case, done = CASES[name], played.calls[name]
    assert done.caller is None or done.caller.fault() == "", "the caller saw what it expected"
    assert done.seller.fault() == "", "the seller saw what it expected"
    assert len(done.records) == 1, "one record"
    record = done.records[0]
    assert {key: record[key] for key in case.expected} == case.expected
    # The 200 is said again over every transport (RFC 3261 section 13.3.1.4), a request only over UDP.
    if case.again is not None and (played.transport == "udp" or case.again[2] == 200):
        copies = [e for e in record["events"] if e["event"] == "message" and e["again"]]
        assert case.again in [(e["side"], e["method"], e["code"]) for e in copies]
    if case.attempts is not None:
        assert [attempt["code"] for attempt in record["attempts"]] == case.attempts


def test_nothing_is_left_of_any_call(played: Evening) -> None:
    one = played.lab
    one.idle(one.pairs)
    assert one.each_call_once() == len(CASES)
    assert one.running.metric("tandem_edge_sip_panics_total") == 0


def test_a_buyer_goes_on_to_its_next_ticket_after_503(lab: Callable[..., Lab], tmp_path: Path) -> None:
    dead, alive = free_ports(2)
    one = lab(dead=(dead, "udp"), alive=(alive, "udp"))
    ids = {"max_concurrent": 1, "trunk_id": 1}
    one.tell(tickets=[{"ticket_id": n, "code": code(n), "offer_id": n} | ids for n in (1, 2)])
    second = f"{code(2)}{NUMBER}"
    steps = [
        *CALLS,
        *refused(503),
        caller("INVITE", 2, sdp="sendrecv", tag="", label="INVITE1-2", number=second),
        TRYING,
        hear(200),
        caller("ACK", 2, number=second),
        caller("BYE", 3, number=second),
        hear(200),
    ]
    sells = [
        play(tmp_path / "dead", [invited(), answer(503), hear("ACK")], dead),
        play(tmp_path / "alive", [invited(), *ANSWERS, *ENDS], alive),
    ]
    buys = play(tmp_path / "buyer", steps, 0, f"{HOST}:{one.udp}", f"{code(1)}{NUMBER}")
    went_well(buys, *sells)
    one.settled(2)
    assert [(r["offer_id"], r["outcome"]) for r in one.records()] == [(1, "failed"), (2, "answered")]
    one.idle(one.pairs)
