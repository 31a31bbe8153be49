"""Jobs of test calls, and the timers that see to them: place, hang up, read the edge's log, run schedules, tell the edge."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.calls import edge
from app.calls.models import TestCall
from app.calls.service.cancel_call import HANG_UP
from app.calls.service.end_unplaced import end_unplaced
from app.calls.service.forget_files import forget_files
from app.calls.service.import_records import has_news, import_records
from app.calls.service.keep_schedule import due_schedules, run_schedule
from app.calls.service.order_calls import PLACE
from app.calls.service.place_call import due_calls, place_call
from app.calls.service.tell_edge import TELL, digest, lists_for
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.jobs.models import Job
from app.jobs.progress import Progress
from app.jobs.registry import job, timer
from app.jobs.service import LIVE, enqueue
from app.routing.edge_control import EdgeUnreachable

IMPORT, SCHEDULE, LOST, FORGET = "calls.import_tests", "calls.schedule", "calls.lost", "calls.forget"
RETRY_AFTER = timedelta(seconds=30)
LOST_AFTER = timedelta(minutes=5)
_started = utc_now()


def settings() -> Settings:
    found: Settings = current_app.config["TANDEM"]
    return found


def log_directory() -> Path:
    return settings().calls_dir


@job(PLACE)
def place(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Hand every due call to the edge."""
    states: dict[str, int] = {}
    for call_id in due_calls(db.session, utc_now()):
        state = place_call(db.session, settings(), call_id, now=utc_now())
        states[state] = states.get(state, 0) + 1
    return states


@timer(PLACE, seconds=1.0)
def look_for_calls() -> None:
    _enqueue_if(bool(due_calls(db.session, utc_now())), PLACE, "Place test calls")


@job(HANG_UP)
def hang_up(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The record tells how the call ended; an unknown one has ended long ago."""
    try:
        answer = edge.hang_up(settings(), str(arguments["ref"]))
    except edge.EdgeRefused as refused:
        return {"refused": refused.why}
    return {"state": answer.get("state")}


@job(IMPORT)
def take_records(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return import_records(db.session, settings(), log_directory(), now=utc_now())


@timer(IMPORT, seconds=0.5)
def look_for_records() -> None:
    directory = log_directory()
    _enqueue_if(
        directory.is_dir() and has_news(db.session, directory), IMPORT, "Take the records of test calls"
    )


@job(SCHEDULE)
def order_due(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Each in a transaction of its own."""
    ordered = 0
    for schedule_id in due_schedules(db.session, utc_now()):
        ordered += bool(run_schedule(db.session, settings(), schedule_id, now=utc_now()))
        db.session.commit()
    return {"ordered": ordered}


@timer(SCHEDULE, seconds=5.0)
def look_at_schedules() -> None:
    _enqueue_if(bool(due_schedules(db.session, utc_now())), SCHEDULE, "Order scheduled test calls")


@job(TELL)
def tell(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """What the database wants now; the same again changes nothing at the edge."""
    lists = lists_for(db.session, settings(), utc_now())
    db.session.rollback()
    try:
        edge.tell(settings(), lists)
    except EdgeUnreachable:
        # It hears of it when it is there again; the health of the edge is told elsewhere.
        return {"off": "edge_unreachable"}
    except edge.EdgeRefused as refused:
        if refused.why != "sip_off" and not refused.passing:
            raise
        return {"off": refused.why}
    return {"digest": digest(lists)}


@timer(TELL, seconds=2.0)
def follow_lists() -> None:
    """Tell when the database wants other lists than were told last, and once after every start of a worker. Without SIP
    there is nobody to tell."""
    if not settings().sip.listen:
        return
    now = utc_now()
    wanted = digest(lists_for(db.session, settings(), now))
    newest = sa.select(Job).where(Job.kind == TELL).order_by(Job.created_at.desc(), Job.id.desc()).limit(1)
    last = db.session.scalars(newest).first()
    db.session.rollback()
    if last is not None and last.state in LIVE:
        return
    due = last is None or last.created_at < _started or (last.result or {}).get("digest") != wanted
    stale = last is not None and ((last.result or {}).get("off") or last.state != "done")
    if stale and last is not None:
        due = now - (last.finished_at or now) >= RETRY_AFTER
    _enqueue_if(due, TELL, "Tell the edge what may be tested")


@job(LOST)
def find_lost(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Calls that should have ended long ago: their record is still to come, or the edge has lost them with its directory."""
    lost = 0
    for call_id, ref in _overdue(utc_now()):
        try:
            edge.watch(settings(), ref)
        except edge.EdgeRefused as refused:
            if refused.why == "unknown_call":
                why = "The edge knows nothing of this call; its record was lost."
                lost += end_unplaced(
                    db.session, call_id, "failed", why, now=utc_now(), from_states=("placed",)
                )
                db.session.commit()
        except EdgeUnreachable:
            break
    return {"lost": lost}


@timer(LOST, seconds=60.0)
def look_for_lost() -> None:
    _enqueue_if(bool(_overdue(utc_now())), LOST, "Look for lost test calls")


def _overdue(now: datetime) -> list[tuple[int, str]]:
    placed = sa.select(TestCall).where(TestCall.state == "placed", TestCall.placed_at < now - LOST_AFTER)
    found = []
    for call in db.session.scalars(placed.order_by(TestCall.id).limit(200)):
        longest = timedelta(
            seconds=call.wishes.get("max_seconds", 3_600) + call.wishes.get("ring_seconds", 180)
        )
        if call.placed_at is not None and now - call.placed_at > longest + LOST_AFTER:
            found.append((call.id, call.ref))
    return found


@job(FORGET)
def forget(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return forget_files(db.session, settings(), now=utc_now())


@timer(FORGET, seconds=600.0)
def look_for_old() -> None:
    """Once a day."""
    now = utc_now()
    recent = sa.exists().where(
        Job.kind == FORGET, sa.or_(Job.state.in_(LIVE), Job.created_at > now - timedelta(days=1))
    )
    _enqueue_if(not db.session.scalar(sa.select(recent)), FORGET, "Let old recordings go")


def _enqueue_if(due: bool, kind: str, title: str) -> None:
    """A job of the kind, unless one waits or runs: these take all there is to do."""
    if due and not db.session.scalar(sa.select(sa.exists().where(Job.kind == kind, Job.state.in_(LIVE)))):
        enqueue(db.session, kind, title=title, now=utc_now(), coalesce=True)
        db.session.commit()
    else:
        db.session.rollback()
