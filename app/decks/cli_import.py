"""The work of `tandem deck import`: receive, check in this process, show, approve."""

from __future__ import annotations

import sys
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
from app.decks.service.choose_mapping import options_of, read_options
from app.decks.service.create_product import create_product as make_product
from app.decks.service.fail_lost import own_check
from app.decks.service.preview_deck import Preview, preview_deck
from app.decks.service.receive_deck import receive_deck
from app.decks.service.run_check import STATES, check_deck, fail_check
from app.decks.service.start_check import CHECKABLE, mark_checking
from app.decks.summary import deck_summary, report_summary
from app.errors import Conflict, Invalid, NotFound
from app.security.actor import Actor
from rates import fields
from rates.deckcheck import CheckReport
from rates.options import DeckOptions


def import_deck(
    settings: Settings, who: Actor, *, as_json: bool, file: Path, carrier: str, product: str, mode: str | None,
    effective_from: str | None, pairs: tuple[str, ...], repairs: tuple[str, ...], header_row: int | None, create_product: bool,
    route_class: str, currency: str | None, dry_run: bool, approve: bool, note: str, strict: bool,
) -> Exit:  # fmt: skip
    """Receive, check and, if asked, approve. A dry run only checks: nothing of it stays."""
    now = utc_now()
    wanted, made = _product(
        who, carrier, product, create=create_product, route_class=route_class, currency=currency, now=now
    )
    options = _options(mode, effective_from, repairs, currency, header_row)
    if dry_run:
        return _preview(settings, wanted, file, options, pairs, as_json=as_json, strict=strict, now=now)
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
        deck.options = msgspec.to_builtins(_mapped(options_of(deck), report, pairs), str_keys=True)
        report = _check(settings, deck, f"Checking {file.name} as mapped")
    approval = None
    blocked = report.status != "ready"
    if approve and not blocked:
        approval = approve_deck(db.session, who, deck.id, settings=settings, note=note, now=utc_now())
        db.session.commit()
    body = {
        **deck_summary(db.session, deck),
        "dry_run": False,
        "outcome": approval.outcome if approval else None,
    }
    if as_json:
        emit_json(body)
    _tell(report)
    _tell_end(report, deck, approval)
    if blocked:
        return Exit.REJECTED
    if approval is not None and approval.outcome != "approved":
        return Exit.TRY_AGAIN
    return Exit.WARNINGS if strict and report.warning_count else Exit.DONE


def _preview(
    settings: Settings, product: Product, file: Path, options: DeckOptions, pairs: tuple[str, ...], *, as_json: bool,
    strict: bool, now: datetime,
) -> Exit:  # fmt: skip
    product_id = product.id
    found = _previewed(settings, product, file, options, now, f"Checking {file.name}")
    if pairs:
        product_again = db.session.get(Product, product_id) or product
        options = _mapped(found.options, found.report, pairs)
        found = _previewed(settings, product_again, file, options, now, f"Checking {file.name} as mapped")
    report = found.report
    ready = report.status == "ready"
    if as_json:
        emit_json({
            "id": None, "filename": file.name, "size_bytes": found.size_bytes, "state": STATES[report.status],
            "version": None, "dry_run": True, "outcome": None, **report_summary(report),
        })  # fmt: skip
    _tell(report)
    say(
        "Dry run: nothing was kept."
        if ready
        else f"Refused: {report.error_count} errors. Dry run: nothing was kept."
    )
    if not ready:
        return Exit.REJECTED
    return Exit.WARNINGS if strict and report.warning_count else Exit.DONE


def _previewed(
    settings: Settings, product: Product, file: Path, options: DeckOptions, now: datetime, title: str
) -> Preview:
    with progress_bar(title) as bar:
        return preview_deck(
            db.session, settings, product, file, options=options, now=now,
            progress=lambda step, done, total: bar(done, total, step),
        )  # fmt: skip


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
    mode: str | None,
    effective_from: str | None,
    repairs: tuple[str, ...],
    currency: str | None,
    header_row: int | None,
) -> DeckOptions:
    defaults = {"effective_from": effective_from, "currency": currency.upper() if currency else None}
    return read_options(
        {"mode": mode, "repairs": list(repairs), "header_row": header_row, "defaults": defaults}
    )


def _check(settings: Settings, deck: Deck, title: str) -> CheckReport:
    """Check here and now; a name of its own keeps a worker's older check from being heard."""
    mark_checking(db.session, deck, now=utc_now())
    deck.job_id = own_check(utc_now())
    deck_id, job_id = deck.id, deck.job_id
    db.session.commit()
    try:
        with progress_bar(title) as bar:
            report = check_deck(
                db.session,
                settings,
                deck_id,
                job_id=job_id,
                progress=lambda step, done, total: bar(done, total, step),
            )
    except BaseException:  # an interrupt too: no worker would ever end this check
        db.session.rollback()
        fail_check(db.session, deck_id, job_id, "The check was interrupted. Start it again.")
        db.session.commit()
        raise
    if report is None:
        raise Conflict("Another check of this deck has overtaken this one.", hint="Run the command again.")
    db.session.refresh(deck)
    return report


def _mapped(options: DeckOptions, report: CheckReport, pairs: tuple[str, ...]) -> DeckOptions:
    """The guessed mapping, overruled by COL=FIELD; COL is a heading, a letter or a number from 1.

    Headings that were not recognised as such are looked for in the first rows: the row that holds them is the header.
    """
    wanted = [_pair(pair) for pair in pairs]
    columns = report.guess.columns if report.guess else ()
    mapping = {column.index: column.field for column in columns if column.field}
    heads = {column.index: column.header for column in columns}
    letters = {column.index: column.letter for column in columns}
    unknown = [name for name, _ in wanted if _column(name, heads, letters) is None]
    for row in report.preview.first if unknown and report.preview else ():
        if {name.casefold() for name in unknown} <= {cell.strip().casefold() for cell in row.cells}:
            options = msgspec.structs.replace(options, header_row=row.row)
            heads = dict(enumerate(row.cells))
            break
    for name, field in wanted:
        found = _column(name, heads, letters)
        if found is None:
            known = ", ".join(head.strip() or letters.get(place, "") for place, head in heads.items())
            raise Invalid(
                f"The file has no column {name}.", hint=f"It has: {known or 'none that could be read'}."
            )
        mapping = {
            index: old
            for index, old in mapping.items()
            if old != field or field in (*fields.FREE, *fields.MANY)
        }
        mapping[found] = field
    return msgspec.structs.replace(options, mapping=mapping)


def _pair(pair: str) -> tuple[str, str]:
    name, _, field = pair.rpartition("=")
    if field not in fields.FIELDS:
        raise click.UsageError(f"--map {pair}: {field} is no field; use one of {', '.join(fields.FIELDS)}")
    return name.strip(), field


def _column(name: str, heads: dict[int, str], letters: dict[int, str]) -> int | None:
    """Index of the column: by heading first, then by letter, then by number."""
    plain = name.casefold()
    by_head = [index for index, head in heads.items() if head.strip().casefold() == plain]
    by_place = [i for i, letter in letters.items() if letter.casefold() == plain or str(i + 1) == name]
    return next(iter([*by_head, *by_place]), None)


def _tell(report: CheckReport) -> None:
    """Messages on stderr: problems by cause, and changes."""
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


def _tell_end(report: CheckReport, deck: Deck, approval: Approval | None) -> None:
    """What became of the deck and what comes next."""
    if report.status != "ready":
        say(f"Refused: {report.error_count} errors. No price was changed (deck {deck.id}).")
    elif approval is None:
        say(f"Deck {deck.id} waits for approval: tandem deck approve {deck.id}")
    elif approval.version is not None:
        say(f"Approved: version {approval.version.number} is in force.")
    elif approval.outcome == "seconding":
        say(f"Approved by the first of two persons: {' '.join(report.second_person_reasons)}")
    else:
        say("The product has moved on meanwhile; run the command again.")
