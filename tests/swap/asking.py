"""Processes that ask and that change the state, as fast as they can or at a steady pace; they only note what came."""

from __future__ import annotations

import json
import time
from collections import Counter
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from random import Random
from typing import Any

from tests.oracle.worlds import EPOCH_US
from tests.swap.edge_process import Client
from tests.swap.market import CONTENTS, CONTROL_KEY, KEY, LISTS, NUMBERS, content, digest

DEPTH = 50  # questions sent before answers are read
Seen = Counter[tuple[bytes, int, str, bytes]]  # (snapshot id, generation, number, digest) -> how often


def ask(me: int, port: int, asked: Synchronized[int], stop: Event, out: Any) -> None:
    """Ask until told to stop; `out` gets (what was seen, first error)."""
    seen: Seen = Counter()
    error = ""
    r = Random(me)
    lines = {n: f"/v1/lcr?dnis={n}&at={EPOCH_US}" for n in NUMBERS}
    try:
        with Client(port, {"Authorization": f"Bearer {KEY}"}) as client:
            while not stop.is_set() and not error:
                numbers = r.choices(NUMBERS, k=DEPTH)
                answers = client.get_many([lines[n] for n in numbers])
                for number, (status, body) in zip(numbers, answers, strict=True):
                    if status != 200:
                        error = f"{number}: {status} {body!r}"
                        break
                    version, generation, found = digest(body)
                    seen[version, generation, number, found] += 1
                with asked.get_lock():
                    asked.value += DEPTH
    except (OSError, ValueError, AssertionError) as fault:
        error = repr(fault)
    out.put((seen, error))


def change(port: int, per_second: int, asked: Synchronized[int], stop: Event, out: Any) -> None:
    """Change the state at a steady pace; `out` gets ([(generation, content)], first error, seconds)."""
    changes: list[tuple[int, int]] = []
    error = ""
    step = per_second // 100
    began = time.monotonic()
    try:
        with Client(port, {"Authorization": f"Bearer {CONTROL_KEY}"}) as client:
            while not stop.is_set() and not error:
                due = int((time.monotonic() - began) * per_second)
                if due - len(changes) < step:
                    stop.wait(0.005)
                    continue
                contents = [(len(changes) + n) % CONTENTS for n in range(step)]
                bodies = [json.dumps({"do": "set"} | {w: content(c)[w] for w in LISTS}) for c in contents]
                answers = client.post_many("/v1/control/commands", bodies)
                for which, (status, body) in zip(contents, answers, strict=True):
                    told = json.loads(body)
                    if status != 200 or not told["changed"]:
                        error = f"change {which}: {status} {body!r}"
                        break
                    changes.append((told["generation"], which))
                with asked.get_lock():
                    asked.value = len(changes)
    except (OSError, ValueError, AssertionError, KeyError) as fault:
        error = repr(fault)
    out.put((changes, error, time.monotonic() - began))
