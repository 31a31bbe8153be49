"""Job kinds of this domain: the market view is built by `market.build`, asked for by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.carriers.queries import sample_companies
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.jobs.models import Job
from app.jobs.progress import Progress
from app.jobs.registry import job, timer
from app.jobs.service import LIVE, enqueue
from app.market.service.build_market import build_market
from app.market.service.check_alerts import check_alerts
from app.market.service.check_due import check_due
from app.market.service.notify_buyers import notify_buyers
from app.market.snapshot import NoMarket, current_market, next_change

TRY_AGAIN_AFTER = timedelta(minutes=5)


@job("market.build")
def build(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Price and measure everything that is listed. Running it again is harmless."""
    settings: Settings = current_app.config["TANDEM"]
    built = build_market(db.session, settings, now=utc_now(), progress=progress)
    check_alerts(db.session, current_market(settings.market_dir), sample_companies(db.session), now=utc_now())
    db.session.commit()
    return {
        "market": built.name,
        "offers": built.groups,
        "codes": built.codes,
        "priced": built.made,
        "build_ms": built.milliseconds,
    }


@job("rate.notify")
def notify(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Tell the buyers of a product what its new version changes for them. Running it again tells nobody twice."""
    settings: Settings = current_app.config["TANDEM"]
    made = notify_buyers(
        db.session, settings, int(arguments["product_id"]), int(arguments["version"]), str(arguments["before"]),
        str(arguments["after"]), now=utc_now(),
    )  # fmt: skip
    db.session.commit()
    return {"notices": len(made)}


@timer("market.next", seconds=1.0)
def follow_changes() -> None:
    """When a pending rate takes effect, ask for a build; one that failed is asked for again after some minutes."""
    settings: Settings = current_app.config["TANDEM"]
    now = utc_now()
    due = next_change(settings.market_dir)
    if due is None or due > now:
        return
    asked = sa.exists().where(
        Job.kind == "market.build",
        Job.created_at >= due,
        sa.or_(Job.state.in_(LIVE), Job.created_at > now - TRY_AGAIN_AFTER),
    )
    if not db.session.scalar(sa.select(asked)):
        enqueue(
            db.session, "market.build", title="Build the market view",
            arguments={"reason": "rates change by themselves"}, now=now, coalesce=True,
        )  # fmt: skip
        db.session.commit()
    else:
        db.session.rollback()


@job("market.due")
def due(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Tell of decks that are due. Running it again tells nobody twice."""
    settings: Settings = current_app.config["TANDEM"]
    try:
        market = current_market(settings.market_dir)
    except NoMarket:
        market = None
    told = check_due(db.session, market, now=utc_now())
    db.session.commit()
    return {"told": told}


@timer("market.due", seconds=600.0)
def look_for_due_decks() -> None:
    """Once in six hours: what begins within a day is then told at least 18 hours ahead."""
    now = utc_now()
    recent = sa.exists().where(
        Job.kind == "market.due", sa.or_(Job.state.in_(LIVE), Job.created_at > now - timedelta(hours=6))
    )
    if not db.session.scalar(sa.select(recent)):
        enqueue(db.session, "market.due", title="Look for decks that are due", arguments={}, now=now)
    db.session.commit()
