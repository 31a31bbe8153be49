"""Stop an offer, a destination or a customer at once, and lift it again."""

from __future__ import annotations

import re
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.jobs.service import enqueue
from app.routing.models import STOP_KINDS, RoutingStop
from app.routing.state import PUSH, desired, digest, side_of, target_names
from app.security.actor import Actor


def place_stop(
    session: Session, actor: Actor, *, kind: str, target_id: int, code: str, reason: str, now: datetime
) -> RoutingStop:
    """Returns the stop (flushed); the edge is told by a job of the same transaction."""
    if not actor.is_operator:
        raise Forbidden("Only the operator stops routes.")
    if kind not in STOP_KINDS:
        raise Invalid(f"There is no stop called {kind}.", hint=f"One of {', '.join(STOP_KINDS)}.")
    if (side_of(kind), target_id) not in target_names(session):
        raise NotFound(f"There is no such {side_of(kind)}.")
    if kind == "block" and not re.fullmatch(r"[0-9]{1,15}", code):
        raise Invalid(f"{code[:80]!r} is not a dial code.", hint="Digits only, with the country code: 8816.")
    code = code if kind == "block" else ""
    if not reason.strip():
        raise Invalid("A stop needs a reason.", hint="Say why: whoever lifts it reads it.")
    same = sa.select(RoutingStop.id).where(
        RoutingStop.kind == kind, RoutingStop.target_id == target_id, RoutingStop.code == code
    )
    if session.scalar(same) is not None:
        raise Conflict("This is stopped already.")
    stop = RoutingStop(
        kind=kind,
        target_id=target_id,
        code=code,
        reason=reason.strip()[:200],
        set_by=actor.user_id,
        created_at=now,
    )
    session.add(stop)
    session.flush()
    after = {"kind": kind, "target_id": target_id, "code": code, "reason": stop.reason}
    record(session, actor, action="routing_stop.place", obj=stop, after=after, now=now)
    announce_state(session, now=now)
    return stop


def lift_stop(session: Session, actor: Actor, stop_id: int, *, now: datetime) -> RoutingStop:
    if not actor.is_operator:
        raise Forbidden("Only the operator lifts stops.")
    stop = session.get(RoutingStop, stop_id)
    if stop is None:
        raise NotFound("This stop is lifted already.")
    before = {"kind": stop.kind, "target_id": stop.target_id, "code": stop.code, "reason": stop.reason}
    record(session, actor, action="routing_stop.lift", obj=stop, before=before, now=now)
    session.delete(stop)
    session.flush()
    announce_state(session, now=now)
    return stop


def announce_state(session: Session, *, now: datetime) -> None:
    """Ask the worker to tell the edge; several wishes at once become one."""
    enqueue(
        session, PUSH, title="Tell the edge the routing state", arguments={"digest": digest(desired(session, now))}, now=now,
        coalesce=True,
    )  # fmt: skip
