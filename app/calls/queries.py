"""Reads of test calls: each company its own, the operator all. Names are what the asker may read (app/carriers/sight.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.calls.models import (
    OPEN_STATES,
    OwnNumber,
    TestCall,
    TestEvent,
    TestFile,
    TestMedia,
    TestSchedule,
    TestTicket,
)
from app.calls.products import Named, names_of
from app.calls.words import CLI_KEPT
from app.carriers.models import Company, CustomerTrunk
from app.errors import NotFound
from app.security.actor import Actor

PAGE = 50
GONE = Named(0, "–", "–", "", 0)


@dataclass(frozen=True)
class CallRow:
    """One line of a list. Money of the base currency."""

    id: int
    ref: str
    batch: str
    mode: str
    company: str
    product_id: int | None
    seller: str
    product: str
    route_class: str
    number: str
    code: str
    destination: str
    caller: str
    own: bool
    state: str
    why: str
    outcome: str
    sip_code: int | None
    phrase: str
    cause: int | None
    released_by: str
    pdd_ms: int | None
    ringing_ms: int | None
    answered_ms: int | None
    talk_ms: int | None
    mos_milli: int | None
    loss_ppm: int | None
    jitter_us: int | None
    cli: str
    verdict: str
    finding: str
    cost: Decimal | None
    currency: str
    cost_base: Decimal | None
    created_at: datetime
    ended_at: datetime | None

    @property
    def live(self) -> bool:
        return self.state in OPEN_STATES


@dataclass(frozen=True)
class Filter:
    """Empty: everything. `words` matches the number's beginning."""

    words: str = ""
    product_id: int | None = None
    verdict: str = ""
    state: str = ""
    batch: str = ""
    schedule_id: int | None = None
    ticket_id: int | None = None


def call_of(session: Session, who: Actor, call_id: int) -> TestCall:
    """Raises NotFound, also for another company's."""
    found = session.get(TestCall, call_id)
    if found is None or (found.company_id != who.company_id and not who.is_operator):
        raise NotFound("There is no such test call.")
    return found


def ticket_of(session: Session, who: Actor, ticket_id: int) -> TestTicket:
    """The buyer's, or one that this company issued. Raises NotFound."""
    found = session.get(TestTicket, ticket_id)
    mine = found is not None and who.company_id in (found.company_id, found.issuer_id)
    if found is None or not (mine or who.is_operator):
        raise NotFound("There is no such ticket.")
    return found


def schedule_of(session: Session, who: Actor, schedule_id: int) -> TestSchedule:
    found = session.get(TestSchedule, schedule_id)
    if found is None or (found.company_id != who.company_id and not who.is_operator):
        raise NotFound("There is no such schedule.")
    return found


def calls(
    session: Session, who: Actor, chosen: Filter, *, after: int | None = None, limit: int | None = PAGE
) -> list[CallRow]:
    """Newest first; `after` is the id of the last one of the page before."""
    wanted = sa.select(TestCall, Company.name).join(Company, Company.id == TestCall.company_id)
    if not who.is_operator:
        wanted = wanted.where(TestCall.company_id == who.company_id)
    if chosen.words:
        wanted = wanted.where(TestCall.number.startswith(chosen.words, autoescape=True))
    for column, value in (
        (TestCall.product_id, chosen.product_id), (TestCall.schedule_id, chosen.schedule_id), (TestCall.ticket_id, chosen.ticket_id),
        (TestCall.batch, chosen.batch or None), (TestCall.verdict, chosen.verdict or None), (TestCall.state, chosen.state or None),
    ):  # fmt: skip
        if value is not None:
            wanted = wanted.where(column == value)
    if after is not None:
        wanted = wanted.where(TestCall.id < after)
    rows = session.execute(wanted.order_by(TestCall.id.desc()).limit(limit)).all()
    names = names_of(session, who, {call.product_id for call, _ in rows if call.product_id is not None})
    return [_row(call, company, names) for call, company in rows]


def call_row(session: Session, who: Actor, call: TestCall) -> CallRow:
    names = names_of(session, who, [call.product_id] if call.product_id is not None else [])
    return _row(call, call.company.name, names)


def _row(call: TestCall, company: str, names: dict[int, Named]) -> CallRow:
    name = names.get(call.product_id or 0, GONE)
    return CallRow(
        **{column: getattr(call, column) for column in _PLAIN}, company=company, seller=name.seller, product=name.product,
        route_class=name.route_class,
    )  # fmt: skip


_PLAIN = tuple(
    name
    for name in CallRow.__dataclass_fields__
    if name not in ("company", "seller", "product", "route_class")
)


def events(session: Session, call_id: int) -> list[dict[str, Any]]:
    """In order, flat, as the edge tells them."""
    rows = session.scalars(sa.select(TestEvent).where(TestEvent.call_id == call_id).order_by(TestEvent.n))
    return [{"n": r.n, "at_us": r.at_us, "event": r.event, "side": r.side or None, **r.fields} for r in rows]


def media(session: Session, call_id: int) -> dict[str, TestMedia]:
    rows = session.scalars(sa.select(TestMedia).where(TestMedia.call_id == call_id).order_by(TestMedia.side))
    return {row.side: row for row in rows}


def files(session: Session, call_id: int) -> list[TestFile]:
    return list(session.scalars(sa.select(TestFile).where(TestFile.call_id == call_id).order_by(TestFile.id)))


def file_of(session: Session, who: Actor, call_id: int, file_id: int) -> TestFile:
    """Raises NotFound."""
    call = call_of(session, who, call_id)
    found = session.get(TestFile, file_id)
    if found is None or found.call_id != call.id:
        raise NotFound("There is no such file.")
    return found


def own_numbers(session: Session) -> list[OwnNumber]:
    return list(session.scalars(sa.select(OwnNumber).where(OwnNumber.enabled).order_by(OwnNumber.number)))


@dataclass(frozen=True)
class TicketRow:
    """`issued`: by this company itself, by the seller or by the buyer."""

    id: int
    code: str
    buyer: str
    seller: str
    product: str
    product_id: int
    trunk: str
    codes: list[str]
    state: str
    used_calls: int
    max_calls: int
    max_concurrent: int
    max_seconds: int
    used_seconds: int
    total_seconds: int
    max_rate: Decimal | None
    used_spend: Decimal
    spend: Decimal
    note: str
    created_at: datetime
    expires_at: datetime
    guarded: bool


def tickets(
    session: Session, who: Actor, now: datetime, *, after: int | None = None, limit: int | None = PAGE, ticket_id: int | None = None
) -> list[TicketRow]:  # fmt: skip
    wanted = sa.select(TestTicket, Company.name, CustomerTrunk.name).join(
        Company, Company.id == TestTicket.company_id
    )
    wanted = wanted.join(CustomerTrunk, CustomerTrunk.id == TestTicket.trunk_id)
    if not who.is_operator:
        wanted = wanted.where(
            sa.or_(TestTicket.company_id == who.company_id, TestTicket.issuer_id == who.company_id)
        )
    if after is not None:
        wanted = wanted.where(TestTicket.id < after)
    if ticket_id is not None:
        wanted = wanted.where(TestTicket.id == ticket_id)
    rows = session.execute(wanted.order_by(TestTicket.id.desc()).limit(limit)).all()
    names = names_of(session, who, {row[0].product_id for row in rows})
    return [
        TicketRow(
            t.id, t.code, buyer, names.get(t.product_id, GONE).seller, names.get(t.product_id, GONE).product, t.product_id,
            trunk if t.company_id == who.company_id or who.is_operator else "", list(t.codes), t.state(now), t.used_calls,
            t.max_calls, t.max_concurrent, t.max_seconds, t.used_seconds, t.total_seconds, t.max_rate, t.used_spend, t.spend,
            t.note, t.created_at, t.expires_at, t.guarded,
        )
        for t, buyer, trunk in rows
    ]  # fmt: skip


@dataclass(frozen=True)
class ScheduleRow:
    id: int
    number: str
    caller: str
    products: str
    seconds: int
    every_minutes: int
    enabled: bool
    next_at: datetime
    until: datetime | None
    runs: int
    last_batch: str
    last_fault: str


def schedules(
    session: Session, who: Actor, *, after: int | None = None, limit: int | None = PAGE
) -> list[ScheduleRow]:
    wanted = sa.select(TestSchedule)
    if not who.is_operator:
        wanted = wanted.where(TestSchedule.company_id == who.company_id)
    if after is not None:
        wanted = wanted.where(TestSchedule.id < after)
    rows = session.scalars(wanted.order_by(TestSchedule.id.desc()).limit(limit)).all()
    names = names_of(session, who, {product_id for row in rows for product_id in row.product_ids})
    return [
        ScheduleRow(
            r.id, r.number, r.caller, "; ".join(names[p].label for p in r.product_ids if p in names), r.seconds,
            r.every_minutes, r.enabled, r.next_at, r.until, r.runs, r.last_batch, r.last_fault,
        )
        for r in rows
    ]  # fmt: skip


@dataclass(frozen=True)
class History:
    """Sums of one company's own test calls through one product. Ratios are made where they are shown."""

    attempts: int
    answered: int
    suspected: int
    pdd_ms: int | None  # median
    mos_milli: int | None  # mean
    cli_samples: int
    cli_kept: int


def history(rows: Sequence[CallRow]) -> History:
    done = [row for row in rows if row.state == "done"]
    pdds = sorted(row.pdd_ms for row in done if row.pdd_ms is not None)
    scores = [row.mos_milli for row in done if row.mos_milli is not None]
    return History(
        len(done), sum(row.outcome == "answered" for row in done), sum(row.verdict == "suspect" for row in done),
        pdds[len(pdds) // 2] if pdds else None, sum(scores) // len(scores) if scores else None,
        sum(bool(row.cli) for row in done), sum(row.cli in CLI_KEPT for row in done),
    )  # fmt: skip
