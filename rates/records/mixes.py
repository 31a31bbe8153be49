"""Durations of a destination's answered calls as the mix the core compares costs by (docs/decision.md 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WEIGHT: Final = 1_000
MEMBERS: Final = 8
LEAST_CALLS: Final = 100
"""Fewer calls say too little about a destination."""

EDGES: Final = (6, 12, 18, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1_800, 3_600, 86_400)
"""Upper ends of the classes that calls are counted in, seconds."""


def class_of(seconds: int) -> int:
    """Number of the class a call of `seconds` (1 to 86,400) falls in."""
    return next(number for number, edge in enumerate(EDGES) if seconds <= edge)


def mix_of(counts: Mapping[int, tuple[int, int]]) -> list[tuple[int, int]] | None:
    """`counts`: class → (calls, their seconds). Members (seconds, weight): ascending, at most MEMBERS, weights sum to 1000.

    Each member stands for its class by the mean duration of its calls, rounded half-up; small classes are joined to their
    lighter neighbour. None with fewer than LEAST_CALLS calls."""
    groups = [[calls, seconds] for _, (calls, seconds) in sorted(counts.items()) if calls > 0]
    total = sum(calls for calls, _ in groups)
    if total < LEAST_CALLS:
        return None
    while len(groups) > MEMBERS or (len(groups) > 1 and min(c for c, _ in groups) * WEIGHT < total):
        at = min(range(len(groups)), key=lambda n: groups[n][0])
        beside = [n for n in (at - 1, at + 1) if 0 <= n < len(groups)]
        with_ = min(beside, key=lambda n: groups[n][0])
        groups[with_] = [groups[with_][0] + groups[at][0], groups[with_][1] + groups[at][1]]
        del groups[at]
    return _ascending(_weighted(groups, total))


def _weighted(groups: list[list[int]], total: int) -> list[tuple[int, int]]:
    """Weights by largest remainder, none below 1."""
    weights = [max(1, calls * WEIGHT // total) for calls, _ in groups]
    order = sorted(range(len(groups)), key=lambda n: (-(groups[n][0] * WEIGHT % total), n))
    missing = WEIGHT - sum(weights)
    for step in range(abs(missing)):
        if missing > 0:
            weights[order[step % len(order)]] += 1
        else:
            weights[max(range(len(weights)), key=weights.__getitem__)] -= 1
    seconds = [max(1, (2 * talk + calls) // (2 * calls)) for calls, talk in groups]
    return list(zip(seconds, weights, strict=True))


def _ascending(members: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Members of one duration become one."""
    found: dict[int, int] = {}
    for seconds, weight in members:
        found[seconds] = found.get(seconds, 0) + weight
    return sorted(found.items())
