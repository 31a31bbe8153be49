"""Commands to the routing state of a running edge: who may give them, what they do at once, what outlives a restart."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.edge.exchange import CONTROL_KEY, KEY, Exchange, offer
from tests.edge.load import Load
from tests.edge.process import Edge, Reply, until

Start = Callable[..., Edge]


def tell(edge: Edge, *commands: dict[str, Any], key: str | None = CONTROL_KEY) -> Reply:
    words = commands[0] if len(commands) == 1 else list(commands)
    return edge.post("/v1/control/commands", json.dumps(words).encode(), key=key)


def vendors(edge: Edge) -> list[str]:
    return [route["vendor"] for route in edge.lcr().json()["routes"]]


def test_a_command_holds_for_the_next_question(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge()
    assert edge.lcr().json()["state"] is None
    told = tell(edge, {"do": "disable_offer", "offer_id": 1})
    assert (told.status, told.json()) == (200, {"generation": 1, "changed": True, "published": True})
    assert vendors(edge) == ["beta"]
    assert edge.lcr().json()["state"] == 1
    assert tell(edge, {"do": "disable_offer", "offer_id": 1}).json()["changed"] is False
    tell(edge, {"do": "enable_offer", "offer_id": 1}, {"do": "block", "offer_id": 2, "code": "4420"})
    assert vendors(edge) == ["acme"]
    tell(edge, {"do": "company_credit", "company_id": 101, "out": True})
    answer = edge.lcr().json()
    assert (answer["status"], answer["reason"], answer["routes"]) == ("no_credit", "company", [])
    state = edge.get("/v1/control/state", key=CONTROL_KEY).json()
    assert (state["company_credit_out"], state["blocks"]) == ([101], [{"offer_id": 2, "code": "4420"}])
    log = edge.events("control")
    assert [line["generation"] for line in log] == [1, 1, 2, 3]
    assert {line["who"] for line in log} == {"key 8"}


@pytest.mark.parametrize(("key", "status"), [(None, 401), (KEY, 403), ("tk_nobody", 401)])
def test_only_the_control_scope_commands(
    exchange: Exchange, start_edge: Start, key: str | None, status: int
) -> None:
    exchange.publish()
    edge = start_edge()
    assert tell(edge, {"do": "disable_offer", "offer_id": 1}, key=key).status == status
    assert edge.get("/v1/control/state", key=key).status == status
    assert vendors(edge) == ["acme", "beta"]
    assert edge.lcr(key=CONTROL_KEY).status == 403


def test_an_address_may_be_named_but_not_through_a_proxy(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge(control_from=["127.0.0.1"])
    assert edge.get("/v1/control/state", key=None).status == 200
    assert edge.get("/v1/control/state", key=None, X_Forwarded_For="127.0.0.1").status == 401


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ("nonsense", 400, "bad_command"),
        ('{"do":"explode"}', 400, "bad_command"),
        ('{"do":"disable_offer","offer_id":99}', 409, "unknown_offer"),
        ('[{"do":"disable_offer","offer_id":1},{"do":"disable_offer","offer_id":99}]', 409, "unknown_offer"),
    ],
)
def test_a_refused_command_changes_nothing(shared_edge: Edge, words: str, status: int, code: str) -> None:
    reply = shared_edge.post("/v1/control/commands", words.encode(), key=CONTROL_KEY)
    assert (reply.status, reply.json()["code"]) == (status, code)
    assert shared_edge.get("/v1/control/state", key=CONTROL_KEY).json()["generation"] == 0


def test_the_state_outlives_snapshots_and_restarts(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge()
    tell(edge, {"do": "vendor_credit", "carrier_id": 11, "out": True})
    edge.serves(exchange.reprice("0.0050"))
    assert vendors(edge) == ["beta"]
    edge.signal()
    assert edge.wait() == 0
    assert json.loads((exchange.root / "state.json").read_text())["vendor_credit_out"] == [11]
    again = start_edge()
    assert vendors(again) == ["beta"]
    assert again.lcr().json()["state"] == 1


def test_a_damaged_state_file_is_put_aside_and_reported(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    (exchange.root / "state.json").write_text('{"generation": 5, "disabled')
    edge = start_edge()
    assert until(lambda: edge.event("state_not_read"), "the fault is reported")
    assert vendors(edge) == ["acme", "beta"]
    assert (exchange.root / "state.json.bad").exists()


def test_calls_a_second_are_counted_by_the_answers_that_name_an_offer_first(
    exchange: Exchange, start_edge: Start
) -> None:
    exchange.offers = [offer(1, "acme") | {"max_cps": 5}, offer(2, "beta")]
    exchange.publish()
    edge = start_edge()
    seen: list[str] = []

    def full() -> bool:
        seen.append(vendors(edge)[0])
        return seen[-1] == "beta"

    until(full, "the offer is full")
    assert seen.count("acme") >= 5
    until(lambda: vendors(edge)[0] == "acme", "a second later it takes calls again")


def test_a_thousand_changes_a_second_hold_under_load(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge()
    changes, seconds = 1000, 2.0
    connection = edge.connect()
    answers: list[int] = []

    def command() -> None:
        began = time.monotonic()
        for turn in range(int(changes * seconds / 10)):
            batch = [{"do": ("disable_offer", "enable_offer")[step % 2], "offer_id": 2} for step in range(10)]
            body = json.dumps([*batch, {"do": "cap", "offer_id": 2, "reached": turn % 2 == 0}]).encode()
            connection.request(
                "POST", "/v1/control/commands", body, {"Authorization": f"Bearer {CONTROL_KEY}"}
            )
            reply = connection.getresponse()
            reply.read()
            answers.append(reply.status)
            pause = began + (turn + 1) * 10 / changes - time.monotonic()
            threading.Event().wait(max(0.0, pause))

    with Load(edge, threads=2) as load:
        commander = threading.Thread(target=command)
        commander.start()
        commander.join()
    connection.close()
    assert set(answers) == {200}
    assert len(answers) == changes * seconds / 10
    assert load.failures == []
    assert {version for version, _ in load.versions} == {edge.lcr().json()["version"]}
