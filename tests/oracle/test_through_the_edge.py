"""Random questions to a real edge over HTTP: its answers are the oracle's too, with and without changes of the state."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.oracle import decide as oracle
from tests.oracle import filters
from tests.oracle.call import Call
from tests.oracle.compare import differences, of_engine, of_oracle
from tests.oracle.make_queries import Asker
from tests.oracle.make_worlds import make_world
from tests.oracle.worlds import NO_STATE, World
from tests.swap.edge_process import Client, running_edge

QUERIES = int(os.environ.get("TANDEM_ORACLE_QUERIES", "20000")) // 100
WORLDS = 8
LISTS = [
    "disabled_offers",
    "blocks",
    "cap_reached",
    "vendor_credit_out",
    "company_credit_out",
    "trunk_credit_out",
]
WORDS = ["dnis", "ani", "lrn", "call_id", "max"]


def key(trunk: int) -> str:
    return f"tk_oracle_{trunk}"


def with_keys(world: World) -> World:
    """A key for each trunk, and one that commands."""
    common = {"company_id": 99, "expires_at_us": None}
    world.keys = [
        common
        | {"key_id": n + 1, "sha256": sha256(key(n).encode()).hexdigest(), "trunk_id": max(n, 1)}
        | {"scopes": ["lcr:query", "lcr:explain"] if n else ["lcr:control"]}
        for n in range(5)
    ]
    return world


def told(client: Client, words: dict[str, Any], world: World) -> dict[str, Any] | None:
    """Put the lists of a random state in force; returns the state as it is served now, None while nothing was ever said."""
    known = {o["offer_id"] for o in world.offers}
    lists = {name: words[name] for name in LISTS}
    lists["blocks"] = [b for b in lists["blocks"] if b["offer_id"] in known]
    for name in ("disabled_offers", "cap_reached"):
        lists[name] = [i for i in lists[name] if i in known]
    ((status, body),) = client.post_many("/v1/control/commands", [json.dumps({"do": "set"} | lists)])
    assert status == 200, body
    generation = json.loads(body)["generation"]
    return NO_STATE | lists | {"generation": generation} if generation else None


def target(query: dict[str, Any], *, explain: bool) -> str:
    words = {w: query[w] for w in WORDS if query[w] not in (None, "")}
    return f"/v1/lcr?{urlencode(words | {'at': query['at_us'], 'explain': int(explain)})}"


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("seed", range(900_000, 900_000 + WORLDS))
def test_the_edge_answers_like_the_oracle(seed: int, tmp_path: Path) -> None:
    world = with_keys(make_world(seed))
    world.publish(tmp_path / "lcr")
    asker = Asker(seed, world)
    state: dict[str, Any] | None = None
    with running_edge(tmp_path / "lcr", tmp_path / "edge.log") as edge:
        for turn in range(4):
            if turn:
                with Client(edge.port, {"Authorization": f"Bearer {key(0)}"}) as client:
                    state = told(client, world.states[turn], world)
            for trunk in range(1, 5):
                with Client(edge.port, {"Authorization": f"Bearer {key(trunk)}"}) as client:
                    ask(client, world, asker, trunk, state)


def ask(client: Client, world: World, asker: Asker, trunk: int, state: dict[str, Any] | None) -> None:
    """A share of the questions over one connection."""
    queries = [question(asker, trunk, state) for _ in range(max(1, QUERIES // WORLDS // 16))]
    targets = [target(q, explain=n % 2 == 1) for n, q in enumerate(queries)]
    for n, (query, (status, body)) in enumerate(zip(queries, client.get_many(targets), strict=True)):
        assert status == 200, (targets[n], body)
        explain = n % 2 == 1
        answer = oracle.decide(world, query)
        call = Call(world, query)
        public = {o["offer_id"] for o in world.offers if o["public"] or filters.granted(call, o["offer_id"])}
        expected = of_oracle(answer, explain=explain)
        if explain:
            expected["explain"] = [e for e in expected["explain"] if e[0] in public]
        found = of_engine(json.loads(body), explain=explain)
        if found != expected:
            raise AssertionError(f"{targets[n]} of trunk {trunk}\n{differences(found, expected)}")


def question(asker: Asker, trunk: int, state: dict[str, Any] | None) -> dict[str, Any]:
    """What can be asked over HTTP: no policy, rights or sell price of one's own."""
    plain = asker.r.random() < 0.5
    query = asker.common(plain=plain) | asker.call(plain=plain) | {"trunk": trunk, "state": state}
    query |= dict.fromkeys(("a_lrn", "policy", "offers", "sell", "reference_seconds"), None) | {"npdi": False}
    if query["ani"] is not None and not (query["ani"].isdigit() and len(query["ani"]) > 6):
        query["ani"] = None
    if query["call_id"] == "":
        query["call_id"] = None
    return query
