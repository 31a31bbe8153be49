"""Removes old snapshots and the index files that no kept snapshot names."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from pathlib import Path


def prune(root: Path, *, keep: int) -> list[str]:
    """Keep CURRENT, what is announced for later, and the newest `keep` snapshots; returns the ids removed.

    A reader that has an old file mapped keeps it until it lets go: removal only takes the name away.
    """
    kept = {(root / "CURRENT").read_text().strip()}
    with contextlib.suppress(FileNotFoundError, ValueError):
        kept.add(str(json.loads((root / "NEXT").read_text()).get("id")))
    folders = sorted(
        (p for p in (root / "snapshots").iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime_ns
    )
    old = [folder for folder in folders[:-keep] if folder.name not in kept]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    named: set[str] = set()
    for file in (root / "snapshots").glob("*/*.json"):
        named.update(re.findall(r"[\w.-]+\.lcx", file.read_text()))
    with contextlib.suppress(FileNotFoundError):
        named.add((root / "AHEAD").read_text().strip())
    for index in (root / "indexes").glob("*.lcx"):
        if index.name not in named:
            index.unlink(missing_ok=True)
            (index.parent / f"{index.name}.inputs.json").unlink(missing_ok=True)
    return [folder.name for folder in old]
