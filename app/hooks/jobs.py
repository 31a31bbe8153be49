"""Timers and jobs: deliveries that are due, news by mail."""

from __future__ import annotations

from typing import Any

from flask import current_app

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.hooks.service.deliver import deliver, due
from app.hooks.service.digest import anything_new, mail_news
from app.jobs.progress import Progress
from app.jobs.registry import job, timer
from app.jobs.service import enqueue
from app.security.setup import kept_secret


def signing_key(settings: Settings) -> str:
    return kept_secret(settings, "secret_key", settings.web.secret_key)


@job("hooks.deliver")
def run(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    settings: Settings = current_app.config["TANDEM"]
    sent = 0
    while found := deliver(
        db.session, signing_key(settings), allowed=settings.hooks.allowed_networks,
        timeout_s=settings.hooks.timeout_seconds, now=utc_now(), clock=utc_now,
    ):  # fmt: skip
        sent += found
    return {"tried": sent}


@timer("hooks.deliver", seconds=1.0)
def look() -> None:
    now = utc_now()
    if due(db.session, now):
        enqueue(db.session, "hooks.deliver", title="Deliver webhooks", arguments={}, now=now, coalesce=True)
        db.session.commit()
    else:
        db.session.rollback()


@job("hooks.digest")
def digest(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    settings: Settings = current_app.config["TANDEM"]
    written = mail_news(db.session, settings.mail, now=utc_now())
    db.session.commit()
    return {"mails": written}


@timer("hooks.digest", seconds=300.0)
def look_for_news() -> None:
    now = utc_now()
    if anything_new(db.session, now):
        enqueue(db.session, "hooks.digest", title="News by mail", arguments={}, now=now, coalesce=True)
        db.session.commit()
    else:
        db.session.rollback()
