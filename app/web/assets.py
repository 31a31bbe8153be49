"""Names of the built bundles: plain name -> hashed URL, read once from the manifest the build wrote."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

DIST = Path(__file__).parent / "static" / "dist"


@cache
def _manifest() -> dict[str, str]:
    path = DIST / "manifest.json"
    return json.loads(path.read_text()) if path.exists() else {}


def asset(name: str) -> str:
    """URL of a built file, for example `main.js`. An unknown name keeps its plain form (404, seen in tests)."""
    return f"/static/dist/{_manifest().get(name, name)}"
