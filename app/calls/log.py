"""The edge's record log (docs/test-calls.md): whole lines after a cursor, in order of the files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATTERN = "calls-*.ndjson"
LINE_BYTES_MAX = 32 * 1024 * 1024


@dataclass(frozen=True)
class Place:
    """Where reading goes on: `offset` bytes into `file` ("" before the first one)."""

    file: str = ""
    offset: int = 0


@dataclass(frozen=True)
class Line:
    """`words` None for a line that is no JSON object; `next` is the place behind it."""

    words: dict[str, Any] | None
    text: str
    next: Place


def lines_after(directory: Path, place: Place) -> Iterator[Line]:
    """Every finished line from there on. An unfinished last line of the newest file is being written and is left for the
    next time; one in an older file never will be finished (the edge was killed) and is passed over."""
    files = sorted(path.name for path in directory.glob(PATTERN))
    for position, name in enumerate(files):
        if name < place.file:
            continue
        offset = place.offset if name == place.file else 0
        yield from _lines(directory / name, offset, newest=position == len(files) - 1)


def _lines(path: Path, offset: int, *, newest: bool) -> Iterator[Line]:
    with path.open("rb") as stream:
        stream.seek(offset)
        while True:
            raw = stream.readline(LINE_BYTES_MAX)
            if not raw:
                return
            if not raw.endswith(b"\n"):
                if newest or len(raw) < LINE_BYTES_MAX:
                    return
                continue  # the rest of a line that is too long comes next
            offset = stream.tell()
            yield Line(_words(raw), raw[:200].decode("utf-8", "replace"), Place(path.name, offset))


def _words(raw: bytes) -> dict[str, Any] | None:
    try:
        words = json.loads(raw)
    except ValueError:
        return None
    return words if isinstance(words, dict) else None


def read_to_the_end(directory: Path, place: Place) -> list[Path]:
    """Files older than the one the cursor is in: they may be deleted."""
    return [path for path in sorted(directory.glob(PATTERN)) if path.name < place.file]
