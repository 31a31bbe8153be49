"""Two sides' records of the same calls, matched one to one; the classes explain the whole difference in money."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median_low
from typing import Final

SECOND_US: Final = 1_000_000
HALF_HOUR_US: Final = 1_800 * SECOND_US
NEAR_US: Final = 5 * SECOND_US
TOLERATED_S: Final = 2
CLASSES: Final = (
    "exact", "tolerated", "duration_mismatch", "rate_mismatch", "only_ours", "only_theirs", "duplicate_ours", "duplicate_theirs",
)  # fmt: skip
_VOTERS: Final = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One call of one side: called number after its prefix is stripped, start, real and billed seconds, amount in nanos."""

    id: str
    called: str
    start_us: int
    seconds: int
    amount_nanos: int
    billed_seconds: int | None = None
    caller: str = ""


@dataclass
class Class:
    """Pairs (ours, theirs) of one class, None on the side that has nothing."""

    pairs: list[tuple[Entry | None, Entry | None]] = field(default_factory=list)

    @property
    def gap_nanos(self) -> int:
        """Theirs − ours."""
        return sum((t.amount_nanos if t else 0) - (o.amount_nanos if o else 0) for o, t in self.pairs)

    @property
    def gap_seconds(self) -> int:
        return sum((t.seconds if t else 0) - (o.seconds if o else 0) for o, t in self.pairs)


@dataclass(frozen=True)
class Reconciled:
    """`offset_us`: their clock − ours (zone and clock together). Σ of the classes' gaps = `gap_nanos`, always."""

    offset_us: int
    classes: dict[str, Class]
    gap_nanos: int


def offset(ours: Sequence[Entry], theirs: Sequence[Entry]) -> int:
    """Zone offset in whole half hours, voted for by each called number, plus the median of what is left (the clocks)."""
    there = _by_number(theirs)
    votes: Counter[int] = Counter()
    differences: dict[int, list[int]] = defaultdict(list)
    for called, mine in _by_number(ours).items():
        voted = set()
        for one in mine[:_VOTERS]:
            for other in there.get(called, [])[:_VOTERS]:
                difference = other.start_us - one.start_us
                zone = (difference + HALF_HOUR_US // 2) // HALF_HOUR_US * HALF_HOUR_US
                voted.add(zone)
                differences[zone].append(difference - zone)
        votes.update(voted)
    if not votes:
        return 0
    zone = min(votes, key=lambda z: (-votes[z], -len(differences[z]), abs(z)))
    return zone + median_low(differences[zone])


def reconcile(ours: Sequence[Entry], theirs: Sequence[Entry]) -> Reconciled:
    """Pairs of one number at most 5 s apart after the offset: first those of about one duration, then the rest; caller and
    duration only break ties. What is left and looks like a matched record of its own side is a duplicate, and takes no partner."""
    shift = offset(ours, theirs)
    moved = [
        Entry(t.id, t.called, t.start_us - shift, t.seconds, t.amount_nanos, t.billed_seconds, t.caller)
        for t in theirs
    ]
    found = {name: Class() for name in CLASSES}
    mine_by, there_by = _by_number(ours), _by_number(moved)
    for called in sorted(mine_by.keys() | there_by.keys()):
        _one_number(mine_by.get(called, []), there_by.get(called, []), found)
    gap = sum(t.amount_nanos for t in theirs) - sum(o.amount_nanos for o in ours)
    return Reconciled(shift, found, gap)


def _one_number(mine: list[Entry], there: list[Entry], found: dict[str, Class]) -> None:
    free_mine, free_there = list(mine), list(there)
    matched_mine: list[Entry] = []
    matched_there: list[Entry] = []

    def match(limit: int | None) -> None:
        starts = [t.start_us for t in free_there]
        pairs = sorted(
            (
                (abs(o.start_us - t.start_us), abs(o.seconds - t.seconds), o.caller != t.caller, i, j)
                for i, o in enumerate(free_mine)
                for j in range(
                    bisect_left(starts, o.start_us - NEAR_US), bisect_right(starts, o.start_us + NEAR_US)
                )
                for t in (free_there[j],)
                if limit is None or abs(o.seconds - t.seconds) <= limit
            ),
            key=lambda p: (p[0], p[2], p[1], p[3], p[4]),
        )
        used_i: set[int] = set()
        used_j: set[int] = set()
        for *_, i, j in pairs:
            if i not in used_i and j not in used_j:
                used_i.add(i)
                used_j.add(j)
                ours, theirs = free_mine[i], free_there[j]
                found[_class_of(ours, theirs)].pairs.append((ours, theirs))
                matched_mine.append(ours)
                matched_there.append(theirs)
        free_mine[:] = [o for i, o in enumerate(free_mine) if i not in used_i]
        free_there[:] = [t for j, t in enumerate(free_there) if j not in used_j]

    match(TOLERATED_S)
    for free, matched, name, left in (
        (free_mine, matched_mine, "duplicate_ours", True), (free_there, matched_there, "duplicate_theirs", False),
    ):  # fmt: skip
        twice = [one for one in free if any(_same(one, other) for other in matched)]
        found[name].pairs.extend((one, None) if left else (None, one) for one in twice)
        free[:] = [one for one in free if one not in twice]
    match(None)
    found["only_ours"].pairs.extend((one, None) for one in free_mine)
    found["only_theirs"].pairs.extend((None, one) for one in free_there)


def _class_of(ours: Entry, theirs: Entry) -> str:
    apart = abs(ours.seconds - theirs.seconds)
    if apart > TOLERATED_S:
        return "duration_mismatch"
    same_billed = (
        ours.billed_seconds == theirs.billed_seconds if ours.billed_seconds is not None else apart == 0
    )
    if same_billed and ours.amount_nanos != theirs.amount_nanos:
        return "rate_mismatch"
    return "exact" if apart == 0 else "tolerated"


def _same(one: Entry, other: Entry) -> bool:
    return one.seconds == other.seconds and abs(one.start_us - other.start_us) <= SECOND_US


def _by_number(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.called].append(entry)
    for group in found.values():
        group.sort(key=lambda e: (e.start_us, e.seconds, e.id))
    return found
