"""`tandem demo run`: migrate, load the demo data once, start everything, say where."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import replace

import click
import msgspec
from rich.console import Console
from rich.table import Table

from app import migrate
from app.cli_lazy import LazyGroup
from app.cli_serve import answers, child_specs, urls
from app.clock import utc_now
from app.console import Run, pass_run, progress_bar, say
from app.db import db
from app.demo.companies import LOGINS, PASSWORD
from app.demo.load import load_demo
from app.errors import Conflict
from app.factory import create_app
from app.logs import configure_logs
from app.supervisor import ChildSpec, Supervisor


@click.group(
    "demo",
    cls=LazyGroup,
    commands_at={
        "load": "app.demo.cli:load",
        "decks": "app.demo.cli:decks",
        "vendors": "app.demo.cli:vendors",
    },
)
def group() -> None:
    """The demo exchange: carriers, decks, buyers and people of our own making."""


SIP_LISTEN = "udp://127.0.0.1:15060"


def demo_specs(run: Run) -> list[ChildSpec]:
    """The exchange's processes, and the vendors that its test calls reach."""
    specs = child_specs(run)
    python = [sys.executable, "-m", "app.cli"]
    return [*specs, ChildSpec("vendors", [*python, "demo", "vendors"], drain_s=5.0, environ=specs[0].environ)]


def demo_run(run: Run) -> Run:
    """The same settings with the demo accounts shown and quieter logs, unless these were set."""
    flags = {**run.loaded.flags, "demo": "true"}
    changes = {"demo": True}
    if run.loaded.sources["log_level"] == "default":
        flags["log_level"] = "warning"
        changes["log_level"] = "warning"  # type: ignore[assignment]
    settings = msgspec.structs.replace(run.settings, **changes)
    if not settings.sip.listen:
        flags["sip.listen"] = SIP_LISTEN
        settings = msgspec.structs.replace(
            settings, sip=msgspec.structs.replace(settings.sip, listen=(SIP_LISTEN,))
        )
    return Run(replace(run.loaded, settings=settings, flags=flags))


def prepare(run: Run) -> bool:
    """Migrate and load; returns whether anything was loaded."""
    app = create_app(run.settings)
    with app.app_context():
        migrate.upgrade(db.engine)
        with progress_bar("loading the demo") as report:
            summary = load_demo(
                db.session,
                run.settings,
                now=utc_now(),
                progress=lambda phase, done, total: report(done, total, phase),
            )
        db.session.commit()
        db.engine.dispose()
    return summary.loaded


def banner(run: Run) -> None:
    """What people need to know, on stdout."""
    where = urls(run.settings)
    click.echo("")
    click.echo("Tandem is ready")
    click.echo(f"  web   {where['web']}")
    click.echo(f"  edge  {where['edge']}")
    click.echo(f"  sip   {run.settings.sip.listen[0]}, its vendors are simulated: test calls work offline")
    click.echo(f"\nSign in with one of these, password {PASSWORD}")
    table = Table(box=None, show_header=False, padding=(0, 2))
    for plan in LOGINS:
        table.add_row(f"{plan.email}", plan.what)
    Console(highlight=False, width=120).print(table)
    click.echo("\nCtrl-C stops everything.")


def refuse_taken(run: Run) -> None:
    """Another server on our addresses would be mistaken for ours."""
    for name, url in urls(run.settings).items():
        if answers(url + "/healthz"):
            raise Conflict(
                f"something already answers at {url}",
                hint=f"Stop it, or choose another port: tandem --set {name}.port=… demo run",
            )


@group.command("run")
@pass_run
def start(run: Run) -> int:
    """Run the whole exchange with demo data; the second start skips the load."""
    refuse_taken(run)
    run = demo_run(run)
    configure_logs(run.settings.log_level, "serve")
    begun = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        loaded = prepare(run)
        say(f"demo data {'loaded' if loaded else 'was there already'} ({time.monotonic() - begun:.1f} s)")
        where = urls(run.settings)
        supervisor = Supervisor(demo_specs(run))
        return supervisor.run(
            ready=lambda: answers(where["web"] + "/readyz") and answers(where["edge"] + "/readyz"),
            on_ready=lambda: banner(run),
        )
    return 130
