"""Walks the chain and names every row that was edited, deleted, inserted or swapped."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent, AuditHead
from app.audit.record import GENESIS, event_hash


@dataclass(frozen=True)
class ChainFault:
    """`event_id` is the row at which the fault shows; None for the end of the chain."""

    event_id: int | None
    text: str


def verify_chain(session: Session) -> list[ChainFault]:
    """Every fault, oldest first; empty when the chain is whole."""
    faults: list[ChainFault] = []
    previous, count = GENESIS, 0
    for event in session.scalars(
        sa.select(AuditEvent).order_by(AuditEvent.id).execution_options(yield_per=1000)
    ):
        count += 1
        if event.prev_hash != previous:
            faults.append(ChainFault(event.id, f"event {event.id} does not follow the one before it"))
        if event_hash(event.prev_hash, event) != event.hash:
            faults.append(ChainFault(event.id, f"event {event.id} was edited after it was written"))
        previous = event.hash
    head = session.get_one(AuditHead, 1, populate_existing=True)
    if head.hash != previous or head.events != count:
        faults.append(
            ChainFault(
                None, f"the log holds {count} events, its head says {head.events}: the tail was cut or grown"
            )
        )
    return faults
