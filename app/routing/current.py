"""The snapshot in force, opened once per process and again when another one is in force."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import lcr_core
from app.clock import to_micros, utc_now
from app.errors import DomainError, Invalid

_lock = threading.Lock()
_opened: dict[Path, lcr_core.Snapshot] = {}


class NoSnapshot(DomainError):
    """Nothing has been published yet."""

    code = "no_snapshot"
    status = 503


def current_snapshot(root: Path) -> lcr_core.Snapshot:
    """Raises NoSnapshot before the first deck is approved."""
    try:
        snapshot_id = lcr_core.in_force(str(root), to_micros(utc_now()))
    except lcr_core.SnapshotError as fault:
        if fault.code != "nothing_published":
            raise
        raise NoSnapshot(
            "No routing snapshot has been published yet.",
            hint="Approve a rate deck, or run `tandem snapshot build`.",
        ) from None
    with _lock:
        opened = _opened.get(root)
        if opened is None or opened.id != snapshot_id:
            opened = _opened[root] = lcr_core.Snapshot.open(str(root), snapshot_id, opened)
        return opened


def current_state(root: Path) -> str | None:
    """The routing state the edge wrote down last (docs/state.md), as JSON; None while there is none."""
    try:
        return (root / "state.json").read_text()
    except FileNotFoundError:
        return None


def decide(root: Path, query: dict[str, Any]) -> dict[str, Any]:
    """Ask the snapshot and the state in force; the same document the edge would send. Raises Invalid for a bad question."""
    try:
        text = current_snapshot(root).decide(json.dumps(query), current_state(root))
        answer: dict[str, Any] = json.loads(text)
    except lcr_core.QueryError as fault:
        raise Invalid(str(fault), hint="A number is 1 to 15 digits with the country code first.") from fault
    return answer
