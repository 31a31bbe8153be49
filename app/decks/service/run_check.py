"""Check one deck: read its state, run the jailed check outside any transaction, write down what it found.

This is the one verb that commits by itself, twice: no transaction may stay open while a child process parses a file.
It can be run again at any time: outputs are content-addressed, and only the check named by `deck.job_id` is heard.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Product
from app.config import Settings
from app.decks.code_deck import code_deck
from app.decks.exchange import exchange_rates
from app.decks.models import Deck, DeckTemplate
from app.decks.notice import notice_days_of
from app.decks.numbers import number_blocks
from app.decks.policy import QUESTIONS, policy_of
from app.decks.remembered import TEMPLATE, of_answers, of_template
from app.decks.service.choose_mapping import options_of
from app.decks.service.save_template import Offer, may_take_template, offer_for
from app.decks.traps import cards_for_check
from rates.deckcheck import CheckReport, Outputs, Progress, run_check
from rates.options import CheckRequest, DeckOptions, Limits
from rates.store import Store

Cancelled = Callable[[], bool]
STATES = {"needs_mapping": "needs_mapping", "rejected": "rejected", "ready": "review"}


@dataclass(frozen=True)
class Plan:
    """Everything a check needs to know, read in one transaction."""

    request: CheckRequest
    company_id: int
    base_version: int
    declined: tuple[str, ...] = ()


def check_deck(
    session: Session,
    settings: Settings,
    deck_id: int,
    *,
    job_id: str | None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> CheckReport | None:
    """Run the check and store its outcome. None when a newer check or another state has overtaken this one."""
    scratch = _scratch(settings.root, deck_id, job_id)
    try:
        plan = _plan(session, settings, deck_id, job_id, scratch)
        session.commit()
        if plan is None:
            return None
        checked = run_with_template(
            session, settings, plan.request, plan.company_id, progress=progress, cancelled=cancelled,
            declined=plan.declined,
        )  # fmt: skip
        keys = _keep(checked.report.outputs, Store(str(settings.store_dir)))
        heard = _write_down(session, deck_id, job_id, checked, keys, plan)
        session.commit()
        return checked.report if heard else None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _scratch(root: Path, deck_id: int, job_id: str | None) -> Path:
    """An empty folder for the check's files; what a killed worker left of the same job is removed first."""
    root.mkdir(parents=True, exist_ok=True)
    prefix = f"deck-{deck_id}-{job_id or 'now'}-"
    if job_id is not None:  # a job runs once at a time, so this is nobody's any more
        for left in root.glob(f"{prefix}*"):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=root))


@dataclass(frozen=True)
class Checked:
    """The report, the options it was made with, the company's template that was taken by itself, and what was remembered
    (app.decks.remembered)."""

    report: CheckReport
    options: DeckOptions
    offer: Offer | None
    remembered: dict[str, Any] = field(default_factory=dict)


def run_with_template(
    session: Session, settings: Settings, request: CheckRequest, company_id: int, *, progress: Progress | None = None,
    cancelled: Cancelled | None = None, declined: Collection[str] = (),
) -> Checked:  # fmt: skip
    """Check; once more with the company's template where one fits; once more with what the carrier answered before
    where only that is asked; but for what a person wants to be asked (`declined`). Leaves no transaction open."""

    def checked(options: DeckOptions) -> CheckReport:
        asked = msgspec.structs.replace(request, options=options)
        if options.codes_from == "code_deck":  # made only for decks that ask for it
            found = code_deck(session, settings, request.received_at)
            session.commit()
            asked = msgspec.structs.replace(asked, code_deck=found)
        return run_check(asked, progress, cancelled)

    report = checked(request.options)
    options, offer = request.options, None
    kept: dict[str, Any] = {}
    if TEMPLATE not in declined and may_take_template(options):
        offer = offer_for(session, company_id, report)
        if offer is not None:
            options = offer.options_for(request.options)
            kept[TEMPLATE] = of_template(offer.template, request.options, options)
        session.commit()
        if offer is not None:
            report = checked(options)
    if report.status == "needs_mapping":
        policy = policy_of(session, company_id)
        session.commit()
        answered = policy.answer(options, report.problem_counts, declined)
        if answered is not None:
            given = {
                name: getattr(answered, name)
                for name in QUESTIONS
                if getattr(answered, name) != getattr(options, name)
            }
            kept |= of_answers(given, policy.answered)
            options = answered
            report = checked(options)
    return Checked(report, options, offer, kept)


def fail_check(session: Session, deck_id: int, job_id: str | None, error: str) -> bool:
    """The check itself broke (not the file): say so on the deck, so that it can be tried again. False when the deck is not
    this check's (any more)."""
    deck = session.get(Deck, deck_id, with_for_update=True, populate_existing=True)
    if deck is None or deck.state != "checking" or deck.job_id != job_id:
        return False
    deck.state, deck.error = "failed", error
    return True


def effective_options(options: DeckOptions, product: Product, notice_days: int) -> DeckOptions:
    """The deck's options with what the product and the agreements about it fix."""
    return msgspec.structs.replace(
        options,
        unlisted_rule=cast(Any, product.unlisted_rule),
        notice_days=notice_days,
    )


def check_request(
    session: Session, settings: Settings, product: Product, path: Path, name: str, options: DeckOptions, *, received_at: datetime,
    deck_id: int, scratch: Path,
) -> CheckRequest:  # fmt: skip
    """The question to the jailed child about one file of this product; outputs go to `scratch`."""
    limits = Limits(
        file_bytes=settings.web.max_upload_bytes, memory_bytes=settings.jobs.deck_memory_bytes,
        cpu_s=settings.jobs.deck_cpu_seconds, wall_s=2 * settings.jobs.deck_cpu_seconds,
    )  # fmt: skip
    policy = policy_of(session, product.company_id)
    current = Store(str(settings.store_dir)).path(product.timeline_key) if product.timeline_key else None
    return CheckRequest(
        path=str(path.resolve()), name=name, out_dir=str(scratch), received_at=received_at, deck_id=deck_id,
        options=effective_options(options, product, notice_days_of(session, product, received_at)), current=current, limits=limits,
        thresholds=policy.thresholds, currency=product.currency, fx=exchange_rates(session, settings.lcr.base_currency, received_at),
        last_encoding=_last_encoding(session, product.id), blocks=number_blocks(session, settings),
        cards=cards_for_check(session, settings, product.company_id),
    )  # fmt: skip


def _last_encoding(session: Session, product_id: int) -> str | None:
    """Of the product's last accepted deck."""
    report = session.scalar(
        sa.select(Deck.report)
        .where(Deck.product_id == product_id, Deck.state == "approved")
        .order_by(Deck.approved_at.desc())
        .limit(1)
    )
    guess = (report or {}).get("guess") or {}
    encoding = (guess.get("encoding") or {}).get("value")
    return str(encoding) if encoding else None


def _plan(
    session: Session, settings: Settings, deck_id: int, job_id: str | None, scratch: Path
) -> Plan | None:
    deck = session.get(Deck, deck_id, populate_existing=True)
    if deck is None or deck.state != "checking" or deck.job_id != job_id:
        return None
    product = session.get(Product, deck.product_id, populate_existing=True)
    assert product is not None
    request = check_request(
        session, settings, product, settings.files_dir / deck.file_key, deck.filename, options_of(deck),
        received_at=deck.received_at, deck_id=deck.id, scratch=scratch,
    )  # fmt: skip
    return Plan(request, deck.company_id, product.version, tuple(deck.remembered.get("declined", ())))


def _own(stated: DeckOptions, used: DeckOptions, asked: DeckOptions) -> DeckOptions:
    """`stated` with whatever template and remembered answers added to the options the check was `asked` with."""
    added = {
        name: getattr(used, name)
        for name in DeckOptions.__struct_fields__
        if name != "defaults" and getattr(used, name) != getattr(asked, name)
    }
    defaults = {
        name: getattr(used.defaults, name)
        for name in type(used.defaults).__struct_fields__
        if getattr(used.defaults, name) != getattr(asked.defaults, name)
    }
    return msgspec.structs.replace(
        stated, **added, defaults=msgspec.structs.replace(stated.defaults, **defaults)
    )


def _keep(outputs: Outputs, store: Store) -> dict[str, str | None]:
    paths = {
        "problems": outputs.problems,
        "rows": outputs.rows,
        "diff": outputs.diff,
        "timeline": outputs.timeline,
    }
    return {name: store.put_file(path) if path else None for name, path in paths.items()}


def _write_down(
    session: Session, deck_id: int, job_id: str | None, checked: Checked, keys: dict[str, str | None],
    plan: Plan,
) -> bool:  # fmt: skip
    deck = session.get(Deck, deck_id, with_for_update=True, populate_existing=True)
    if deck is None or deck.state != "checking" or deck.job_id != job_id:
        return False
    report = checked.report
    deck.report = msgspec.to_builtins(msgspec.structs.replace(report, outputs=Outputs()), str_keys=True)
    deck.problems_key, deck.rows_key = keys["problems"], keys["rows"]
    deck.diff_key, deck.timeline_key = keys["diff"], keys["timeline"]
    deck.base_version = plan.base_version
    deck.remembered = deck.remembered | checked.remembered
    if checked.offer is not None:
        deck.template_id = checked.offer.template.id
        checked.offer.template.used = DeckTemplate.used + 1
        checked.offer.template.used_at = deck.received_at
    if checked.options != plan.request.options:
        # What the product's agreement fixes is not the deck's own statement.
        deck.options = msgspec.to_builtins(
            _own(options_of(deck), checked.options, plan.request.options), str_keys=True
        )
    if "cancelled" in report.problem_counts:
        deck.state, deck.error = "failed", "The check was cancelled."
    else:
        deck.state, deck.error = STATES[report.status], None
    session.flush()
    return True
