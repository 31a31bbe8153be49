"""Calls in, decisions out, as Arrow tables: for what-if questions, reports and the shell.

A piece at a time, so that progress can be told and the work cancelled between pieces; each piece runs on all cores."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, feather, parquet

from lcr_core._native import Snapshot

PIECE = 262_144
TEXT = ("dnis", "ani", "lrn", "a_lrn", "call_id")


class Cancelled(Exception):
    """`progress` said no."""


def decide_table(
    snapshot: Snapshot,
    query: Mapping[str, Any],
    calls: pa.Table,
    *,
    state: str | None = None,
    progress: Callable[[int, int], bool] | None = None,
) -> pa.Table:
    """Decide every row of `calls` (columns `dnis` utf8, `at_us` i64?, `ani` utf8?, `lrn` utf8?, `a_lrn` utf8?, `call_id` utf8?).

    `query`: what is common to all calls, in the words of `Snapshot.decide` without `dnis`; `at_us` for rows without one.
    `state`: JSON of docs/decision.md 10. Returns the columns of docs/decision.md 7; `call` is the row of `calls`, from 0.
    `progress(done, total)` is told after each piece; False raises Cancelled. Raises QueryError."""
    text = json.dumps({name: value for name, value in query.items() if value is not None})
    pieces: list[pa.Table] = []
    for first in range(0, max(calls.num_rows, 1), PIECE):
        piece = pa.table(snapshot.decide_many(text, calls.slice(first, PIECE), state))
        if first:
            shifted = pa.array(piece["call"].to_numpy() + first, pa.uint32())
            piece = piece.set_column(0, piece.schema.field("call"), shifted)
        pieces.append(piece)
        done = min(first + PIECE, calls.num_rows)
        if progress is not None and not progress(done, calls.num_rows):
            raise Cancelled(f"cancelled after {done} calls")
    return pa.concat_tables(pieces)


def read_calls(path: Path) -> pa.Table:
    """A table of calls from CSV, Arrow IPC (file or stream) or Parquet, by the name's ending. Numbers are text. Raises ValueError."""
    kind = path.suffix.lower()
    try:
        if kind == ".parquet":
            table = parquet.read_table(path)
        elif kind in (".arrow", ".feather", ".ipc"):
            table = _arrow(path)
        else:
            types = {name: pa.utf8() for name in TEXT} | {"at_us": pa.int64()}
            table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types))
    except (pa.ArrowInvalid, OSError) as fault:
        raise ValueError(f"{path.name} cannot be read: {fault}") from fault
    if "dnis" not in table.column_names:
        raise ValueError(f"{path.name} has no column dnis; it has {', '.join(table.column_names)}")
    return table


def _arrow(path: Path) -> pa.Table:
    try:
        return feather.read_table(path)
    except pa.ArrowInvalid:
        with pa.ipc.open_stream(path) as stream:
            return stream.read_all()


def write_table(table: pa.Table, path: Path) -> None:
    """CSV, Arrow IPC or Parquet by the name's ending; under a temporary name first, so that no half file is left."""
    part = path.with_name(f".{path.name}.part")
    try:
        kind = path.suffix.lower()
        if kind == ".parquet":
            parquet.write_table(table, part)
        elif kind in (".arrow", ".feather", ".ipc"):
            feather.write_feather(table, part, compression="uncompressed")
        else:
            csv.write_csv(table, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
