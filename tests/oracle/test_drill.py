"""A drill: each rule of the oracle is broken on purpose, and the random worlds must notice within a few thousand questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import call, decide, filters, layers, make_worlds, match, policy, rating
from tests.oracle.ask import Doors
from tests.oracle.compare import of_oracle
from tests.oracle.make_queries import Asker
from tests.oracle.make_worlds import make_world

WORLDS, QUESTIONS = 60, 150


def falls_back(now: list[Any], _j: str, _fallback: str) -> list[Any]:
    return [row for row in now if row["status"] == 0 and row["jurisdiction"] in (None, _j)]


def cheaper(rows: dict[Any, Any], j: str, fallback: str) -> Any:
    both = [rows[n] for n in ("interstate", "intrastate") if n in rows]
    return (
        min(both, key=layers.price)
        if j == "indeterminate" and both and j not in rows
        else ONE(rows, j, fallback)
    )


def rounds_down(row: Any, d: int) -> int:
    n, m = row.get("initial_increment", 1), row.get("next_increment", 1)
    return 0 if d <= row.get("free_seconds", 0) else int(n if d <= n else n + (d - n) // m * m)


def strict_band(asked: Any, part: list[Any]) -> list[Any]:
    tight = asked.policy | ({"delta_ppm": 0} if asked.policy.get("delta_ppm") else {"delta_nanos": 0})
    return BANDED(type("Asked", (), {"policy": tight, "D": asked.D})(), part)


def shortest(number: str, codes: Any) -> str:
    return min((c for c in codes if number.startswith(c)), key=len, default="")


def tie_opens(asked: Any) -> str | None:
    reason = REFUSED(asked)
    trunk = asked.trunk
    same = trunk and len(layers.starts(asked.b, trunk["blocked_codes"])) == len(
        layers.starts(asked.b, trunk["opened_codes"])
    )
    return None if same else reason


def one_reading(rows: list[Any], origin: Any, group: str | None) -> list[Any]:
    return BY_ORIGIN(rows, origin | {"reading": "code_first"}, group)


def last_carrier_first(e: Any) -> tuple[int, int]:
    return -e["offer"]["carrier_id"], -e["offer"]["offer_id"]


def no_trial(asked: Any, offer_id: int) -> Any:
    return DEMOTION(asked, offer_id) | {"trial": False}


def first_received_wins(decks: list[Any]) -> list[Any]:
    return RESOLVE(list(reversed(decks)))


def open_all_week(schedule: Any, _t: int) -> bool:
    return schedule is None or bool(schedule["open"])


def toll_free_is_known(nanp: Any, number: str | None) -> Any:
    if nanp and number and len(number) == 11 and number[1:4] in layers.TOLL_FREE:
        return next(iter(nanp["blocks"].values()), None)
    return SIDE(nanp, number)


ONE, BANDED, REFUSED, BY_ORIGIN = layers.one, policy.banded, filters.refused_number, layers.by_origin
DEMOTION, RESOLVE, SIDE = decide.demotion, make_worlds.resolve, layers.side
BREAKS: list[tuple[str, Any, str, Callable[..., Any]]] = [
    ("a blocked code falls back to a shorter one", layers, "by_jurisdiction", falls_back),
    ("an interval holds at its end too", match, "covers", lambda s, e, t: s <= t and (e is None or t <= e)),
    ("a fraction of an increment is not charged", match, "billed_seconds", rounds_down),
    ("an indeterminate call takes the cheaper price", layers, "one", cheaper),
    ("every deck is read code first", layers, "by_origin", one_reading),
    ("surcharges are forgotten", layers, "surcharge", lambda _origin, _group: 0),
    ("a toll-free caller has a place", layers, "side", toll_free_is_known),
    ("bands have no width", policy, "banded", strict_band),
    ("ties go to the last carrier", policy, "ids", last_carrier_first),
    ("the shortest demotion decides", decide, "starts", shortest),
    ("demoted routes get no trial", decide, "demotion", no_trial),
    ("a tie of block and opening opens", decide, "refused_number", tie_opens),
    ("customers without credit are served", decide, "out_of_credit", lambda _asked: None),
    ("schedules know no hours", filters, "is_open", open_all_week),
    ("a pending change is not announced", decide, "next_edge", lambda *_: None),
    ("the deck received first wins", make_worlds, "resolve", first_received_wins),
    ("the mix of durations is left out", call, "starts", lambda _number, _codes: ""),
    ("the guard is off", filters, "losing", lambda _asked, _c: False),
]


def difference(tmp_path: Path) -> bool:
    for seed in range(WORLDS):
        world = make_world(seed)
        try:
            doors = Doors(world.publish(tmp_path / str(seed)), world.states)
        except Exception:  # a broken merge of clocks may not even build
            return True
        asker = Asker(seed, world)
        for _ in range(QUESTIONS):
            query = asker.question()
            if doors.decide(query, explain=True) != of_oracle(decide.decide(world, query), explain=True):
                return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize(("name", "place", "word", "broken"), BREAKS, ids=[b[0] for b in BREAKS])
def test_a_broken_rule_is_noticed(
    name: str, place: Any, word: str, broken: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, word, broken)
    assert difference(tmp_path), name


def test_nothing_is_noticed_while_no_rule_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.oracle.test_drill.WORLDS", 6)
    assert not difference(tmp_path)
    assert rating.billed_seconds({"initial_increment": 30, "next_increment": 6}, 31) == 36
