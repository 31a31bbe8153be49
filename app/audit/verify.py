"""Walks the chain and names every event that was edited, deleted, inserted or swapped.

Each event seals the one before: `prev_hash` is that one's hash. Sorted by that seal, the chain the writers made can be
followed whatever the row numbers say now, so each kind of tampering has its own name.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent, AuditHead
from app.audit.record import GENESIS, event_hash


@dataclass(frozen=True)
class ChainFault:
    """`event_id` is the row at which the fault shows, None for the end of the chain; `kind` is edited, deleted,
    inserted, swapped, or cut (the tail)."""

    event_id: int | None
    kind: str
    text: str


@dataclass(frozen=True)
class _Link:
    id: int
    prev: str
    hash: str
    whole: bool  # the hash is that of the fields


def verify_chain(session: Session) -> list[ChainFault]:
    """Every fault in the order of the rows; empty when the chain is whole."""
    links = [
        _Link(event.id, event.prev_hash, event.hash, event_hash(event.prev_hash, event) == event.hash)
        for event in session.scalars(
            sa.select(AuditEvent).order_by(AuditEvent.id).execution_options(yield_per=1000)
        )
    ]
    head = session.get_one(AuditHead, 1, populate_existing=True)
    faults = _edited(links)
    if not _in_order(links, head):
        faults += _torn(links, head)
    return sorted(faults, key=lambda fault: (fault.event_id is None, fault.event_id or 0))


def _edited(links: list[_Link]) -> list[ChainFault]:
    return [
        ChainFault(link.id, "edited", f"event {link.id} was edited after it was written")
        for link in links
        if not link.whole
    ]


def _in_order(links: list[_Link], head: AuditHead) -> bool:
    previous = GENESIS
    for link in links:
        if link.prev != previous:
            return False
        previous = link.hash
    return head.hash == previous and head.events == len(links)


def _torn(links: list[_Link], head: AuditHead) -> list[ChainFault]:
    """What is not in its place: follows the seals back from the head, which no row holds."""
    by_hash = {link.hash: link for link in links}
    chain: list[_Link] = []
    seen: set[int] = set()
    missing = 0
    faults: list[ChainFault] = []
    at = head.hash
    if at not in by_hash and at != GENESIS:
        last = links[-1].id if links else 0
        missing = head.events - len(links)
        what = (
            f"{missing} events after it were deleted" if missing > 0 else "what the head names is not there"
        )
        faults.append(ChainFault(None, "cut", f"the log ends at event {last} but its head does not: {what}"))
        at = _last_end(links)
    while at != GENESIS:
        link = by_hash.get(at)
        if link is None or link.id in seen:
            # The seal names nothing: what stood before the last link is gone. Go on at the piece that ends there.
            gap = chain[-1].id if chain else None
            faults.append(
                ChainFault(gap, "deleted", f"before event {gap} one or more events were deleted or rewritten")
            )
            left = [one for one in links if one.id not in seen and (gap is None or one.id < gap)]
            if not left:
                break
            at = _last_end(left)
            continue
        seen.add(link.id)
        chain.append(link)
        at = link.prev
    chain.reverse()
    faults += [
        ChainFault(link.id, "inserted", f"event {link.id} was inserted: no event and not the head seals it")
        for link in links
        if link.id not in seen
    ]
    place = sorted(link.id for link in chain)
    faults += [
        ChainFault(
            link.id, "swapped", f"event {link.id} was swapped: by its seal it was written as number {number}"
        )
        for number, (link, id_) in enumerate(zip(chain, place, strict=True), start=1)
        if link.id != id_
    ]
    return faults


def _last_end(links: list[_Link]) -> str:
    """The hash of the newest link that no other seals."""
    sealed = {link.prev for link in links}
    ends = [link for link in links if link.hash not in sealed]
    return max(ends, key=lambda link: link.id).hash if ends else GENESIS
