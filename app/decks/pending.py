"""The calendar of a timeline: at which instants approved rates begin or end, and what changes then."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from app.decks.timelines import compare

SHOWN = 60
JUST_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True)
class PendingDay:
    """One instant. `counts`: label -> codes; `decks`: (id, file name) of the decks whose rates begin then."""

    at: datetime
    before: datetime
    days: int
    counts: dict[str, int]
    deck_ids: tuple[int, ...]
    decks: list[tuple[int, str]] = field(default_factory=list)

    def named(self, names: dict[int, str]) -> PendingDay:
        return replace(self, decks=[(one, names[one]) for one in self.deck_ids if one in names])


def pending(timeline: pa.Table, now: datetime) -> tuple[list[PendingDay], int]:
    """The next instants, earliest first, and how many later ones are not shown."""
    moment = pa.scalar(now, pa.timestamp("us", tz="UTC"))
    begins, ends = timeline["effective_from"], timeline["effective_until"]
    instants = pc.unique(
        pa.chunked_array(
            [
                *begins.filter(pc.greater(begins, moment)).chunks,
                *ends.filter(pc.fill_null(pc.greater(ends, moment), False)).chunks,
            ],
            type=pa.timestamp("us", tz="UTC"),
        )
    )
    ordered = sorted(instants.to_pylist())
    found = []
    for at in ordered[:SHOWN]:
        one = pa.scalar(at, pa.timestamp("us", tz="UTC"))
        starting = timeline.filter(pc.equal(begins, one))
        touched = pa.concat_tables([starting, timeline.filter(pc.fill_null(pc.equal(ends, one), False))])
        codes = pc.unique(touched["code"])
        here = timeline.filter(pc.is_in(timeline["code"], codes))
        counts = Counter(compare(here, here, at - JUST_BEFORE, at)["label"].to_pylist())
        counts.pop("UNCHANGED", None)
        decks = tuple(sorted(set(starting["deck_id"].to_pylist()) - {0}))
        found.append(PendingDay(at, at - JUST_BEFORE, (at.date() - now.date()).days, dict(counts), decks))
    return found, max(0, len(ordered) - SHOWN)
