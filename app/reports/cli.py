"""`tandem report NAME`: any report as CSV, XLSX or JSON, for a company or for the operator."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import click
import sqlalchemy as sa

from app.carriers.models import Company
from app.clock import utc_now
from app.console import Run, pass_run, progress_bar
from app.db import db
from app.errors import Invalid, NotFound
from app.factory import create_app
from app.reports.catalogue import REPORTS, make_report
from app.reports.download import json_lines
from app.reports.question import Question, dial_codes
from app.reports.table import Report, Row
from app.reports.write_csv import csv_chunks
from app.reports.write_xlsx import write_xlsx
from app.security.access import Actor
from app.security.permissions import permissions_of

Layout = Literal["code", "destination", "offer"]


def _instant(text: str | None, default: datetime) -> datetime:
    if text is None:
        return default
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            f"“{text[:40]}” is not a date.", hint="Write 2026-11-21 or 2026-11-21T05:00:00Z."
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def company_actor(slug: str | None) -> Actor:
    """The command line acts for a company by its slug; without one for the operator."""
    where = Company.slug == slug if slug else Company.is_operator.is_(True)
    company = db.session.scalar(sa.select(Company).where(where).order_by(Company.id).limit(1))
    if company is None:
        raise NotFound(
            f"There is no company {slug or 'that operates the exchange'}.",
            hint="tandem user list shows the companies.",
        )
    roles = frozenset({"operator" if company.is_operator else "owner"})
    return Actor(
        user_id=None, company_id=company.id, email="command line", roles=roles,
        permissions=permissions_of(roles, sells=company.sells, buys=company.buys), is_operator=company.is_operator,
        company_name=company.name, sells=company.sells, buys=company.buys,
    )  # fmt: skip


@click.command("report")
@click.argument("name", type=click.Choice(sorted(REPORTS)))
@click.option("--from", "since", help="Begin of the period (changes), UTC, included; default 7 days ago.")
@click.option("--to", "until", help="End of the period, UTC, not included; default in 8 days.")
@click.option("--at", "at", help="As of this instant, UTC; default now.")
@click.option(
    "--company", help="Slug of the company to report for; default the operator, who sees everything."
)
@click.option("--code", default="", help="Dial codes, separated by commas.")
@click.option("--destination", default="", help="Text the destination contains.")
@click.option("--class", "route_class", default="", help="premium, standard, non_cli, …")
@click.option("--label", default="", help="Only this kind of change: INCREASE, DECREASE, NEW, CLOSED, …")
@click.option("--product", type=int, help="Id of one product.")
@click.option(
    "--layout", type=click.Choice(["code", "destination", "offer"]), default="code", help="Layout of lcr."
)
@click.option("--format", "form", type=click.Choice(["csv", "xlsx", "json"]), default="csv")
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write; default stdout.")
@pass_run
def report(
    run: Run, name: str, since: str | None, until: str | None, at: str | None, company: str | None, code: str, destination: str,
    route_class: str, label: str, product: int | None, layout: Layout, form: str, as_json: bool, out: Path | None,
) -> None:  # fmt: skip
    """Print a report, or write it to a file. Decimals are exact, instants UTC."""
    form = "json" if as_json else form
    if form == "xlsx" and out is None and sys.stdout.isatty():
        raise click.UsageError("a workbook does not belong on a terminal: name a file with --out")
    now = utc_now()
    app = create_app(run.settings)
    with app.app_context(), progress_bar("report") as show:
        question = Question(
            now=now, at=_instant(at, now), since=_instant(since, now - timedelta(days=7)), until=_instant(until, now + timedelta(days=8)),
            codes=dial_codes(code), destination=destination, route_class=route_class, label=label.upper(), product_id=product,
            layout=layout,
        )  # fmt: skip
        made = make_report(db.session, run.settings, name, company_actor(company), question)
        counted = 0

        def rows() -> Iterator[Row]:
            nonlocal counted
            for counted, row in enumerate(made.rows, 1):
                if counted % 1000 == 0:
                    show(counted, 0, "rows")
                yield row

        _write(Report(made.name, made.title, made.columns, rows(), made.note), form, out)


def _write(made: Report, form: str, out: Path | None) -> None:
    """To stdout, or to a temporary file beside `out` that takes its name only when it is whole."""
    target = out.with_name(f".{out.name}.part") if out else None
    stream = target.open("wb") if target else sys.stdout.buffer
    try:
        if form == "xlsx":
            write_xlsx(made, stream)
        else:
            for chunk in csv_chunks(made) if form == "csv" else json_lines(made):
                stream.write(chunk.encode())
        stream.flush()
    finally:
        if target:
            stream.close()
    if target and out:
        target.replace(out)
