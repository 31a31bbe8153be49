"""Cancel a test call: at once while it waits, else the edge hangs up and the record says how it ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.audit.record import record
from app.calls.models import TestCall
from app.calls.queries import call_of
from app.calls.service.end_unplaced import end_unplaced
from app.errors import Conflict
from app.jobs.service import enqueue
from app.security.actor import Actor

HANG_UP = "calls.hang_up"


def cancel_call(session: Session, who: Actor, call_id: int, *, now: datetime) -> TestCall:
    """Raises NotFound, Conflict when it has ended. The caller commits."""
    call = call_of(session, who, call_id)
    if not call.live:
        raise Conflict("The call has ended already.")
    record(session, who, action="test_call.cancel", obj=call, before={"state": call.state}, now=now)
    call.cancel_requested = True
    session.flush()
    if not end_unplaced(session, call.id, "cancelled", "It was cancelled.", now=now):
        enqueue(
            session, HANG_UP, title="Hang up a test call", arguments={"ref": call.ref}, company_id=call.company_id,
            created_by=who.user_id, now=now, coalesce=True,
        )  # fmt: skip
    session.refresh(call)
    return call
