"""From the edge's log into the database: one line after the other, once each, whatever is killed in between.

The cursor moves in the transaction of the rows it read past. A record of a call that has its record is left alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from app.audit.record import record as audit
from app.calls import records
from app.calls.files import DamagedFile, inside, take_over
from app.calls.limits import reserve_anyway, settle
from app.calls.log import Line, Place, lines_after
from app.calls.models import OPEN_STATES, LogCursor, TestCall, TestEvent, TestFile, TestMedia, TestTicket
from app.calls.price import NotCallable, cost_of, quote, to_base
from app.calls.service.count_tests import count_tests
from app.calls.service.end_unplaced import free_number
from app.calls.words import OUTCOMES, finding_name
from app.carriers.models import Company, Product
from app.config import Settings
from app.errors import DomainError
from app.hooks.service.tell import tell
from app.routing.gather import fx_rates
from app.security.actor import system_actor

log = structlog.get_logger("calls")
BATCH = 50
ZERO = Decimal(0)


def import_records(
    session: Session,
    settings: Settings,
    directory: Path,
    *,
    now: datetime,
    save: Callable[[], None] | None = None,
) -> dict[str, int]:
    """Everything finished in the log after the cursor; commits every few lines. Counts of what was done."""
    save = save or session.commit
    counts = {"begun": 0, "done": 0, "known": 0, "faults": 0}
    cursor = _cursor(session, directory)
    pending = 0
    for line in lines_after(directory, Place(cursor.file, cursor.offset)):
        counts[_take(session, settings, directory, line, now)] += 1
        cursor.file, cursor.offset = line.next.file, line.next.offset
        if line.words is not None and isinstance(line.words.get("seq"), int):
            cursor.seq = line.words["seq"]
        pending += 1
        if pending == BATCH:
            save()
            pending = 0
    cursor.faults += counts["faults"]
    save()
    return counts


def has_news(session: Session, directory: Path) -> bool:
    """Whether a whole line waits in the log."""
    cursor = session.scalar(sa.select(LogCursor).where(LogCursor.directory == str(directory)))
    place = Place(cursor.file, cursor.offset) if cursor else Place()
    return next(iter(lines_after(directory, place)), None) is not None


def _cursor(session: Session, directory: Path) -> LogCursor:
    found = session.scalar(
        sa.select(LogCursor).where(LogCursor.directory == str(directory)).with_for_update()
    )
    if found is None:
        found = LogCursor(directory=str(directory), file="", offset=0, seq=0, faults=0)
        session.add(found)
        session.flush()
    return found


def _take(session: Session, settings: Settings, directory: Path, line: Line, now: datetime) -> str:
    """begun | done | known | faults. A line that cannot be read is told to the log and passed over: it must not stop the others."""
    words = line.words
    try:
        if words is None or not isinstance(words.get("call"), str):
            raise ValueError("no JSON object with a call")
        with session.begin_nested():
            if words.get("kind") == "begin":
                return "begun" if _begin(session, settings, words, now) else "known"
            if words.get("kind") == "record":
                return "done" if _record(session, settings, directory, words, now) else "known"
            raise ValueError(f"unknown kind {words.get('kind')!r}")
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        log.error("a line of the record log was passed over", fault=str(fault), line=line.text)
        return "faults"


def _begin(session: Session, settings: Settings, words: dict[str, Any], now: datetime) -> bool:
    call = _call_of(session, words["call"])
    if call is None:
        _stranger(session, settings, words, now)
        return True
    if call.state == "queued":  # killed between the edge's answer and our commit
        call.state, call.placed_at = "placed", now
    if call.begun_at is None:
        call.begun_at = records.instant(words.get("at_us"))
    session.flush()
    return True


def _record(
    session: Session, settings: Settings, directory: Path, words: dict[str, Any], now: datetime
) -> bool:
    call = _call_of(session, words["call"]) or _stranger(session, settings, words, now)
    if call.state not in OPEN_STATES and call.record:
        return False
    reserved = (
        call.reserved if call.state in OPEN_STATES else ZERO
    )  # given back already where it was ended without a record
    for name, value in records.columns(words).items():
        setattr(call, name, value)
    call.state, call.ended_at = "done", call.ended_at or now
    call.why = "" if call.outcome in OUTCOMES else call.why
    call.record = records.remainder(words)
    _charge(session, settings, call, words, reserved, now)
    if rows := records.events_of(words, call.id):
        session.execute(sa.insert(TestEvent), rows)
    if sides := records.media_of(words, call.id):
        session.execute(sa.insert(TestMedia), sides)
    _take_files(session, settings, directory, call, words)
    free_number(session, call.ref)
    session.flush()
    count_tests(session, settings, call, now=now)
    _announce(session, call, now)
    return True


def _call_of(session: Session, ref: str) -> TestCall | None:
    wanted = sa.select(TestCall).where(TestCall.ref == ref).with_for_update()
    return session.scalar(wanted.execution_options(populate_existing=True))


def _stranger(session: Session, settings: Settings, words: dict[str, Any], now: datetime) -> TestCall:
    """A call that began at the edge: by a ticket, or somebody called a number of ours. It counts against the company's day."""
    company_id = words.get("company_id")
    if company_id is None or session.get(Company, company_id) is None:
        company_id = session.scalar(sa.select(Company.id).where(Company.is_operator).order_by(Company.id))
    if company_id is None:
        raise ValueError("nobody's call, and there is no operator")
    product = session.get(Product, words.get("offer_id") or 0)
    ticket = session.get(TestTicket, words.get("ticket_id") or 0)
    number = str(words.get("number") or "")[:15]
    call = TestCall(
        ref=words["call"], batch="", mode=str(words.get("mode") or "forwarded")[:12], company_id=company_id,
        seller_id=product.company_id if product else None, product_id=product.id if product else None,
        ticket_id=ticket.id if ticket else None, number=number, caller=str(words.get("from") or "")[:15], wishes={},
        state="placed", placed_at=now, terms={}, reserved=ZERO, day=now.date(),
        begun_at=records.instant(words.get("at_us") or words.get("begun_us")), created_at=now,
    )  # fmt: skip
    if product is not None:
        try:
            found = quote(session, settings, product.id, number, now=now)
        except DomainError as fault:
            if not isinstance(fault, NotCallable):
                log.warning("a test call without a price", call=call.ref, fault=fault.message)
        else:
            call.code, call.destination, call.currency = found.code, found.destination[:120], found.currency
            call.terms = {**found.terms, "fx": found.fx}
            call.reserved = found.most(ticket.max_seconds if ticket else 60)
    call.day = reserve_anyway(session, company_id, call.reserved, now=now)
    session.add(call)
    session.flush()
    return call


def _charge(
    session: Session,
    settings: Settings,
    call: TestCall,
    words: dict[str, Any],
    reserved: Decimal,
    now: datetime,
) -> None:
    """At the price the edge saw; without one at the price it was ordered at."""
    priced = records.cost_of_record(words)
    talk_us = words.get("talk_us") if isinstance(words.get("talk_us"), int) else 0
    if priced is not None:
        call.currency, call.cost = priced
        base = settings.lcr.base_currency
        fx = (
            "1"
            if call.currency == base
            else fx_rates(session, base, now).get(call.currency, call.terms.get("fx"))
        )
    elif call.terms:
        terms = {name: value for name, value in call.terms.items() if name != "fx"}
        call.cost, fx = cost_of(terms, -(-int(talk_us or 0) // 1000)), call.terms["fx"]
    else:
        call.cost, fx = ZERO, "1"
    call.cost_base = to_base(call.cost, fx) if fx is not None else ZERO
    settle(session, call.company_id, call.day, reserved=reserved, cost=call.cost_base)
    if call.ticket_id is not None:
        session.execute(
            sa.update(TestTicket)
            .where(TestTicket.id == call.ticket_id)
            .values(
                used_calls=TestTicket.used_calls + 1,
                used_seconds=TestTicket.used_seconds + -(-int(talk_us or 0) // 1_000_000),
                used_spend=TestTicket.used_spend + call.cost_base,
            )
            .execution_options(synchronize_session=False)
        )


def _take_files(
    session: Session, settings: Settings, directory: Path, call: TestCall, words: dict[str, Any]
) -> None:
    """What is damaged or gone is said on the call; the rest of the evidence stands without it."""
    missing = []
    for side, kind, named in records.files_of(words):
        source = inside(directory, str(named["path"]))
        try:
            if source is None:
                raise DamagedFile("its path leads elsewhere")
            size = take_over(settings.evidence_dir, source, str(named.get("sha256") or ""))
        except (OSError, DamagedFile) as fault:
            log.error("a file of a test call is missing", call=call.ref, kind=kind, fault=str(fault))
            missing.append(kind)
            continue
        session.add(TestFile(call_id=call.id, side=side, kind=kind, size_bytes=size, sha256=named["sha256"]))
    if missing:
        call.why = f"Missing of the evidence: {', '.join(missing)}."
    session.flush()


def _announce(session: Session, call: TestCall, now: datetime) -> None:
    what = finding_name(call.finding) if call.finding else OUTCOMES.get(call.outcome, call.outcome)
    tell(
        session, call.company_id, "test.done", f"Test call to {call.number}: {what}", now=now, href=f"/test-calls/{call.id}",
        data={"test_call_id": call.id, "outcome": call.outcome, "verdict": call.verdict, "finding": call.finding},
    )  # fmt: skip
    audit(
        session, system_actor(call.company_id, "edge"), action="test_call.done", obj=call, now=now,
        after={"outcome": call.outcome, "verdict": call.verdict, "cost_base": str(call.cost_base)},
    )  # fmt: skip
