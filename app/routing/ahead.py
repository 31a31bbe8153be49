"""The index compiled ahead for the next instant at which rates change by themselves, named in `AHEAD`."""

from __future__ import annotations

from pathlib import Path

from app.routing import compiled
from app.routing.compiled import CompiledIndex


def save(root: Path, index: CompiledIndex) -> None:
    temporary = root / ".AHEAD.tmp"
    temporary.write_text(index.file + "\n")
    temporary.replace(root / "AHEAD")


def load(root: Path) -> CompiledIndex | None:
    """None without one, or when its file is gone."""
    try:
        file = (root / "AHEAD").read_text().strip()
    except FileNotFoundError:
        return None
    return compiled.load(root, file) if file else None
