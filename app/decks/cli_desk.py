"""`tandem deck …`: traffic, impact, late rows, templates, pending changes, the mailbox and the folder."""

from __future__ import annotations

import time
from pathlib import Path

import click
import msgspec

from app.clock import utc_now
from app.console import Exit, Run, emit_json, emit_table, json_option, pass_run, say
from app.db import db
from app.decks.access import company_by_name, own_deck, own_product, own_template
from app.decks.cli import as_option, deck, working
from app.decks.cli_examples import ExampleGroup
from app.decks.impact import WINDOWS, csv_lines, impact_of_deck, json_of
from app.decks.outgoing import outgoing
from app.decks.pending import pending
from app.decks.service.import_traffic import import_traffic
from app.decks.service.keep_profile import keep_profile
from app.decks.service.manage_template import export_template, import_template
from app.decks.views.history import read_instant
from app.errors import Invalid
from rates.store import Store

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@deck.command()
@click.argument("product_id", type=int)
@click.argument("file", type=FILE)
@as_option
@json_option
@pass_run
def traffic(run: Run, email: str | None, product_id: int, file: Path, as_json: bool) -> None:
    """Record traffic of a product: CSV of day, code, calls, minutes; or call records of a switch."""
    with working(run, email) as who:
        product = own_product(db.session, who, product_id)
        text = file.read_text(encoding="utf-8", errors="replace")
        done = import_traffic(db.session, who, product, text, settings=run.settings, now=utc_now())
        db.session.commit()
    if as_json:
        emit_json(msgspec.to_builtins(done))
    left = f", {done.left_out:,} records left out" if done.left_out else ""
    say(f"{done.calls:,} calls in {done.rows:,} rows of {done.first} to {done.last} ({done.shape}){left}")


@deck.command()
@click.argument("deck_id", type=int)
@click.option("--days", type=click.Choice([str(n) for n in WINDOWS]), default="30", show_default=True)
@click.option("--card", type=int, help="Id of the customer trunk whose rate card gives the margin.")
@click.option("--buyer", type=int, help="Id of one buyer, for the pair's own call records.")
@click.option(
    "--profile",
    type=FILE,
    help="Traffic profile to price instead: code or destination, minutes, calls, sell rate.",
)
@as_option
@json_option
@pass_run
def impact(
    run: Run,
    email: str | None,
    deck_id: int,
    days: str,
    card: int | None,
    buyer: int | None,
    profile: Path | None,
    as_json: bool,
) -> None:
    """What a deck does to cost and margin, by destination (CSV on stdout)."""
    with working(run, email) as who:
        found = own_deck(db.session, who, deck_id)
        if profile is not None:
            keep_profile(db.session, who, deck_id, profile.read_text(encoding="utf-8"), now=utc_now())
            db.session.commit()
        answer = impact_of_deck(
            db.session, run.settings, who, found, now=utc_now(), days=int(days), card_id=card, buyer_id=buyer
        )
        if as_json:
            emit_json(json_of(answer))
        else:
            for piece in csv_lines(answer):
                click.echo(piece, nl=False)
    for note in answer.notes:
        say(note)
    if answer.impact is None:
        say("No traffic is recorded: `tandem deck traffic PRODUCT_ID FILE`, or give --profile.")


@deck.command()
@click.argument("product_id", type=int)
@as_option
@json_option
@pass_run
def calendar(run: Run, email: str | None, product_id: int, as_json: bool) -> None:
    """Approved changes that are not in force yet, by instant."""
    with working(run, email) as who:
        product = own_product(db.session, who, product_id)
        key = product.timeline_key
        days = pending(Store(str(run.settings.store_dir)).open(key), utc_now())[0] if key else []
    rows = [
        {"at": day.at.isoformat(), **{name.lower(): count for name, count in sorted(day.counts.items())}}
        for day in days
    ]
    emit_table(rows, as_json=as_json, empty="Nothing is pending.")


@deck.command()
@click.argument("product_id", type=int)
@click.option("--since", type=int, help="Only what differs from this version (default: the whole A-Z).")
@click.option(
    "--layout", type=int, help="Id of the carrier's template: its headings, order, marks and dates."
)
@click.option("--at", default="", help="As priced at this instant (default now).")
@click.option("--format", "kind", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File (default: stdout, CSV only)."
)
@as_option
@pass_run
def send(
    run: Run, email: str | None, product_id: int, since: int | None, layout: int | None, at: str, kind: str,
    output: Path | None,
) -> None:  # fmt: skip
    """A deck as a file to be sent: A-Z or changes only, in the carrier's own column order."""
    if kind == "xlsx" and output is None:
        raise click.UsageError("--format xlsx needs --output")
    with working(run, email) as who:
        found = outgoing(
            db.session,
            run.settings,
            who,
            product_id,
            at=read_instant(at, utc_now()),
            since=since,
            template_id=layout,
        )
        if output is None:
            for piece in found.csv():
                click.echo(piece, nl=False)
        elif kind == "xlsx":
            output.write_bytes(found.xlsx())
        else:
            with output.open("w", encoding="utf-8", newline="") as out:
                out.writelines(found.csv())
    say(f"{found.rows:,} codes: {found.name}")


@deck.group(cls=ExampleGroup)
def template() -> None:
    """Layouts a person confirmed: export and import as TOML."""


@template.command("export")
@click.argument("template_id", type=int)
@as_option
@pass_run
def template_export(run: Run, email: str | None, template_id: int) -> None:
    """TOML on stdout."""
    with working(run, email) as who:
        click.echo(export_template(own_template(db.session, who, template_id)), nl=False)


@template.command("import")
@click.argument("file", type=FILE)
@click.option("--carrier", required=True, help="Short name or name of the selling company.")
@as_option
@pass_run
def template_import(run: Run, email: str | None, file: Path, carrier: str) -> None:
    """Take the place of the carrier's template for the same layout."""
    with working(run, email) as who:
        company = company_by_name(db.session, who, carrier)
        kept = import_template(db.session, who, company, file.read_text(encoding="utf-8"), now=utc_now())
        db.session.commit()
        say(f"Template {kept.id}, {kept.name}, is kept for {company.name}.")


@deck.command()
@as_option
@json_option
@pass_run
def mail(run: Run, email: str | None, as_json: bool) -> int:
    """Read the deck mailbox once; the worker does it by itself every mail.poll_seconds."""
    from app.decks.mailbox import read_new
    from app.decks.service.take_mail import Letter, take_mail

    if not run.settings.mail.imap_host:
        raise Invalid(
            "No mailbox is configured.", hint="Set mail.imap_host, mail.imap_user and mail.imap_password."
        )
    rows = []

    with working(run, email):

        def take(letter: Letter | str) -> bool:
            if isinstance(letter, str):
                say(letter)
                return True
            for one in take_mail(db.session, run.settings, letter, now=utc_now()):
                rows.append(
                    {
                        "from": one.sender,
                        "file": one.filename,
                        "state": one.state,
                        "deck": one.deck_id,
                        "reason": one.reason,
                    }
                )
            db.session.commit()
            return True

        read_new(run.settings.mail, take, run.settings.root / "mailbox.json")
    emit_table(rows, as_json=as_json, empty="No new message.")
    return Exit.DONE


@deck.command()
@as_option
@json_option
@pass_run
def watch(run: Run, email: str | None, as_json: bool) -> int:
    """Look into the watched folder once and take what stands still; the worker does it by itself."""
    from app.decks.service.sweep_file import sweep_file
    from app.decks.watched import Stillness, look

    settings = run.settings
    if not settings.watch.folder:
        raise Invalid("No folder is watched.", hint="Set watch.folder.")
    root, still = Path(settings.watch.folder), Stillness(settings.watch.stable_seconds)
    still.settled(list(look(root)), time.monotonic())
    time.sleep(settings.watch.stable_seconds)
    with working(run, email):
        calm = still.settled(list(look(root)), time.monotonic())
        rows = [
            {"file": one.place, "done": sweep_file(db.session, settings, one, now=utc_now())} for one in calm
        ]
    emit_table(rows, as_json=as_json, empty="Nothing stands still there.")
    return Exit.DONE
