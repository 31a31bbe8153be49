"""Names of the built bundles: plain name -> hashed URL, from the manifest the build wrote; and their serving."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import cast

from flask import Flask
from whitenoise import WhiteNoise

STATIC = Path(__file__).parent / "static"
DIST = STATIC / "dist"


@lru_cache(maxsize=2)
def _manifest(_stamp: int) -> dict[str, str]:
    return cast("dict[str, str]", json.loads((DIST / "manifest.json").read_text()))


def asset(name: str) -> str:
    """URL of a built file, for example `main.js`. An unknown name keeps its plain form (404, seen in tests)."""
    try:
        # A rebuilt bundle is seen without a restart.
        names = _manifest((DIST / "manifest.json").stat().st_mtime_ns)
    except FileNotFoundError:
        names = {}
    return f"/static/dist/{names.get(name, name)}"


def _immutable(_path: str, url: str) -> bool:
    stem = url.rpartition("/")[2].rpartition(".")[0]
    return "/dist/" in url and "-" in stem and not stem.startswith("swagger-ui")


def install(app: Flask) -> None:
    """Serve /static with a year of immutable cache for hashed names."""
    noise = WhiteNoise(app.wsgi_app, autorefresh=True, immutable_file_test=_immutable)
    noise.add_files(str(STATIC), prefix="static/")
    app.wsgi_app = noise  # type: ignore[method-assign]
