"""Hand a queued call to the edge. Safe to repeat at any point: the edge makes one call of one name."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.calls import edge
from app.calls.models import OwnNumber, TestCall
from app.calls.service.end_unplaced import end_unplaced
from app.config import Settings
from app.routing.edge_control import EdgeUnreachable

PATIENCE = timedelta(minutes=10)
"""So long a call waits for an edge that is away or full; then it has failed."""
LONGEST_PAUSE_S = 30
SPARE = timedelta(seconds=30)


def due_calls(session: Session, now: datetime) -> list[int]:
    wanted = sa.select(TestCall.id).where(TestCall.state == "queued", TestCall.next_try_at <= now)
    return list(session.scalars(wanted.order_by(TestCall.id).limit(100)))


def place_call(session: Session, settings: Settings, call_id: int, *, now: datetime) -> str:
    """The state the call has then. Commits."""
    call = session.get(TestCall, call_id, populate_existing=True)
    if call is None or call.state != "queued":
        session.rollback()
        return "gone"
    if call.own and not _take_number(session, call, now):
        _later(session, call, 2, now)
        session.commit()
        return "queued"
    words, ref = words_of(call), call.ref
    session.commit()  # nothing is locked while the edge is asked
    try:
        answer = edge.order(settings, words)
    except edge.EdgeRefused as refused:
        if refused.passing:
            return _wait_or_fail(session, call_id, refused.message, refused.retry_after_s, now)
        end_unplaced(session, call_id, "refused", refused.message, now=now)
        session.commit()
        return "refused"
    except EdgeUnreachable as away:
        return _wait_or_fail(session, call_id, away.message, 1, now)
    moved = session.execute(
        sa.update(TestCall)
        .where(TestCall.id == call_id, TestCall.state == "queued")
        .values(state="placed", placed_at=now, why="", own=bool(answer.get("far_end")))
        .execution_options(synchronize_session=False)
    )
    session.commit()
    if moved.rowcount != 1:  # type: ignore[attr-defined]  # cancelled meanwhile
        edge.hang_up(settings, ref)
        return "cancelled"
    return "placed"


def words_of(call: TestCall) -> dict[str, Any]:
    """What the edge is told (docs/test-calls.md): equal whenever it is asked again."""
    wishes = call.wishes
    words: dict[str, Any] = {
        "call": call.ref, "number": call.number, "offer_id": call.product_id, "company_id": call.company_id,
        "max_seconds": wishes["max_seconds"], "ring_seconds": wishes["ring_seconds"], "withhold": wishes["withhold"],
        "sign": wishes["sign"], "marker": True, "record": True, "pcap": True,
    }  # fmt: skip
    if call.caller:
        words["from"] = call.caller
    if wishes["keys"]:
        words["keys"] = wishes["keys"]
    return words


def _take_number(session: Session, call: TestCall, now: datetime) -> bool:
    """Our own number waits for one call at a time, so that what comes in is surely this one."""
    until = now + timedelta(seconds=call.wishes["max_seconds"] + call.wishes["ring_seconds"]) + SPARE
    taken = session.execute(
        sa.update(OwnNumber)
        .where(
            OwnNumber.number == call.number,
            sa.or_(OwnNumber.busy_ref.is_(None), OwnNumber.busy_ref == call.ref, OwnNumber.busy_until <= now),
        )
        .values(busy_ref=call.ref, busy_until=until)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def _wait_or_fail(session: Session, call_id: int, why: str, pause_s: int, now: datetime) -> str:
    call = session.get_one(TestCall, call_id, populate_existing=True)
    if call.state == "queued" and now - call.created_at >= PATIENCE:
        end_unplaced(session, call_id, "failed", why, now=now)
        session.commit()
        return "failed"
    call.why = why[:300]
    _later(session, call, pause_s, now)
    session.commit()
    return "queued"


def _later(session: Session, call: TestCall, pause_s: int, now: datetime) -> None:
    call.tries += 1
    call.next_try_at = now + timedelta(seconds=min(LONGEST_PAUSE_S, max(1, pause_s)))
    session.flush()
