"""A call that never took place: what was set aside for it is given back, once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.calls.limits import settle
from app.calls.models import OwnNumber, TestCall


def end_unplaced(
    session: Session,
    call_id: int,
    state: str,
    why: str,
    *,
    now: datetime,
    from_states: tuple[str, ...] = ("queued",),
) -> bool:
    """`refused`, `cancelled` or `failed`; False where the call is not in `from_states` any more. The caller commits."""
    moved = session.execute(
        sa.update(TestCall)
        .where(TestCall.id == call_id, TestCall.state.in_(from_states))
        .values(state=state, why=why[:300], ended_at=now)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        return False
    call = session.get_one(TestCall, call_id, populate_existing=True)
    settle(session, call.company_id, call.day, reserved=call.reserved, cost=Decimal(0))
    free_number(session, call.ref)
    return True


def free_number(session: Session, ref: str) -> None:
    """Our own number that waited for this call may be called by others."""
    session.execute(
        sa.update(OwnNumber)
        .where(OwnNumber.busy_ref == ref)
        .values(busy_ref=None, busy_until=None)
        .execution_options(synchronize_session=False)
    )
