"""The job that tells the edge what is stopped, and the timer that sees to it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from flask import current_app

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.jobs.progress import Progress
from app.jobs.registry import job, timer
from app.routing.edge_control import EdgeUnreachable, send
from app.routing.service.place_stop import announce_state
from app.routing.state import PUSH, desired, digest, last_push

TRIES = 5
FIRST_PAUSE_S = 0.2
RETRY_AFTER = timedelta(seconds=30)


@job(PUSH)
def push(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Send what the database wants now; the same again changes nothing at the edge."""
    settings: Settings = current_app.config["TANDEM"]
    command = desired(db.session, utc_now())
    db.session.rollback()
    pause = FIRST_PAUSE_S
    for attempt in range(1, TRIES + 1):
        progress(attempt, TRIES, "telling the edge")
        try:
            answer = send(settings, [command])
            break
        except EdgeUnreachable:
            if attempt == TRIES:
                raise
            time.sleep(pause)
            pause *= 2
    return {"digest": digest(command), "generation": answer.get("generation")}


@timer("state.follow", seconds=2.0)
def follow_state() -> None:
    """When the database wants another state than was pushed last, ask for a push; a failed one is tried again."""
    now = utc_now()
    command = desired(db.session, now)
    last = last_push(db.session)
    wanted = any(value for name, value in command.items() if name != "do")
    if last is None:
        due = wanted
    elif last.state == "failed":
        due = last.finished_at is None or now - last.finished_at >= RETRY_AFTER
    else:
        due = last.arguments.get("digest") != digest(command)
    if due:
        announce_state(db.session, now=now)
        db.session.commit()
    else:
        db.session.rollback()
