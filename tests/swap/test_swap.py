"""Decks are activated and the state changes while questions are asked: none fails, and no answer mixes two of either.

TANDEM_SWAP_QUERIES questions (the whole check: 1,000,000) over 50 activations, at 1,000 changes of the state a second.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import lcr_core
from tests.named.tiny import nanos
from tests.swap import asking
from tests.swap.edge_process import Client, Edge, running_edge
from tests.swap.market import CONTENTS, KEY, NUMBERS, Stage, content, digest, exchange, question

QUERIES = int(os.environ.get("TANDEM_SWAP_QUERIES", "20000"))
ACTIVATIONS = 50
ASKERS = 2
CHANGES_PER_S = 1_000
PATIENCE_S = 120.0
# Nobody is to be turned away here, however busy the machine: how an edge refuses under load is tested elsewhere.
PATIENT = {"target_delay_ms": 60_000, "max_delay_ms": 60_000}


def until(what: str, met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline, what
        threading.Event().wait(0.002)


def check(stage: Stage, seen: asking.Seen, changes: list[tuple[int, int]]) -> None:
    """Every answer is exactly the one for the snapshot and the generation it names."""
    right = {version: stage.expected(version) for version in stage.worlds}
    generations = [generation for generation, _ in changes]
    assert generations == sorted(generations)
    mixed = []
    for (version, generation, number, found), times in seen.items():
        at = bisect_right(generations, generation) - 1
        which = changes[at][1] if at >= 0 else -1
        if found != right[version.decode()][which, number]:
            mixed.append((version, generation, number, times))
    assert mixed == []


@pytest.mark.slow
@pytest.mark.alone
def test_no_question_over_http_fails_or_mixes_while_decks_and_states_change(
    tmp_path: Path, record_property: Callable[[str, Any], None]
) -> None:
    stage = Stage(tmp_path / "lcr")
    stage.publish(0)
    context = multiprocessing.get_context("spawn")
    stop, answers, told = context.Event(), context.Queue(), context.Queue()
    asked, changed = context.Value("q", 0), context.Value("q", 0)
    with running_edge(stage.root, tmp_path / "edge.log", **PATIENT) as edge:
        workers = [
            context.Process(target=asking.ask, args=(n, edge.port, asked, stop, answers))
            for n in range(ASKERS)
        ]
        workers.append(
            context.Process(target=asking.change, args=(edge.port, CHANGES_PER_S, changed, stop, told))
        )
        began = time.monotonic()
        try:
            for worker in workers:
                worker.start()
            activate(stage, edge, lambda: asked.value, answers)
            until("the questions came to a stop", lambda: asked.value >= QUERIES or not answers.empty())
            seconds = time.monotonic() - began
        finally:
            stop.set()
        noted = [answers.get(timeout=PATIENCE_S) for _ in range(ASKERS)]
        changes, failed, paced = told.get(timeout=PATIENCE_S)
        for worker in workers:
            worker.join(PATIENCE_S)
    assert [error for _, error in noted if error] + [failed] * bool(failed) == []
    seen = sum((found for found, _ in noted), Counter())
    assert sum(seen.values()) >= QUERIES
    assert {version.decode() for version, *_ in seen} == stage.worlds.keys()
    figures = {
        "questions": sum(seen.values()),
        "snapshots": len({version for version, *_ in seen}),
        "changes": len(changes),
        "generations seen": len({generation for _, generation, *_ in seen}),
        "changes a second": round(len(changes) / paced),
        "seconds": round(seconds),
    }
    print(figures)
    for name, value in figures.items():
        record_property(name, value)
    # A second for the processes to start; the changes are made at their instants, so a busy machine only delays some.
    assert len(changes) >= CHANGES_PER_S * 0.95 * (paced - 1)
    assert len({generation for generation, _ in changes}) == len(changes)
    check(stage, seen, changes)


def activate(stage: Stage, edge: Edge, asked: Callable[[], int], ended: Any) -> None:
    """Publish one deck after another, spread over the questions, each only when the one before is served."""
    with Client(edge.port, {"Authorization": f"Bearer {KEY}"}) as client:
        for step in range(1, ACTIVATIONS + 1):
            due = QUERIES * step // (ACTIVATIONS + 2)
            until("the questions came to a stop", lambda due=due: asked() >= due or not ended.empty())
            version = stage.publish(step)
            until(f"snapshot {step} is not served", lambda version=version: served(client) == version)


def served(client: Client) -> str:
    return str(json.loads(client.get(f"/v1/lcr?dnis={NUMBERS[0]}")[1])["version"])


@pytest.mark.slow
@pytest.mark.alone
def test_no_question_in_process_mixes_while_decks_and_states_change(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "lcr")
    stage.publish(0)
    asked, errors = [0], list[str]()
    seen: asking.Seen = Counter()
    states = [json.dumps(content(which) | {"generation": which}) for which in range(CONTENTS)]

    def ask() -> None:
        try:
            r = Random(7)
            while asked[0] < QUERIES // 10 or len(stage.worlds) <= ACTIVATIONS:
                snapshot = lcr_core.Snapshot.open(str(stage.root))
                for _ in range(200):
                    number, which = r.choice(NUMBERS), r.randrange(CONTENTS)
                    body = snapshot.decide(json.dumps(question(number)), states[which])
                    version, generation, found = digest(body.encode())
                    seen[version, generation, number, found] += 1
                asked[0] += 200
        except (lcr_core.CoreError, ValueError, AssertionError) as error:
            errors.append(repr(error))

    thread = threading.Thread(target=ask)
    thread.start()
    for step in range(1, ACTIVATIONS + 1):
        due = QUERIES // 10 * step // (ACTIVATIONS + 2)
        until("the questions came to a stop", lambda due=due: asked[0] >= due or bool(errors))
        stage.publish(step)
    thread.join()
    assert errors == []
    check(stage, seen, [(which, which) for which in range(CONTENTS)])


def test_neighbours_of_the_play_differ() -> None:
    assert exchange(3).decks != exchange(4).decks
    assert all(0 < line["rate_nanos"] < nanos("1") for lines in exchange(4).decks.values() for line in lines)
    assert all(content(n) != content((n + 1) % CONTENTS) for n in range(CONTENTS))
