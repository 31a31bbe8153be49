"""Job kinds of this domain: the market view is built by `market.build`, asked for by name."""

from __future__ import annotations

from typing import Any

from flask import current_app

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.jobs.progress import Progress
from app.jobs.registry import job
from app.market.service.build_market import build_market


@job("market.build")
def build(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Price and measure everything that is listed. Running it again is harmless."""
    settings: Settings = current_app.config["TANDEM"]
    built = build_market(db.session, settings, now=utc_now(), progress=progress)
    return {
        "market": built.name,
        "offers": built.groups,
        "codes": built.codes,
        "build_ms": built.milliseconds,
    }
