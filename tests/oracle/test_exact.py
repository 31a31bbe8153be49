"""The engine equals a naive oracle written apart from it, order and reasons included; so does the rating."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest

import lcr_core
from tests.oracle import decide as oracle
from tests.oracle import rating
from tests.oracle.compare import nanos, of_engine, of_oracle
from tests.oracle.generate import make_query, make_world
from tests.oracle.worlds import EPOCH_US, World

QUERIES = int(os.environ.get("TANDEM_ORACLE_QUERIES", "20000"))
TUPLES = int(os.environ.get("TANDEM_RATING_TUPLES", str(max(2_000, QUERIES * 2 // 5))))
SEED = int(os.environ.get("TANDEM_ORACLE_SEED", "0"))
SHARDS = 8
PER_WORLD = 1_000


def oracle_shape(world: World, query: dict[str, Any]) -> dict[str, Any]:
    return of_oracle(oracle.decide(world, query), explain=query["explain"])


def engine_shape(snapshot: lcr_core.Snapshot, query: dict[str, Any]) -> dict[str, Any]:
    return of_engine(json.loads(snapshot.decide(json.dumps(query))), explain=query["explain"])


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_engine_decides_like_the_oracle(shard: int, tmp_path: Path) -> None:
    left = QUERIES // SHARDS
    seed = SEED * 1_000_000 + shard * 10_000
    while left > 0:
        world = make_world(seed)
        snapshot = world.publish(tmp_path / str(seed))
        r = Random(seed ^ 0x5EED)
        for _ in range(min(left, PER_WORLD)):
            query = make_query(r, world)
            expected = oracle_shape(world, query)
            found = engine_shape(snapshot, query)
            assert found == expected, f"world {seed}, query {json.dumps(query)}"
        left -= PER_WORLD
        seed += 1


@pytest.mark.parametrize("seed", range(20))
def test_a_batch_answers_like_single_questions(seed: int, tmp_path: Path) -> None:
    world = make_world(seed)
    snapshot = world.publish(tmp_path)
    r = Random(seed)
    queries = [make_query(r, world) | {"lrn": None, "explain": False} for _ in range(300)]
    for trunk in (None, 1, 2):
        common = {"trunk": trunk, "at_us": EPOCH_US}
        calls = pa.table(
            {
                "dnis": [q["dnis"] for q in queries],
                "at_us": pa.array([q["at_us"] for q in queries], pa.int64()),
            }
        )
        rows = pa.table(snapshot.decide_many(json.dumps(common), calls)).to_pylist()
        found: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            found.setdefault(row["call"], []).append(row)
        assert sorted(found) == list(range(len(queries)))
        for i, query in enumerate(queries):
            single = json.loads(
                snapshot.decide(json.dumps(common | {"dnis": query["dnis"], "at_us": query["at_us"]}))
            )
            assert _batch_routes(found[i]) == [
                (x["rank"], x["offer"], x["code"], nanos(x["eff"]), x["deck_row"]) for x in single["routes"]
            ]
            status = single["reason"] if single["status"] == "no_route" else single["status"]
            assert {row["status"] for row in found[i]} == {status}
            sell = None if single["sell"] is None else nanos(single["sell"]["eff"])
            assert {row["sell_eff_nanos"] for row in found[i]} == {sell}


def _batch_routes(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (row["rank"], row["offer_id"], row["code"], row["eff_nanos"], row["deck_row"])
        for row in rows
        if row["rank"] is not None
    ]


@pytest.mark.parametrize("seed", range(10))
def test_a_question_gives_the_same_answer_with_and_without_an_explanation(seed: int, tmp_path: Path) -> None:
    world = make_world(seed)
    snapshot = world.publish(tmp_path)
    r = Random(seed)
    for _ in range(300):
        query = make_query(r, world)
        with_explain = json.loads(snapshot.decide(json.dumps(query | {"explain": True})))
        without = json.loads(snapshot.decide(json.dumps(query | {"explain": False})))
        assert not without.get("explain")
        with_explain.pop("explain")
        without.pop("explain", None)
        assert with_explain == without


@pytest.mark.parametrize("seed", range(10))
def test_a_caller_sees_only_what_is_granted_or_public(seed: int, tmp_path: Path) -> None:
    world = make_world(seed)
    snapshot = world.publish(tmp_path)
    r = Random(seed)
    for _ in range(200):
        query = make_query(r, world) | {"explain": True, "trunk": 1}
        seen = json.loads(snapshot.decide(json.dumps(query | {"explain_scope": "caller"})))["explain"]
        every = json.loads(snapshot.decide(json.dumps(query)))["explain"]
        allowed = {
            o["offer_id"]
            for o in world.offers
            if o["public"] or oracle.granted(o, query, world.trunks[1], query["at_us"])
        }
        assert seen == [e for e in every if e["offer"] in allowed]


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(2))
def test_the_engine_rates_like_decimal_arithmetic(shard: int) -> None:
    r = Random(7_000 + shard + SEED)
    for _ in range(TUPLES // 2):
        terms = {
            "rate_nanos": r.choice([r.randint(0, 10**9), r.randint(0, 10**15), 12_300_000, 1, 0]),
            "first_rate_nanos": r.choice([None, None, r.randint(0, 10**12)]),
            "connect_fee_nanos": r.choice([0, 0, r.randint(0, 10**9), 10**15]),
            "initial_increment": r.choice([1, 6, 30, 60, r.randint(1, 86_400)]),
            "next_increment": r.choice([1, 6, 60, r.randint(1, 86_400)]),
            "free_seconds": r.choice([0, 0, 0, 5, r.randint(0, 86_400)]),
        }
        rounding = {
            "seconds": r.choice(["up", "nearest", "down"]),
            "places": r.randint(0, 9),
            "mode": r.choice(["half_up", "up", "down", "half_even", "none"]),
        }
        ms = r.choice(
            [r.randint(0, 2_000), r.randint(0, 300_000), r.randint(0, 86_400) * 1_000, r.randint(0, 60) * 500]
        )
        found = json.loads(lcr_core.rate_call(json.dumps(terms), ms, json.dumps(rounding)))
        billed, amount = rating.rate_call(terms, ms, rounding)
        assert found == {"billed_seconds": billed, "amount_nanos": amount}, (terms, ms, rounding)


def test_the_oracle_stays_within_eighty_lines_of_code() -> None:
    text = Path(oracle.__file__).read_text(encoding="utf-8").split('"""', 2)[2]
    code = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(code) <= 80


def test_the_random_worlds_reach_every_verdict_policy_and_guard() -> None:
    verdicts, kinds, guards = set(), set(), set()
    for seed in range(40):
        world = make_world(seed)
        r = Random(seed)
        kinds |= {trunk["policy"]["kind"] for trunk in world.trunks.values()}
        guards |= {trunk["policy"].get("guard", "off") for trunk in world.trunks.values()}
        for _ in range(50):
            answer = oracle.decide(world, make_query(r, world))
            verdicts |= {e["verdict"] for e in answer["routes"] + answer["refused"]} | {answer["reason"]}
    assert verdicts >= {*oracle.NUMBER, "selected", "outranked"}
    assert verdicts >= {None, "no_code", "all_refused", "blocked_codes", "closed_codes"}
    assert kinds == {"cost", "quality", "priority", "cost_delta", "score"}
    assert guards == {"off", "no_loss", "min_margin", "loss_allowed"}
