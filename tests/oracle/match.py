"""The match of one offer: its one row at the instant, or why there is none (docs/decision.md 2, 3 and 8)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from tests.oracle import layers
from tests.oracle.policy import prefixes
from tests.oracle.rating import billed_seconds, price60
from tests.oracle.worlds import World

Row = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])


def remembered(function: F) -> F:
    """The same answer to the same question about the same world, without working it out again."""

    @wraps(function)
    def asked(world: World, *rest: Any) -> Any:
        key = (function.__name__, rest)
        if key not in world.memory:
            world.memory[key] = function(world, *rest)
        return world.memory[key]

    return cast(F, asked)


@remembered
def candidates(world: World, owner: int, number: str) -> list[Row]:
    """Every row whose code is a prefix of the number, longest code first, of any time and layer."""
    return [row for code in prefixes(number) for row in world.rows(owner, code)]


def covers(start: int | None, end: int | None, t: int) -> bool:
    return (start is None or start <= t) and (end is None or t < end)


def comparable(world: World, row: Row, seconds: tuple[tuple[int, int], ...]) -> int | None:
    fx = world.fx.get(row["currency"])
    return None if fx is None else sum(w * price60(row, billed_seconds(row, d)) for d, w in seconds) * fx


@remembered
def match(
    world: World, owner: int, number: str, t: int, a: str | None, j: str, seconds: tuple[tuple[int, int], ...]
) -> Row:
    """The offer's one row, or why there is none; the caller's origin choice beside it."""
    rules, rows = world.rules.get(owner) or {}, candidates(world, owner, number)
    now = [r for r in rows if covers(r["effective_from"], r["effective_until"], t)]
    now = layers.by_jurisdiction(now, j, (rules.get("jurisdiction") or {}).get("ij_fallback", "max"))
    origin = rules.get("origin")
    if not origin:
        return found(world, now, rows, t, seconds, None)

    def choice(group: str | None, prefix: str | None, unknown: bool) -> Row:
        left = sorted(layers.by_origin(now, origin, group), key=lambda r: -len(r["code"]))
        ever = [r for r in rows if r["origin"] in (None, group)]
        nanos = layers.surcharge(origin, group) if left and left[0]["origin"] is None else 0
        chosen = {
            "group": group,
            "prefix": prefix,
            "reading": origin["reading"],
            "unknown": unknown,
            "surcharge": nanos or None,
        }
        return found(world, left, ever, t, seconds, chosen)

    if layers.caller_is_valid(a):
        return choice(*layers.group_of(origin, a or ""), False)
    if origin["invalid_group"] is not None:
        return choice(origin["invalid_group"], None, True)
    tried = [choice(name, None, True) for name in [*(g["name"] for g in origin["groups"]), None]]
    matched = [m for m in tried if m["row"]]
    usable = [m for m in matched if m["row"]["status"] == 0]
    nothing = found(world, [], rows, t, seconds, tried[-1]["origin"])
    return max(usable, key=lambda m: m["c"] or 0) if usable else matched[0] if matched else nothing


def found(world: World, left: list[Row], ever: list[Row], t: int, seconds: Any, origin: Row | None) -> Row:
    """`left`: the layer's valid rows, longest code first; `ever`: what says pending or ended when there are none."""
    if left:
        shadowed, c = [r["code"] for r in left[1:]], comparable(world, left[0], seconds)
        return {"row": left[0], "shadowed": shadowed, "c": c, "origin": origin, "verdict": None}
    pending = any(r["effective_from"] > t for r in ever)
    ended = any(r["effective_until"] is not None and r["effective_until"] <= t for r in ever)
    verdict = "not_yet_effective" if pending else "expired" if ended else "no_match"
    return {"row": None, "shadowed": [], "c": None, "origin": origin, "verdict": verdict}


@remembered
def next_edge(world: World, owner: int | None, number: str, t: int) -> int | None:
    rows = world.unnamed(number) if owner is None else candidates(world, owner, number)
    ends = [x for r in rows for x in (r["effective_from"], r["effective_until"])]
    return min((x for x in ends if x is not None and x > t), default=None)
