"""`tandem deck`: import, list, show, diff, export, approve, roll back. The same verbs as the pages, no worker needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import click
import sqlalchemy as sa

from app.carriers.models import ROUTE_CLASSES, Company
from app.clock import utc_now
from app.console import Exit, Run, emit_json, emit_table, json_option, pass_run, say, strict_option
from app.db import db
from app.decks import exports, queries
from app.decks.access import own_deck, own_product, own_version
from app.decks.cli_examples import ExampleGroup
from app.decks.cli_import import import_deck
from app.decks.models import DECK_STATES
from app.decks.service.approve_deck import approve_deck
from app.decks.service.discard_deck import discard_deck
from app.decks.service.rollback_version import rollback_version
from app.decks.summary import deck_summary, version_summary
from app.decks.timelines import at_instant, compare
from app.errors import Invalid, NotFound
from app.factory import create_app
from app.security.actor import Actor, actor_of_user, system_actor
from app.security.models import User
from rates.options import Repair
from rates.store import Store


@contextmanager
def working(run: Run, email: str | None = None) -> Iterator[Actor]:
    """An application context and who acts in it: the exchange's own command line, or the person of `email`."""
    with create_app(run.settings).app_context():
        if email is not None:
            person = db.session.scalar(sa.select(User).where(sa.func.lower(User.email) == email.lower()))
            found = actor_of_user(db.session, person, None) if person else None
            if found is None:
                raise NotFound(f"There is no active account {email}.", hint="`tandem user add` makes one.")
            yield found
            return
        company = db.session.scalar(sa.select(Company).order_by(Company.is_operator.desc(), Company.id))
        if company is None:
            raise NotFound("There is no company yet.", hint="Run `tandem demo load`, or add a company.")
        yield replace(system_actor(company.id, "command line"), is_operator=True)


as_option = click.option(
    "--as", "email", metavar="EMAIL", help="Act as this person (default: the command line itself)."
)


@click.group("deck", cls=ExampleGroup)
def deck() -> None:
    """Rate decks: import, look, approve, roll back."""


@deck.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--carrier", required=True, help="Short name or name of the selling company.")
@click.option("--product", required=True, help="Name or id of the product.")
@click.option("--mode", type=click.Choice(["full", "full_per_country", "partial"]), help="Never inferred.")
@click.option(
    "--effective-from", metavar="DATE", help="ISO date or instant, or `receipt`, for rows without a date."
)
@click.option(
    "--map", "pairs", multiple=True, metavar="COL=FIELD", help="Column (heading, letter or number) = field."
)
@click.option(
    "--repair",
    "repairs",
    multiple=True,
    metavar="ID",
    type=click.Choice(get_args(Repair)),
    help="A repair named in the table of problems.",
)
@click.option("--header-row", type=click.IntRange(0), help="Row of the headings; 0 = there are none.")
@click.option("--create-product", is_flag=True, help="Make the product when it does not exist.")
@click.option(
    "--class",
    "route_class",
    type=click.Choice(ROUTE_CLASSES),
    default="standard",
    show_default=True,
    help="Class of a new product.",
)
@click.option("--currency", help="Currency of a new product, and of a file that does not name one.")
@click.option("--dry-run", is_flag=True, help="Check and show what would change; keep nothing.")
@click.option("--approve", is_flag=True, help="Take it into force when nothing blocks.")
@click.option("--note", default="", help="Note for the product's history.")
@as_option
@strict_option
@json_option
@pass_run
def import_(run: Run, /, email: str | None, as_json: bool, **asked: Any) -> int:
    """Check FILE against the deck in force; with --approve take it into force.

    Ends with 0 done, 3 refused, 4 done with warnings (--strict), 5 not found.
    """
    with working(run, email) as who:
        return int(import_deck(run.settings, who, as_json=as_json, **asked))


@deck.command("list")
@click.option("--state", type=click.Choice(("open", *DECK_STATES)), help="One state; open = not yet ended.")
@click.option("--page", default=1, show_default=True)
@as_option
@json_option
@pass_run
def list_(run: Run, email: str | None, state: str | None, page: int, as_json: bool) -> None:
    """Decks, newest first."""
    with working(run, email) as who:
        lines = queries.inbox(db.session, who, state=state or "", page=page, size=100).lines
        rows = [
            {"id": x.id, "state": x.state, "carrier": x.carrier, "product": x.product, "file": x.filename,
             "rows": x.rows, "errors": x.errors, "warnings": x.warnings, "version": x.version,
             "received": x.received_at.isoformat()}
            for x in lines
        ]  # fmt: skip
    emit_table(rows, as_json=as_json, empty="No deck yet. Send one with `tandem deck import`.")


@deck.command()
@click.argument("deck_id", type=int)
@as_option
@json_option
@pass_run
def show(run: Run, email: str | None, deck_id: int, as_json: bool) -> None:
    """State, problems and changes of one deck."""
    with working(run, email) as who:
        body = deck_summary(db.session, own_deck(db.session, who, deck_id))
    if as_json:
        emit_json(body)
        return
    keys = (
        "id",
        "filename",
        "state",
        "next",
        "rows_read",
        "codes",
        "error_count",
        "warning_count",
        "version",
        "error",
    )
    for key in keys:
        if body.get(key) not in (None, ""):
            click.echo(f"{key}\t{body[key]}")
    for label, count in body.get("labels", {}).items():
        click.echo(f"{label.lower()}\t{count}")
    for group in body.get("problems", ()):
        click.echo(f"{group['severity']}\t{group['id']}\t{group['count']}\t{group['hint']}")


@deck.command()
@click.argument("older")
@click.argument("newer")
@click.option("--at", default="", help="Instant of the comparison (default now).")
@click.option("--all", "everything", is_flag=True, help="Unchanged codes too.")
@as_option
@json_option
@pass_run
def diff(
    run: Run, email: str | None, older: str, newer: str, at: str, everything: bool, as_json: bool
) -> None:
    """What changes from OLDER to NEWER. Each is PRODUCT-ID:VERSION, for example 3:1 3:2."""
    with working(run, email) as who:
        now = utc_now()
        moment = _instant(at, now)
        store = Store(str(run.settings.store_dir))
        tables = [
            store.open(own_version(db.session, who, *_version_name(name)).timeline_key)
            for name in (older, newer)
        ]
        rows = exports.json_rows(compare(tables[0], tables[1], moment, moment), exports.DIFF_COLUMNS)
    emit_table(
        [row for row in rows if everything or row["label"] != "UNCHANGED"],
        as_json=as_json,
        empty="No code differs.",
    )


def _version_name(text: str) -> tuple[int, int]:
    product, _, number = text.partition(":")
    if not (product.isdigit() and number.isdigit()):
        raise click.UsageError(f"{text} is not PRODUCT-ID:VERSION, for example 3:1")
    return int(product), int(number)


def _instant(text: str, now: datetime) -> datetime:
    from app.decks.views.history import read_instant

    return read_instant(text, now)


@deck.command()
@click.argument("product_id", type=int)
@click.option("--at", default="", help="As priced at this instant (default now).")
@click.option("--version", type=int, help="Default: the version in force.")
@click.option("--format", "kind", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File (default: stdout, CSV only)."
)
@as_option
@pass_run
def export(
    run: Run, email: str | None, product_id: int, at: str, version: int | None, kind: str, output: Path | None
) -> None:
    """The deck of a product as CSV or XLSX."""
    with working(run, email) as who:
        product = own_product(db.session, who, product_id)
        if product.version == 0:
            raise NotFound(
                f"{product.name} has no approved deck yet.", hint="`tandem deck import … --approve`"
            )
        found = own_version(db.session, who, product_id, version or product.version)
        table = at_instant(
            Store(str(run.settings.store_dir)).open(found.timeline_key), _instant(at, utc_now())
        )
        if output is not None and not output.parent.is_dir():
            raise click.UsageError(f"--output {output}: there is no folder {output.parent}")
        if kind == "xlsx":
            if output is None:
                raise click.UsageError("--format xlsx needs --output")
            output.write_bytes(exports.xlsx_bytes(table, exports.DECK_COLUMNS, product.name))
        elif output is None:
            for piece in exports.csv_rows(table, exports.DECK_COLUMNS):
                click.echo(piece, nl=False)
        else:
            with output.open("w", encoding="utf-8", newline="") as out:
                out.writelines(exports.csv_rows(table, exports.DECK_COLUMNS))
    say(f"{table.num_rows} codes of {product.name}, version {found.number}")


@deck.command()
@click.argument("product_id", type=int)
@as_option
@json_option
@pass_run
def versions(run: Run, email: str | None, product_id: int, as_json: bool) -> None:
    """Versions of a product's deck, newest first."""
    with working(run, email) as who:
        own_product(db.session, who, product_id)
        rows = [version_summary(line) for line in queries.versions(db.session, product_id)]
    emit_table(rows, as_json=as_json, empty="No version yet.")


@deck.command()
@click.argument("deck_id", type=int)
@click.option("--note", default="")
@as_option
@json_option
@pass_run
def approve(run: Run, email: str | None, deck_id: int, note: str, as_json: bool) -> int:
    """Take a checked deck into force."""
    with working(run, email) as who:
        done = approve_deck(db.session, who, deck_id, settings=run.settings, note=note, now=utc_now())
        db.session.commit()
        number = done.version.number if done.version else None
    if as_json:
        emit_json({"deck": deck_id, "outcome": done.outcome, "version": number})
    words = {
        "approved": f"Version {number} is in force.", "seconding": "Noted; a second person must agree.",
        "rechecking": "The product has moved on; the deck is compared again by the worker.",
    }  # fmt: skip
    say(words[done.outcome])
    return Exit.DONE if done.outcome == "approved" else Exit.TRY_AGAIN


@deck.command()
@click.argument("deck_id", type=int)
@as_option
@pass_run
def discard(run: Run, email: str | None, deck_id: int) -> None:
    """Lay a deck aside."""
    with working(run, email) as who:
        discard_deck(db.session, who, deck_id, now=utc_now())
        db.session.commit()
    say(f"Deck {deck_id} is discarded.")


@deck.command()
@click.argument("product_id", type=int)
@click.argument("number", type=int)
@click.option("--note", default="")
@as_option
@json_option
@pass_run
def rollback(run: Run, email: str | None, product_id: int, number: int, note: str, as_json: bool) -> None:
    """The prices of version NUMBER apply again, as a new version."""
    if number < 1:
        raise Invalid("Versions count from 1.", hint="`tandem deck versions PRODUCT_ID` lists them.")
    with working(run, email) as who:
        made = rollback_version(
            db.session, who, product_id, number, settings=run.settings, note=note, now=utc_now()
        )
        db.session.commit()
        body = {"product": product_id, "version": made.number, "back_to": number}
    if as_json:
        emit_json(body)
    say(f"Version {body['version']} is in force: the prices of version {number} apply again.")
