"""`tandem demo load`, `tandem demo decks` and `tandem demo vendors`; `tandem demo run` (the whole exchange) adds these to its group."""

from __future__ import annotations

from pathlib import Path

import click
import sqlalchemy as sa

from app.calls.models import OwnNumber
from app.carriers.models import Company, VendorTrunk
from app.clock import utc_now
from app.console import Run, emit_json, json_option, pass_run, progress_bar, say
from app.db import db
from app.demo.catalogue import VENDORS_HOST
from app.demo.companies import LOGINS, PASSWORD
from app.demo.load import load_demo
from app.demo.samples import write_samples
from app.demo.vendors.network import Place
from app.demo.vendors.network import run as run_network
from app.errors import Conflict
from app.factory import create_app
from app.logs import configure_logs
from app.migrate import upgrade


@click.command("load")
@json_option
@pass_run
def load(run: Run, as_json: bool) -> None:
    """Load the demo carriers, decks, buyers and people. A second run does nothing."""
    app = create_app(run.settings)
    with app.app_context():
        upgrade(db.engine)
        with progress_bar("demo") as report:
            summary = load_demo(
                db.session,
                run.settings,
                now=utc_now(),
                progress=lambda phase, done, total: report(done, total, phase),
            )
        db.session.commit()
    if as_json:
        emit_json(
            {
                "loaded": summary.loaded,
                "carriers": summary.carriers,
                "products": summary.products,
                "rates": summary.rates,
            }
        )
        return
    if summary.loaded:
        say(f"Loaded {summary.carriers} carriers, {summary.products} products, {summary.rates:,} rates.")
    else:
        say("The demo data stands already; nothing was changed.")
    for line in login_lines():
        click.echo(line)


@click.command("decks")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into."
)
@json_option
@pass_run
def decks(run: Run, out: Path, as_json: bool) -> None:
    """Write a few untidy sample decks, to be uploaded by hand."""
    out.mkdir(parents=True, exist_ok=True)
    written = write_samples(out, now=utc_now())
    if as_json:
        emit_json([str(path) for path in written])
        return
    for path in written:
        click.echo(str(path))


def login_lines() -> list[str]:
    """One line per demo login, and the password they share."""
    width = max(len(plan.email) for plan in LOGINS)
    return [*(f"{plan.email:<{width}}  {plan.what}" for plan in LOGINS), f"password of all: {PASSWORD}"]


@click.command()
@pass_run
def vendors(run: Run) -> int:
    """Play the demo's vendors over SIP and RTP until SIGTERM: honest ones, and those whose faults test calls find."""
    configure_logs(run.settings.log_level, "vendors")
    first = next((text for text in run.settings.sip.listen if text.startswith("udp://")), "")
    host, colon, port = first.removeprefix("udp://").rpartition(":")
    if not colon:
        hint = "tandem --set sip.listen=udp://127.0.0.1:15060 demo vendors"
        raise Conflict("The edge has no SIP listener over UDP.", hint=hint)
    app = create_app(run.settings)
    with app.app_context():
        rows = db.session.execute(
            sa.select(Company.slug, VendorTrunk.host, VendorTrunk.port)
            .join(VendorTrunk, VendorTrunk.company_id == Company.id)
            .where(Company.sample, VendorTrunk.host == VENDORS_HOST)
            .order_by(VendorTrunk.id)
        ).all()
        own = set(db.session.scalars(sa.select(OwnNumber.number)))
        db.session.rollback()
        db.engine.dispose()
    return run_network([Place(row.slug, row.host, row.port) for row in rows], (host, int(port)), own)
