"""Puts one question to the engine by every door and brings the answer to the comparable shape."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

import lcr_core
from tests.oracle.compare import Shape, of_engine

ONE = ("lrn", "a_lrn", "npdi")  # words of one call, not of many


class Doors:
    """A snapshot with its states ready to be asked."""

    def __init__(self, snapshot: lcr_core.Snapshot, states: list[dict[str, Any]]) -> None:
        self.snapshot = snapshot
        self.states = {id(state): json.dumps(state) for state in states}

    def state(self, query: dict[str, Any]) -> str | None:
        return self.states[id(query["state"])] if query["state"] else None

    def ask(self, query: dict[str, Any], *, explain: bool, scope: str = "all") -> dict[str, Any]:
        """The whole answer."""
        words = {k: v for k, v in query.items() if k != "state"}
        text = json.dumps(words | {"explain": explain, "explain_scope": scope})
        answer: dict[str, Any] = json.loads(self.snapshot.decide(text, self.state(query)))
        return answer

    def decide(self, query: dict[str, Any], *, explain: bool) -> Shape:
        return of_engine(self.ask(query, explain=explain), explain=explain)

    def many(self, common: dict[str, Any], calls: list[dict[str, Any]]) -> list[list[tuple[Any, ...]]]:
        table = pa.table(
            {
                "dnis": [c["dnis"] for c in calls],
                "at_us": pa.array([c["at_us"] for c in calls], pa.int64()),
                "ani": pa.array([c["ani"] for c in calls], pa.string()),
                "call_id": pa.array([c["call_id"] for c in calls], pa.string()),
            }
        )
        words = {k: v for k, v in common.items() if k not in ("state", *ONE)}
        text = json.dumps(words | {"at_us": calls[0]["at_us"]})
        columns = pa.table(self.snapshot.decide_many(text, table, self.state(common)))
        names = ["status", "rank", "offer_id", "code", "eff_nanos", "deck_row", "sell_eff_nanos"]
        rows = zip(*(columns[name].to_pylist() for name in ["call", *names]), strict=True)
        found: list[list[tuple[Any, ...]]] = [[] for _ in calls]
        for call, *row in rows:
            found[call].append(tuple(row))
        return found
