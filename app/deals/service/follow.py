"""What time does by itself: deadlines pass, offers run out, documents lapse, trials are judged. Run again it changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import QualityCounter
from app.carriers.service.announce import announce_rights
from app.deals.document import said_quality
from app.deals.machine import IllegalMove
from app.deals.models import Agreement, AgreementVersion, Deal, Rfq
from app.deals.queries import version_at
from app.deals.service.activate import stop
from app.deals.service.open_rfq import end_quotes
from app.deals.service.take import take
from app.deals.terms import Quality, Trial, read_terms
from app.security.actor import Actor, system_actor

UNSIGNED = timedelta(days=30)


def due(session: Session, now: datetime) -> bool:
    """Whether `follow` would do something; reads only."""
    questions = (
        sa.select(Rfq.id).where(Rfq.state == "open", Rfq.deadline <= now),
        sa.select(Deal.id).where(Deal.state.in_(("open", "seconding")), Deal.valid_until <= now),
        sa.select(AgreementVersion.id).where(
            AgreementVersion.state.in_(("proposed", "half")), AgreementVersion.created_at <= now - UNSIGNED
        ),
        _trials(now).with_only_columns(Agreement.id),
        _begun(now).with_only_columns(AgreementVersion.id),
    )
    return any(session.scalar(question.limit(1)) is not None for question in questions)


def follow(session: Session, *, now: datetime) -> int:
    """How many things moved. What somebody else moved at the same time is left alone."""
    moved = 0
    for rfq in session.scalars(
        sa.select(Rfq).where(Rfq.state == "open", Rfq.deadline <= now).order_by(Rfq.id)
    ):
        moved += _take(session, _system(rfq.buyer_id), rfq, "expire", now)
    late = sa.select(Deal).where(Deal.state.in_(("open", "seconding")), Deal.valid_until <= now)
    for deal in session.scalars(late.order_by(Deal.id)):
        moved += _take(session, _system(deal.buyer_id), deal, "expire", now)
    old = sa.select(AgreementVersion).where(
        AgreementVersion.state.in_(("proposed", "half")), AgreementVersion.created_at <= now - UNSIGNED
    )
    for version in session.scalars(old.order_by(AgreementVersion.id)):
        who = _system(version.agreement.buyer_id)
        moved += _take(session, who, version, "lapse", now)
        if version.number == 1:
            moved += _take(session, who, version.agreement, "lapse", now)
    for agreement in session.scalars(_trials(now).order_by(Agreement.id)):
        _judge(session, agreement, now)
        moved += 1
    for version in session.scalars(_begun(now)):
        version.begun = True
        announce_rights(session, f"agreement {version.agreement_id}, version {version.number}", now=now)
        moved += 1
    return moved


def _system(company_id: int) -> Actor:
    return system_actor(company_id, "exchange")


def _take(
    session: Session,
    who: Actor,
    subject: Rfq | Deal | Agreement | AgreementVersion,
    action: str,
    now: datetime,
) -> int:
    try:
        take(session, who, subject, action, side="system", now=now)
    except IllegalMove:
        return 0
    if isinstance(subject, Rfq):
        end_quotes(session, subject, "expire", now=now)
    return 1


def _trials(now: datetime) -> sa.Select[Agreement]:
    return sa.select(Agreement).where(
        Agreement.state == "concluded", Agreement.trial_verdict == "", Agreement.trial_until <= now
    )


def _begun(now: datetime) -> sa.Select[AgreementVersion]:
    """Versions in force whose limits the routes do not know yet."""
    return sa.select(AgreementVersion).where(
        AgreementVersion.state == "signed",
        AgreementVersion.begun.is_(False),
        AgreementVersion.effective_from <= now,
    )


def _judge(session: Session, agreement: Agreement, now: datetime) -> None:
    """Failed: ends now. Too few calls: goes on, both sides read it in the steps and may give notice."""
    version = version_at(session, agreement.id, now)
    trial = read_terms(version.terms).trial if version else None
    verdict = (
        Verdict("passed", "no trial") if trial is None else judge(session, agreement.product_id or 0, trial)
    )
    agreement.trial_verdict = verdict.word
    note = f"Trial {verdict.word.replace('_', ' ')}: {verdict.figures}"
    if verdict.word == "failed":
        stop(
            session, _system(agreement.buyer_id), agreement, "fail", side="system", at=now, note=note, now=now
        )
    else:
        take(
            session,
            _system(agreement.buyer_id),
            agreement,
            "try",
            side="system",
            now=now,
            note=note,
            trial_verdict=verdict.word,
        )


@dataclass(frozen=True)
class Verdict:
    word: str  # passed | failed | too_few
    figures: str


def judge(session: Session, product_id: int, trial: Trial) -> Verdict:
    """The product's own calls against the criteria. MOS and PDD count from 10 samples, ACD from 20 answered calls."""
    q = QualityCounter
    row = session.execute(
        sa.select(*(sa.func.coalesce(sa.func.sum(column), 0) for column in (
            q.attempts, q.answered, q.effective, q.talk_ms, q.pdd_ms_sum, q.pdd_samples,
        ))).where(q.product_id == product_id, q.source == "calls")
    ).one()  # fmt: skip
    heard = sa.select(
        sa.func.coalesce(sa.func.sum(q.mos_milli_sum), 0), sa.func.coalesce(sa.func.sum(q.mos_samples), 0)
    ).where(q.product_id == product_id)  # voice is listened to in test calls too
    figures = (*row, *session.execute(heard).one())
    attempts, answered, effective, talk, pdd, pdd_n, mos, mos_n = (int(value) for value in figures)
    if attempts < trial.min_calls:
        return Verdict("too_few", f"{attempts:,} of {trial.min_calls:,} calls")
    measured = Quality(
        asr_bp=answered * 10_000 // attempts,
        ner_bp=effective * 10_000 // attempts,
        acd_s=talk // answered // 1000 if answered >= 20 else None,
        pdd_ms=pdd // pdd_n if pdd_n >= 10 else None,
        mos_milli=mos // mos_n if mos_n >= 10 else None,
    )
    missed = [
        name
        for name in ("asr_bp", "ner_bp", "acd_s", "mos_milli", "pdd_ms")
        if _misses(name, getattr(measured, name), getattr(trial.accept, name))
    ]
    words = f"measured {said_figures(measured)} over {attempts:,} calls; agreed: {said_quality(trial.accept)}"
    return Verdict("failed" if missed else "passed", words)


def said_figures(measured: Quality) -> str:
    return said_quality(measured).replace(" at least", "").replace(" at most", "")


def _misses(name: str, measured: int | None, wanted: int | None) -> bool:
    if measured is None or wanted is None:
        return False
    return measured > wanted if name == "pdd_ms" else measured < wanted
