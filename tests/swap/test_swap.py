"""Decks are activated while questions are asked: no question fails, and no answer mixes two snapshots."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

import lcr_core
from tests.named.tiny import Exchange, nanos, row
from tests.oracle.compare import of_engine, of_oracle
from tests.oracle.decide import decide
from tests.oracle.worlds import EPOCH_US, World
from tests.swap.edge_process import Client, running_edge

QUERIES = int(os.environ.get("TANDEM_SWAP_QUERIES", "20000"))
ACTIVATIONS = 20
BATCH = 50
KEY = "tk_swap_test"
NUMBERS = [
    f"{code}{tail}"
    for code in ("44", "4420", "447700", "4915", "33", "1212")
    for tail in ("79460000", "1234567")
]
CODES = ["44", "4420", "44207", "447", "447700", "49", "4915", "33", "331", "1", "1212"]

Seen = Counter[tuple[str, str, str]]  # (snapshot id, number, what was answered) -> how often


def exchange(step: int) -> Exchange:
    """The exchange after `step` decks: each deck gives one vendor new prices and codes."""
    decks = {}
    for vendor in range(8):
        last_deck = max((s for s in range(step + 1) if s % 8 == vendor), default=-1)
        r = Random(f"{vendor}/{last_deck}")
        codes = r.sample(CODES, 8)
        decks[f"v{vendor}"] = [row(c, f"0.{r.randint(1, 9999):04}", deck_id=last_deck + 2) for c in codes]
    return Exchange(decks)


def answered(shape: dict[str, Any]) -> str:
    return json.dumps(shape, sort_keys=True)


@dataclass
class Stage:
    """The folder that is published into, and what the oracle says for each snapshot of it."""

    root: Path
    worlds: dict[str, World] = field(default_factory=dict)

    def publish(self, step: int) -> None:
        key = {"key_id": 1, "sha256": sha256(KEY.encode()).hexdigest(), "trunk_id": 1, "company_id": 99}
        world = exchange(step).world()
        world.keys = [key | {"scopes": ["lcr:query"], "expires_at_us": None}]
        snapshot = world.publish(self.root)
        self.worlds[snapshot.id] = world

    def check(self, seen: Seen) -> None:
        """Every answer equals the oracle's for the snapshot it names."""
        assert {version for version, _, _ in seen} <= self.worlds.keys()
        for (version, number, found), times in seen.items():
            question = {"trunk": 1, "dnis": number, "at_us": EPOCH_US, "explain": False}
            question |= dict.fromkeys(("lrn", "max", "reference_seconds", "policy", "offers", "sell"))
            expected = answered(of_oracle(decide(self.worlds[version], question), explain=False))
            assert found == expected, f"{times} answers to {number} of {version}"
        assert len({version for version, _, _ in seen}) >= ACTIVATIONS // 4, (
            "too few snapshots were seen under load"
        )


def note(seen: Seen, number: str, body: str | bytes) -> None:
    decision = json.loads(body)
    seen[decision["version"], number, answered(of_engine(decision, explain=False))] += 1


def activate(stage: Stage, asked: list[int], errors: list[str]) -> None:
    """Publish one deck after another, spread over the questions."""
    for step in range(1, ACTIVATIONS + 1):
        until = time.monotonic() + 120
        while sum(asked) < QUERIES * step // (ACTIVATIONS + 2) and not errors:
            assert time.monotonic() < until, "the questions came to a stop"
            threading.Event().wait(0.001)
        stage.publish(step)


@pytest.mark.slow
@pytest.mark.alone
def test_no_question_over_http_fails_or_sees_a_mixture_while_decks_are_activated(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "lcr")
    stage.publish(0)
    clients = 2
    asked, seen, errors = [0] * clients, [Counter() for _ in range(clients)], []

    def ask(me: int, port: int) -> None:
        try:
            r = Random(me)
            with Client(port, {"Authorization": f"Bearer {KEY}"}) as client:
                while asked[me] < QUERIES // clients:
                    numbers = [r.choice(NUMBERS) for _ in range(BATCH)]
                    for number, (status, body) in zip(
                        numbers, client.get_many([f"/v1/lcr?dnis={n}" for n in numbers]), strict=True
                    ):
                        if status != 200:
                            errors.append(f"{number}: {status} {body!r}")
                            return
                        note(seen[me], number, body)
                    asked[me] += BATCH
        except (OSError, ValueError, AssertionError) as error:
            errors.append(repr(error))

    with running_edge(stage.root, tmp_path / "edge.log") as edge:
        threads = [threading.Thread(target=ask, args=(me, edge.port)) for me in range(clients)]
        for thread in threads:
            thread.start()
        activate(stage, asked, errors)
        for thread in threads:
            thread.join()
    assert errors == []
    total = sum(seen, Counter())
    assert sum(total.values()) >= QUERIES
    stage.check(total)


@pytest.mark.slow
@pytest.mark.alone
def test_no_question_in_process_sees_a_mixture_while_decks_are_activated(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "lcr")
    stage.publish(0)
    asked, seen, errors = [0], Counter(), []

    def ask() -> None:
        try:
            r = Random(7)
            while asked[0] < QUERIES:
                snapshot = lcr_core.Snapshot.open(str(stage.root))
                for _ in range(200):
                    number = r.choice(NUMBERS)
                    note(
                        seen,
                        number,
                        snapshot.decide(json.dumps({"trunk": 1, "dnis": number, "at_us": EPOCH_US})),
                    )
                asked[0] += 200
        except (lcr_core.CoreError, ValueError, AssertionError) as error:
            errors.append(repr(error))

    thread = threading.Thread(target=ask)
    thread.start()
    activate(stage, asked, errors)
    thread.join()
    assert errors == []
    stage.check(seen)


def test_decks_of_one_step_differ_from_those_of_the_next() -> None:
    assert exchange(3).decks != exchange(4).decks
    assert all(0 < line["rate_nanos"] < nanos("1") for lines in exchange(4).decks.values() for line in lines)
