"""A call as it stands now: while it runs as the edge tells it, afterwards as it was recorded."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.calls import edge
from app.calls.ladder import Ladder, draw
from app.calls.models import TestCall
from app.calls.queries import events
from app.config import Settings
from app.errors import DomainError

PHASES = {
    "accepted": "accepted", "calling": "calling", "ringing": "ringing", "talking": "talking", "ending": "hanging up",
    "ended": "writing the record",
}  # fmt: skip


@dataclass(frozen=True)
class Now:
    """`phase` in words while the call lives; `mos_milli` so far; `seconds` of talk so far; `fault`: why the edge is silent."""

    ladder: Ladder
    phase: str
    mos_milli: int | None
    seconds: int | None
    fault: str = ""


def look(session: Session, settings: Settings, call: TestCall) -> Now:
    if not call.live:
        return Now(draw(events(session, call.id), call.mode, own=call.own), "", call.mos_milli, None)
    if call.state == "queued":
        return Now(draw([], call.mode, own=call.own), "waits for the edge", None, None, call.why)
    try:
        told = edge.watch(settings, call.ref)
    except DomainError as silent:
        return Now(draw([], call.mode, own=call.own), "under way", None, None, silent.message)
    found = [one for one in told.get("events") or [] if isinstance(one, dict) and "at_us" in one]
    heard = [one for one in found if one.get("event") == "second" and one.get("side") == "b"]
    answered = any(one.get("event") == "answered" and one.get("side") == "b" for one in found)
    state = str(told.get("state") or "")
    return Now(
        draw(found, call.mode, own=call.own), PHASES.get(state, state), heard[-1].get("mos_milli") if heard else None,
        len(heard) if answered else None,
    )  # fmt: skip
