"""The work of `tandem deck import`: receive, check in this process, show, approve."""

from __future__ import annotations

import sys
import uuid
from datetime import datetime
from pathlib import Path

import click
import msgspec
from rich.table import Table

from app.carriers.models import Product
from app.clock import utc_now
from app.config import Settings
from app.console import Exit, emit_json, progress_bar, say, stderr
from app.db import db
from app.decks.access import company_by_name, product_by_name
from app.decks.models import Deck
from app.decks.service.approve_deck import Approval, approve_deck
from app.decks.service.choose_mapping import read_options
from app.decks.service.create_product import create_product as make_product
from app.decks.service.discard_deck import discard_deck
from app.decks.service.receive_deck import receive_deck
from app.decks.service.run_check import check_deck
from app.decks.service.start_check import CHECKABLE, mark_checking
from app.decks.summary import deck_summary
from app.errors import Conflict, Invalid, NotFound
from app.security.actor import Actor
from rates import fields
from rates.deckcheck import CheckReport
from rates.options import DeckOptions


def import_deck(
    settings: Settings, who: Actor, *, as_json: bool, file: Path, carrier: str, product: str, mode: str | None,
    effective_from: str | None, pairs: tuple[str, ...], repairs: tuple[str, ...], create_product: bool,
    route_class: str, currency: str | None, dry_run: bool, approve: bool, note: str, strict: bool,
) -> Exit:  # fmt: skip
    """Receive, check and, if asked, approve. A dry run discards the deck (and a product made for it) at its end."""
    now = utc_now()
    wanted, made = _product(
        who, carrier, product, create=create_product, route_class=route_class, currency=currency, now=now
    )
    options = _options(mode, effective_from, repairs, currency)
    with file.open("rb") as stream:
        received = receive_deck(
            db.session, who, wanted, stream, file.name, options=options, source="cli", settings=settings, now=now,
            check=False,
        )  # fmt: skip
    deck = received.deck
    if deck.state == "approved":
        db.session.rollback() if made else db.session.commit()
        say(f"These bytes are deck {deck.id}, approved before: nothing to do.")
        if as_json:
            emit_json(deck_summary(db.session, deck))
        return Exit.DONE
    if deck.state not in CHECKABLE:
        raise Conflict(f"Deck {deck.id} is {deck.state}.", hint=f"`tandem deck show {deck.id}` tells more.")
    if received.again:
        deck.options = msgspec.to_builtins(options, str_keys=True)
    report = _check(settings, deck, f"Checking {file.name}")
    if pairs:
        deck.options = msgspec.to_builtins(_mapped(options, report, pairs), str_keys=True)
        report = _check(settings, deck, f"Checking {file.name} as mapped")
    approval = None
    blocked = report.status != "ready"
    if approve and not blocked and not dry_run:
        approval = approve_deck(db.session, who, deck.id, settings=settings, note=note, now=utc_now())
        db.session.commit()
    body = {
        **deck_summary(db.session, deck),
        "dry_run": dry_run,
        "outcome": approval.outcome if approval else None,
    }
    if dry_run:
        _forget(who, deck, wanted if made else None)
    if as_json:
        emit_json(body)
    _tell(report, deck, approval, dry_run=dry_run, asked=approve)
    if blocked:
        return Exit.REJECTED
    if approval is not None and approval.outcome != "approved":
        return Exit.TRY_AGAIN
    return Exit.WARNINGS if strict and report.warning_count else Exit.DONE


def _product(
    who: Actor,
    carrier: str,
    name: str,
    *,
    create: bool,
    route_class: str,
    currency: str | None,
    now: datetime,
) -> tuple[Product, bool]:
    try:
        return product_by_name(db.session, who, carrier, name), False
    except NotFound:
        company = company_by_name(db.session, who, carrier)
        if not create:
            raise
        made = make_product(
            db.session,
            who,
            company,
            name,
            route_class=route_class,
            currency=currency or company.currency,
            now=now,
        )
        return made, True


def _options(
    mode: str | None, effective_from: str | None, repairs: tuple[str, ...], currency: str | None
) -> DeckOptions:
    defaults = {"effective_from": effective_from, "currency": currency.upper() if currency else None}
    return read_options({"mode": mode, "repairs": list(repairs), "defaults": defaults})


def _check(settings: Settings, deck: Deck, title: str) -> CheckReport:
    """Check here and now; a name of its own keeps a worker's older check from being heard."""
    mark_checking(db.session, deck, now=utc_now())
    deck.job_id = f"cli-{uuid.uuid4()}"
    deck_id, job_id = deck.id, deck.job_id
    db.session.commit()
    with progress_bar(title) as bar:
        report = check_deck(
            db.session,
            settings,
            deck_id,
            job_id=job_id,
            progress=lambda step, done, total: bar(done, total, step),
        )
    if report is None:
        raise Conflict("Another check of this deck has overtaken this one.", hint="Run the command again.")
    db.session.refresh(deck)
    return report


def _mapped(options: DeckOptions, report: CheckReport, pairs: tuple[str, ...]) -> DeckOptions:
    """The guessed mapping, overruled by COL=FIELD; COL is a heading, a letter or a number from 1."""
    columns = report.guess.columns if report.guess else ()
    mapping = {column.index: column.field for column in columns if column.field}
    for pair in pairs:
        name, _, field = pair.rpartition("=")
        if field not in fields.FIELDS:
            raise click.UsageError(
                f"--map {pair}: {field} is no field; use one of {', '.join(fields.FIELDS)}"
            )
        found = [
            c.index for c in columns
            if name.casefold() in (c.header.strip().casefold(), c.letter.casefold()) or name == str(c.index + 1)
        ]  # fmt: skip
        if not found:
            heads = ", ".join(column.header or column.letter for column in columns)
            raise Invalid(
                f"The file has no column {name}.", hint=f"It has: {heads or 'none that could be read'}."
            )
        mapping = {index: old for index, old in mapping.items() if old != field or field == "ignore"}
        mapping[found[0]] = field
    return msgspec.structs.replace(options, mapping=mapping)


def _forget(who: Actor, deck: Deck, product: Product | None) -> None:
    discard_deck(db.session, who, deck.id, now=utc_now())
    if product is not None:
        product.enabled = product.listed = False
    db.session.commit()


def _tell(report: CheckReport, deck: Deck, approval: Approval | None, *, dry_run: bool, asked: bool) -> None:
    """Messages on stderr: problems by cause, changes, what comes next."""
    if report.problems:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for head in ("", "Problem", "Rows", "First at", "How to mend it", "--repair"):
            table.add_column(head)
        for group in report.problems:
            at = ", ".join(f"row {e.row}" for e in group.examples[:9] if e.row) or "file"
            table.add_row(
                group.severity, group.id, str(group.count), at, group.hint, " | ".join(group.repairs)
            )
        console = stderr()
        if not sys.stderr.isatty():
            console.width = 220
        console.print(table)
    counts = ", ".join(
        f"{count} {label.lower().replace('_', ' ')}" for label, count in report.labels.items() if count
    )
    say(f"{report.rows_read} rows, {report.codes} codes{': ' + counts if counts else ''}")
    if report.closing:
        say(
            f"{report.closing} codes missing from the file will close{f' on {report.closes_at}' if report.closes_at else ''}"
        )
    if report.status != "ready":
        say(f"Refused: {report.error_count} errors. Nothing was changed (deck {deck.id}).")
    elif dry_run:
        say("Dry run: nothing was kept.")
    elif approval is None:
        say(f"Deck {deck.id} waits for approval: tandem deck approve {deck.id}")
    elif approval.version is not None:
        say(f"Approved: version {approval.version.number} is in force.")
    elif approval.outcome == "seconding":
        say(f"Approved by the first of two persons: {' '.join(report.second_person_reasons)}")
    else:
        say("The product has moved on meanwhile; run the command again.")
