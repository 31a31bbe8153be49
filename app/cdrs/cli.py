"""`tandem cdrs`: import call records, list imports, see what waits in quarantine. No worker needed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from app.cdrs import queries
from app.cdrs.jobs import run_import
from app.cdrs.service.receive_file import receive_file
from app.clock import utc_now
from app.console import Exit, Run, emit_json, emit_table, json_option, pass_run, say
from app.db import db
from app.decks.cli import as_option, working
from app.jobs.models import Job
from app.jobs.progress import SilentProgress


@click.group()
def cdrs() -> None:
    """Call records: import, list, quarantine."""


@cdrs.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="", help="Name of the switch; the same for all its files.")
@click.option("--trunk", type=int, help="Customer trunk for records that name none.")
@click.option("--product", type=int, help="Product for records that name no carrier.")
@as_option
@json_option
@pass_run
def import_(
    run: Run,
    email: str | None,
    file: Path,
    source: str,
    trunk: int | None,
    product: int | None,
    as_json: bool,
) -> int:
    """Import FILE: our CSV, FreeSWITCH JSON, Kamailio acc, OpenSIPS flatstore, CGRateS CSV.

    Ends with 0 all taken or known, 4 some records wait in quarantine, 3 the file was refused.
    """
    with working(run, email) as who, file.open("rb") as stream:
        taken = receive_file(
            db.session, run.settings, who, stream, filename=file.name, way="cli", source=source, trunk_id=trunk,
            product_id=product, now=utc_now(),
        )  # fmt: skip
        queued = db.session.get_one(Job, taken.job_id)
        queued.state, queued.started_at = "running", utc_now()  # done here, not by the worker
        db.session.commit()
        try:
            counts = run_import(queued.id, {"import_id": taken.id}, SilentProgress())
            queued.state, queued.result = "done", counts
        except Exception as fault:
            queued.state, queued.error = "failed", str(fault)
            raise
        finally:
            queued.finished_at = utc_now()
            db.session.commit()
    if as_json:
        emit_json({"import_id": taken.id, **counts})
    say(
        f"{counts['records']:,} records ({counts['shape']}): {counts['new']:,} new, {counts['same']:,} known, "
        f"{counts['refused']:,} refused"
    )
    for reason, number in counts["reasons"].items():
        say(f"  {number:,} × {reason}")
    return Exit.WARNINGS if counts["refused"] else Exit.DONE


@cdrs.command("list")
@as_option
@json_option
@pass_run
def list_(run: Run, email: str | None, as_json: bool) -> None:
    """Imports, newest first."""
    with working(run, email) as who:
        rows = [asdict(row) for row in queries.imports(db.session, who)]
    emit_table(rows, as_json=as_json, empty="Nothing was imported yet: `tandem cdrs import FILE`.")


@cdrs.command()
@click.option("--reason", default="", help="One reason only.")
@as_option
@json_option
@pass_run
def quarantine(run: Run, email: str | None, reason: str, as_json: bool) -> None:
    """Records that were not taken, with why."""
    with working(run, email) as who:
        rows = [asdict(row) for row in queries.quarantine(db.session, who, reason=reason)]
    emit_table(rows, as_json=as_json, empty="Nothing waits.")
