"""One move of something that has a life: legal by the table, taken by exactly one of those who try, a row and audited."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import plain, record
from app.deals.machine import IllegalMove, Move, legal
from app.deals.models import Agreement, AgreementVersion, Deal, DealStep, Rfq
from app.hooks.service.tell import tell
from app.security.actor import Actor

Subject = Rfq | Deal | Agreement | AgreementVersion


def take(
    session: Session, who: Actor, subject: Subject, action: str, *, side: str, now: datetime, note: str = "",
    terms: dict[str, Any] | None = None, **values: Any,
) -> Move:  # fmt: skip
    """Compare and set on state and revision, then the step and the audit event, all in the caller's transaction.

    `side`: buyer, seller or system. `values` are columns set with the move. Raises IllegalMove, also for the one of
    two at the same time who comes second. The companies of both sides find the event in their own logs.
    """
    kind = type(subject)
    name = str(kind.__tablename__)
    turn = subject.turn if isinstance(subject, Deal) else ""
    move = legal(name, action, subject.state, side=side, turn=turn)
    seen, revision = subject.state, subject.revision + 1
    result = session.execute(
        sa.update(kind)
        .where(kind.id == subject.id, kind.state == seen, kind.revision == subject.revision)
        .values(state=move.target, revision=revision, **values)
        .execution_options(synchronize_session=False)
    )
    session.refresh(subject)
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise IllegalMove(
            f"Somebody else was faster: it is {subject.state} now.",
            hint="Reload the page to see how it stands.",
        )
    write_step(
        session, who, subject, move, side=side, before=seen, now=now, note=note, terms=terms, values=values
    )
    return move


def begin(
    session: Session, who: Actor, subject: Subject, action: str, *, side: str, now: datetime, note: str = "",
    terms: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """The first step of a new one: adds it, flushes it, writes the step and the audit."""
    name = str(type(subject).__tablename__)
    move = legal(name, action, "", side=side)
    subject.state, subject.revision = move.target, 0
    session.add(subject)
    session.flush()
    write_step(session, who, subject, move, side=side, before="", now=now, note=note, terms=terms, values={})


def write_step(
    session: Session, who: Actor, subject: Subject, move: Move, *, side: str, before: str, now: datetime, note: str,
    terms: dict[str, Any] | None, values: dict[str, Any],
) -> None:  # fmt: skip
    name = str(type(subject).__tablename__)
    session.add(DealStep(
        subject=name, subject_id=subject.id, action=move.action, side=side, user_id=who.user_id, from_state=before,
        to_state=move.target, revision=subject.revision, terms=terms, note=note, at=now,
    ))  # fmt: skip
    after = {"state": move.target, "revision": subject.revision, "side": side, **plain(values)}
    if note:
        after["note"] = note
    _tell_sides(session, subject, name, move, side, now)
    record(
        session, who, action=f"{name}.{move.action}", obj=subject, before={"state": before} if before else {},
        after=after, now=now,
    )  # fmt: skip


def _tell_sides(session: Session, subject: Subject, name: str, move: Move, side: str, now: datetime) -> None:
    """News for both sides, by side and never by name: an anonymous buyer stays one."""
    whole = subject.agreement if isinstance(subject, AgreementVersion) else subject
    page, what = {
        "rfq": (f"/rfqs/{whole.id}", f"Request {whole.id}"), "deal": (f"/deals/{whole.id}", f"Deal {whole.id}"),
    }.get(name, (f"/agreements/{whole.id}", f"Agreement {whole.id}"))  # fmt: skip
    data: dict[str, Any] = {
        f"{name}_id": subject.id,
        "state": move.target,
        "revision": subject.revision,
        "side": side,
    }
    if isinstance(subject, AgreementVersion):
        data |= {"agreement_id": subject.agreement_id, "version": subject.number}
    by = "the exchange" if side == "system" else f"the {side}"
    companies = [whole.buyer_id] if isinstance(whole, Rfq) else [whole.buyer_id, whole.seller_id]
    for company_id in companies:
        tell(
            session,
            company_id,
            f"{name}.{move.action}",
            f"{what}: {by} {move.past}",
            href=page,
            data=data,
            now=now,
        )
