"""The watched folder: FOLDER/<carrier>/<product>[/<mode>]/file. Files that stood still are taken, then filed away.

A file moves to `done` or `failed` beside it, with a report, once its deck is checked. Nothing is kept in memory that matters:
after a kill the next look finds the file where it was, knows it by its mark, and goes on.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILED = ("done", "failed")
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", ".swp")
DEPTH = 4


@dataclass(frozen=True)
class Found:
    """A regular file below the folder. `place`: its path there, `/` between parts."""

    place: str
    size: int
    mtime_ns: int
    inode: int

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.place.split("/"))

    @property
    def state(self) -> tuple[int, int, int]:
        return self.size, self.mtime_ns, self.inode


def look(folder: Path) -> Iterator[Found]:
    """Every file that may be a deck: no link, nothing hidden or half-named, not what was filed away."""
    yield from sorted(_below(folder, "", 1), key=lambda found: found.mtime_ns)


def _below(folder: Path, prefix: str, depth: int) -> Iterator[Found]:
    try:
        entries = list(os.scandir(folder / prefix))
    except FileNotFoundError:
        return
    for entry in entries:
        name = f"{prefix}/{entry.name}" if prefix else entry.name
        if entry.name.startswith((".", "~")) or entry.is_symlink():
            continue
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in FILED and depth < DEPTH:
                yield from _below(folder, name, depth + 1)
        elif not entry.name.lower().endswith(UNFINISHED) and not entry.name.endswith(".report.json"):
            try:
                facts = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(facts.st_mode):
                yield Found(name, facts.st_size, facts.st_mtime_ns, facts.st_ino)


class Stillness:
    """Which files have stood still. Time is whatever steady clock the caller passes."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[str, tuple[tuple[int, int, int], float]] = {}

    def settled(self, found: list[Found], now: float) -> list[Found]:
        """Files whose size, time and inode are as they were `seconds` ago."""
        here = {one.place for one in found}
        self._since = {place: kept for place, kept in self._since.items() if place in here}
        calm = []
        for one in found:
            state, since = self._since.get(one.place, (None, now))
            if state != one.state:
                self._since[one.place] = one.state, now
                since = now
            if now - since >= self._seconds and (state == one.state or not self._seconds):
                calm.append(one)
        return calm


def file_away(folder: Path, place: str, outcome: str, report: dict[str, Any]) -> Path:
    """Move the file into `done` or `failed` beside it and write the report next to it; the report lies there first.

    A name that is taken gets a number. Moving what is already moved is harmless."""
    source = folder / place
    target_folder = source.parent / outcome
    target_folder.mkdir(exist_ok=True)
    target = _free(target_folder, source.name)
    beside = target.with_name(f"{target.name}.report.json")
    temporary = beside.with_name(f".{beside.name}.tmp")
    temporary.write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")
    temporary.replace(beside)
    if source.exists():
        os.replace(source, target)
    return target


def _free(folder: Path, name: str) -> Path:
    target = folder / name
    stem, dot, ending = name.partition(".")
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{stem}-{number}{dot}{ending}"
    return target
