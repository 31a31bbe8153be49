"""Records against those that are known: the same file twice is the same file, and a correction is never silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rates.records.attempt import Attempt


@dataclass(frozen=True)
class Intake:
    """`new` in their order · `same`: how many came again with the same content · `other`: same identity, other content."""

    new: list[Attempt]
    same: int
    other: list[Attempt]


def sort_out(records: Iterable[Attempt], known: Mapping[str, str]) -> Intake:
    """`known`: identity → content of what is stored. A record that stands twice in one file is a duplicate too.

    What is `other` must reach a person: it changes nothing by itself, and it debits nobody."""
    seen = dict(known)
    new: list[Attempt] = []
    other: list[Attempt] = []
    same = 0
    for record in records:
        key, content = record.identity(), record.content()
        before = seen.get(key)
        if before is None:
            seen[key] = content
            new.append(record)
        elif before == content:
            same += 1
        else:
            other.append(record)
    return Intake(new, same, other)
