"""One product's part of the market, kept as Arrow files and used again while nothing it is made of has changed.

A part depends on the product's names, its timeline, its counters, the exchange rates, and on the instant only
through comparisons with the timeline's instants (now and at the end of each shown week). Between two such
instants it is constant, so `[valid_from, valid_until)` is exact and a kept part equals a fresh one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import phonenumbers
import pyarrow as pa

from app.clock import to_micros
from app.market.assemble import NEVER, WEEKS, Listed, assemble
from rates.store import Store, read_file, write_file
from rates.worst import for_anybody

FORMAT = 3  # to be raised when `assemble` makes something else of the same input
FOLDER = "parts"
WEEK_US = int(timedelta(days=7).total_seconds()) * 1_000_000


@dataclass(frozen=True)
class Window:
    """Microseconds: a part holds for `[valid_from, valid_until)`; the timeline's next instant is `next_at` (None = none)."""

    valid_from: int
    valid_until: int
    next_at: int | None


@dataclass(frozen=True)
class Part:
    """`groups` and `codes` as `assemble` gives them, `codes` with `code_key` and in its order; `made`: not from the files."""

    groups: pa.Table
    codes: pa.Table
    window: Window
    made: bool


class Parts:
    """The parts below `root`/parts. One builder at a time may use it."""

    def __init__(self, root: Path, store: Store) -> None:
        self._root = root / FOLDER
        self._root.mkdir(parents=True, exist_ok=True)
        self._store = store
        self._used: set[str] = set()

    def part(
        self, listed: Listed, counters: Mapping[str, tuple[int, ...]], fx_nanos: Mapping[str, int], *, now: datetime
    ) -> Part:  # fmt: skip
        """The kept part when it still holds at `now`, else a fresh one, which is kept."""
        name = _digest(listed, counters, fx_nanos)
        self._used.add(name)
        kept = _kept(self._root / name, to_micros(now))
        if kept is not None:
            return kept
        timeline = for_anybody(self._store.open(listed.timeline_key))
        groups, codes = assemble(listed, timeline, counters, fx_nanos, now=now)
        made = Part(_groups(groups), _codes(codes), window_of(timeline, now), made=True)
        self._keep(name, made)
        return made

    def forget_others(self) -> None:
        """Remove what was not asked for since this object was made, and what a killed builder left."""
        for folder in self._root.iterdir():
            if folder.name not in self._used:
                shutil.rmtree(folder, ignore_errors=True)

    def _keep(self, name: str, part: Part) -> None:
        temporary = self._root / f".{uuid.uuid4().hex}"
        temporary.mkdir()
        write_file(part.groups, temporary / "groups.arrow")
        write_file(part.codes, temporary / "codes.arrow")
        (temporary / "part.json").write_text(json.dumps(asdict(part.window)))
        shutil.rmtree(self._root / name, ignore_errors=True)
        temporary.rename(self._root / name)


def window_of(timeline: pa.Table, now: datetime) -> Window:
    """The instants between which a part of this timeline stays as it is at `now`."""
    at = to_micros(now)
    columns = (timeline[name].cast(pa.int64()).drop_null() for name in ("effective_from", "effective_until"))
    instants = np.unique(np.concatenate([column.to_numpy() for column in columns]))
    flips = (instants[:, None] + np.arange(WEEKS, dtype=np.int64) * WEEK_US).ravel()
    later = instants[instants > at]
    return Window(
        int(flips[flips <= at].max(initial=0)), int(flips[flips > at].min(initial=NEVER)),
        int(later[0]) if len(later) else None,
    )  # fmt: skip


def _digest(listed: Listed, counters: Mapping[str, tuple[int, ...]], fx_nanos: Mapping[str, int]) -> str:
    parts = [
        FORMAT,
        phonenumbers.__version__,
        asdict(listed),
        sorted(counters.items()),
        sorted(fx_nanos.items()),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def _kept(folder: Path, at: int) -> Part | None:
    try:
        window = Window(**json.loads((folder / "part.json").read_text()))
        if not window.valid_from <= at < window.valid_until:
            return None
        groups, codes = read_file(folder / "groups.arrow"), read_file(folder / "codes.arrow")
    except (OSError, ValueError, TypeError, pa.ArrowInvalid):
        return None  # absent, or damaged: it is made again
    return Part(groups, codes, window, made=False)


def _groups(groups: pd.DataFrame) -> pa.Table:
    return typed(pa.Table.from_pandas(groups, preserve_index=False), {"history": pa.list_(pa.int64())})


def _codes(codes: pd.DataFrame) -> pa.Table:
    # A leading 1 keeps codes with leading zeros apart.
    keyed = codes.assign(code_key=("1" + codes["code"]).astype("int64"))
    keyed = keyed.sort_values("code_key", kind="stable").drop(columns=["country"])
    return typed(pa.Table.from_pandas(keyed, preserve_index=False), {})


def typed(table: pa.Table, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Plain utf8 and the types named, whatever pandas chose; without pandas' own notes."""
    for position, field in enumerate(table.schema):
        wanted = types.get(field.name)
        if pa.types.is_large_string(field.type):
            wanted = pa.utf8()
        if wanted is not None:
            table = table.set_column(position, field.name, table.column(position).cast(wanted))
    return table.replace_schema_metadata(None)
