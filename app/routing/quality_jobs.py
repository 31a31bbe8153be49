"""The job that tells the edge how calls went, and the timer that sees to it.

The edge lets counts fade by half in 30 minutes. A record that comes late is told as faded as it would be by now, so that an
hour-old file weighs a quarter; what is older than four hours says nothing about this moment and is left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.carriers.models import Product
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.jobs.models import Job
from app.jobs.progress import Progress
from app.jobs.registry import job, timer
from app.jobs.service import LIVE, enqueue
from app.routing.edge_control import send
from app.routing.models import QualityDelta

PUSH = "quality.push"
HALF_LIFE_S = 1_800
WINDOW = timedelta(seconds=8 * HALF_LIFE_S)
STEPS = 64
RETRY_AFTER = timedelta(seconds=30)
FIGURES = ("attempts", "answered", "effective", "talk_ms", "pdd_ms_sum", "pdd_samples")
# 2^(-k/64) in millionths for k = 0 … 63; a whole half-life more halves it again.
FADE_PPM = tuple(round(1_000_000 * 2 ** (-k / STEPS)) for k in range(STEPS))


def faded(count: int, age_s: int) -> int:
    """A count as it would be after `age_s` at the edge, half-up; whole numbers throughout."""
    step = max(0, age_s) * STEPS // HALF_LIFE_S
    halvings, rest = divmod(step, STEPS)
    divisor = 1_000_000 << halvings
    return (2 * count * FADE_PPM[rest] + divisor) // (2 * divisor)


def commands(deltas: Iterable[QualityDelta], now: datetime) -> list[dict[str, Any]]:
    """One `quality` command (docs/state.md) a product and code. Each figure fades with its own calls, then sums."""
    sums: dict[tuple[int, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
    for delta in deltas:
        age = int((now - delta.minute).total_seconds())
        if timedelta(seconds=age) <= WINDOW:
            add = sums[delta.product_id, delta.code]
            for name in FIGURES:
                add[name] += faded(getattr(delta, name), age)
    # Rounding each figure alone must not make more answers than attempts.
    for add in sums.values():
        add["effective"] = min(add["effective"], add["attempts"])
        add["answered"] = min(add["answered"], add["effective"])
    return [
        {"do": "quality", "offer_id": product, "code": code, **add}
        for (product, code), add in sorted(sums.items())
        if add["attempts"]
    ]


@job(PUSH)
def push(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Told once, then forgotten here. After a crash between the edge's answer and our commit they are told again: counts
    fade by themselves, and a doubled half hour is better than a lost one."""
    settings: Settings = current_app.config["TANDEM"]
    now = utc_now()
    deltas = list(db.session.scalars(sa.select(QualityDelta)))
    known = set(db.session.scalars(sa.select(Product.id).where(Product.timeline_key.is_not(None))))
    told = commands([one for one in deltas if one.product_id in known], now)
    db.session.rollback()
    progress(0, len(told), "telling the edge")
    answer = send(settings, told) if told else {}
    db.session.execute(sa.delete(QualityDelta).where(QualityDelta.id.in_([one.id for one in deltas])))
    db.session.commit()
    return {"commands": len(told), "generation": answer.get("generation")}


@timer("quality.follow", seconds=2.0)
def follow_quality() -> None:
    """When calls came in that the edge does not know of, ask for a push; a failed one is tried again after a while."""
    now = utc_now()
    due = db.session.scalar(sa.select(QualityDelta.id).limit(1)) is not None
    if due:
        newest = (
            sa.select(Job).where(Job.kind == PUSH).order_by(Job.created_at.desc(), Job.id.desc()).limit(1)
        )
        last = db.session.scalars(newest).first()
        waiting = last is not None and (
            last.state in LIVE or (last.state == "failed" and now - (last.finished_at or now) < RETRY_AFTER)
        )
        due = not waiting
    if due:
        enqueue(db.session, PUSH, title="Tell the edge how calls went", arguments={}, now=now, coalesce=True)
        db.session.commit()
    else:
        db.session.rollback()
