"""The engine equals a naive oracle written apart from it, order and reasons included; so does the rating."""

from __future__ import annotations

import ast
import json
import os
import shutil
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

import lcr_core
from tests.oracle import decide as oracle
from tests.oracle import filters, rating
from tests.oracle.ask import Doors
from tests.oracle.call import Call
from tests.oracle.compare import differences, of_batch, of_oracle
from tests.oracle.features import WANTED, features
from tests.oracle.make_queries import Asker
from tests.oracle.make_worlds import make_world
from tests.oracle.worlds import World

QUERIES = int(os.environ.get("TANDEM_ORACLE_QUERIES", "20000"))
TUPLES = int(os.environ.get("TANDEM_RATING_TUPLES", str(max(2_000, QUERIES // 10))))
SEED = int(os.environ.get("TANDEM_ORACLE_SEED", "0"))
SHARDS = 16
NOT_OF_MANY = {"lrn": None, "a_lrn": None, "npdi": False}
SINGLE, EXPLAINED, BATCHES, BATCH = 500, 300, 12, 100  # questions to one world, by door


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_engine_decides_like_the_oracle(shard: int, tmp_path: Path) -> None:
    left = -(-QUERIES // SHARDS)
    seed = SEED * 1_000_000 + shard * 10_000
    while left > 0:
        world = make_world(seed)
        doors = Doors(world.publish(tmp_path / str(seed)), world.states)
        left -= ask_everything(seed, world, doors, most=left)
        shutil.rmtree(tmp_path / str(seed))
        seed += 1


def ask_everything(seed: int, world: World, doors: Doors, most: int) -> int:
    """Questions to one world by each door; returns how many."""
    asker = Asker(seed, world)
    share = min(1.0, most / (SINGLE + EXPLAINED + BATCHES * BATCH))
    for n in range(int((SINGLE + EXPLAINED) * share) + 1):
        query, explain = asker.question(), n % (SINGLE + EXPLAINED) >= SINGLE * share
        expected = of_oracle(oracle.decide(world, query), explain=explain)
        found = doors.decide(query, explain=explain)
        if found != expected:
            raise AssertionError(f"world {seed}, {json.dumps(query)}\n{differences(found, expected)}")
    for n in range(int(BATCHES * share) + 1):
        plain = n % 3 < 2
        common = asker.common(plain=plain) | NOT_OF_MANY
        calls = [asker.call(plain=plain) for _ in range(BATCH)]
        for call, found in zip(calls, doors.many(common, calls), strict=True):
            expected = of_batch(oracle.decide(world, common | call))
            if found != expected:
                both = {"routes": found}, {"routes": expected}
                raise AssertionError(f"world {seed}, batch {json.dumps(common | call)}\n{differences(*both)}")
    return int((SINGLE + EXPLAINED) * share) + 1 + BATCH * (int(BATCHES * share) + 1)


@pytest.mark.parametrize("seed", range(10))
def test_a_question_gives_the_same_answer_with_and_without_an_explanation(seed: int, tmp_path: Path) -> None:
    world = make_world(seed)
    doors, asker = Doors(world.publish(tmp_path), world.states), Asker(seed, world)
    for _ in range(300):
        query = asker.question()
        with_explain, without = doors.ask(query, explain=True), doors.ask(query, explain=False)
        assert not without.get("explain")
        with_explain.pop("explain")
        without.pop("explain", None)
        assert with_explain == without


@pytest.mark.parametrize("seed", range(10))
def test_a_caller_sees_only_what_is_granted_or_public(seed: int, tmp_path: Path) -> None:
    world = make_world(seed)
    doors, asker = Doors(world.publish(tmp_path), world.states), Asker(seed, world)
    for _ in range(200):
        query = asker.question() | {"trunk": 1}
        seen = doors.ask(query, explain=True, scope="caller")["explain"]
        every = doors.ask(query, explain=True)["explain"]
        call = Call(world, query)
        allowed = {o["offer_id"] for o in world.offers if o["public"] or filters.granted(call, o["offer_id"])}
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


PIECES = ["call", "clocks", "decide", "filters", "layers", "match", "policy", "rating", "schedule"]


@pytest.mark.parametrize("name", PIECES)
def test_each_piece_of_the_oracle_stays_within_eighty_lines_of_code(name: str) -> None:
    """Statements inside functions and classes; docstrings, imports and tables apart."""
    tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
    code = set[int]()
    for part in tree.body:
        if isinstance(part, ast.FunctionDef | ast.ClassDef):
            code |= {node.lineno for node in ast.walk(part) if hasattr(node, "lineno")}
            code -= {
                line
                for node in ast.walk(part)
                if is_text(node)
                for line in range(node.lineno, (node.end_lineno or 0) + 1)
            }
    assert len(code) <= 80, len(code)


def is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def test_each_feature_decides_at_least_one_question_in_a_hundred() -> None:
    """Of single questions and rows of batches in the proportion in which they are asked; the shares are printed."""
    met, asked = Counter[str](), 0
    for seed in range(60):
        world = make_world(seed)
        asker = Asker(seed, world)
        for n in range(50):
            if n % 5 < 2:
                query = asker.question()
            else:
                plain = n % 3 < 2
                query = asker.common(plain=plain) | NOT_OF_MANY | asker.call(plain=plain)
            met.update(features(world, oracle.decide(world, query)))
            asked += 1
    shares = {name: met[name] / asked for name in sorted(WANTED, key=lambda name: met[name])}
    print("\n".join(f"{share:7.2%} {name}" for name, share in shares.items()))
    assert [name for name, share in shares.items() if share < 0.01] == []


def test_the_random_worlds_reach_every_verdict_policy_guard_and_layer() -> None:
    seen = set[Any]()
    for seed in range(300):
        world = make_world(seed)
        seen |= {("kind", trunk["policy"]["kind"]) for trunk in world.trunks.values()}
        seen |= {("guard", trunk["policy"].get("guard", "off")) for trunk in world.trunks.values()}
        asker = Asker(seed, world)
        for _ in range(60):
            answer = oracle.decide(world, asker.question())
            entries = answer["routes"] + answer["refused"]
            seen |= {("reason", answer["status"], answer["reason"])} | {
                ("verdict", e["verdict"]) for e in entries
            }
            seen |= {("mix", answer["call"].mix is not None)} | {("wide", len(world.offers) > 31)}
            members = [e["verdict"] in ("selected", "outranked") for e in entries]
            seen |= {("narrow", 10 * sum(members) < len(members))} | {("overflow", sum(members) > 31)}
            for e in entries:
                if e["row"] and e["row"]["jurisdiction"]:
                    seen.add(("place", e["j"], e["row"]["jurisdiction"], e["keyed"]))
                if e["origin"]:
                    seen.add(
                        (
                            "origin",
                            e["origin"]["reading"],
                            e["origin"]["unknown"],
                            bool(e["origin"]["surcharge"]),
                        )
                    )
                seen.add(("trial", e["demoted"], e["trial"]))
    both = (False, True)
    kinds = ("cost", "quality", "priority", "cost_delta", "score", "percentage")
    wanted: set[Any] = {("verdict", v) for v in (*filters.NUMBER, "selected", "outranked")} | {
        ("kind", k) for k in kinds
    }
    wanted |= {("guard", g) for g in ("off", "no_loss", "min_margin", "loss_allowed")}
    wanted |= {
        ("reason", "ok", None),
        ("reason", "no_route", "no_code"),
        ("reason", "no_route", "all_refused"),
    }
    wanted |= {("reason", "blocked", r) for r in ("blocked_codes", "closed_codes")}
    wanted |= {("reason", "no_credit", r) for r in ("company", "trunk")}
    wanted |= {("origin", o, u, s) for o in ("origin_first", "code_first") for u in both for s in both}
    wanted |= {("mix", x) for x in both} | {(w, x) for w in ("wide", "narrow", "overflow") for x in both}
    wanted |= {("trial", True, x) for x in both}
    places = ("interstate", "intrastate", "local", "indeterminate")
    wanted |= {("place", j, j, "dialled") for j in places} | {("place", "interstate", "interstate", "lrn")}
    wanted |= {
        ("place", "local", "intrastate", "dialled"),
        ("place", "indeterminate", "interstate", "dialled"),
    }
    assert wanted - seen == set()
