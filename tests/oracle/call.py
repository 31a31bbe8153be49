"""One question: what is asked, by whom, under which policy and state."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from tests.oracle import layers
from tests.oracle.layers import starts
from tests.oracle.match import match
from tests.oracle.policy import POLICY
from tests.oracle.worlds import NO_STATE, World

Row = dict[str, Any]


class Call:
    """One question to one world."""

    def __init__(self, world: World, query: Row) -> None:
        self.world, self.query = world, query
        self.b, self.a, self.t = query["dnis"], query["ani"], query["at_us"]
        self.trunk = world.trunks.get(query["trunk"])
        words = query["policy"] if query["policy"] is not None else self.trunk["policy"] if self.trunk else {}
        self.policy = POLICY | {word: value for word, value in words.items() if value is not None}
        self.state = query["state"] or NO_STATE
        self.d = query["reference_seconds"] or self.policy.get("reference_seconds") or world.reference_seconds
        code = (
            starts(self.b, world.durations)
            if self.policy.get("use_mix") and not query["reference_seconds"]
            else ""
        )
        self.mix = code or None
        self.seconds = world.durations[code] if code else ((self.d, 1),)
        self.D = sum(weight * seconds for seconds, weight in self.seconds)
        given = query["call_id"]
        self.seed = f"{self.b}|{self.a or ''}|{self.t}" if given is None else given
        self.lrn_by = "query" if query["lrn"] or query["npdi"] else "file" if self.b in world.lrns else None
        self.lrn = query["lrn"] or (None if query["npdi"] else world.lrns.get(self.b))
        self.sell: int | None = None

    @cached_property
    def quality(self) -> dict[tuple[int, str], dict[str, int]]:
        return self.world.quality | {(row["offer_id"], row["code"]): row for row in self.state["quality"]}

    def sides(self, number: str) -> tuple[Row | None, Row | None]:
        """Where the call comes from and where it goes, as far as that is known."""
        nanp = self.world.nanp
        return layers.side(nanp, self.query["a_lrn"] or self.a), layers.side(nanp, number)

    def match(self, owner: int, number: str) -> Row:
        """The row of an offer or card; what the deck does not look at is left out of the question."""
        world = self.world
        a = self.a if "origin" in (world.rules.get(owner) or {}) else None
        j = layers.jurisdiction(world.nanp, *self.sides(number)) if world.has_jurisdictions(owner) else ""
        return match(world, owner, number, self.t, a, j, self.seconds)
