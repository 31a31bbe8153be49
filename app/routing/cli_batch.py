"""`tandem lcr batch FILE -o OUT`: a table of calls in, a table of decisions and costs out, on all cores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from app.carriers.models import CustomerTrunk
from app.clock import to_micros, utc_now
from app.console import Run, emit_json, pass_run, progress_bar, say
from app.db import db
from app.errors import Invalid, NotFound
from app.factory import create_app
from app.routing.current import current_snapshot
from app.routing.dialled_table import dialled_table
from app.routing.simulate import PRESETS
from lcr_core import QueryError
from lcr_core.tables import decide_table, read_calls, write_table


def trunk_named(name: str | None) -> int | None:
    if name is None:
        return None
    wanted = CustomerTrunk.id == int(name) if name.isdigit() else CustomerTrunk.name == name
    found = db.session.scalars(sa.select(CustomerTrunk.id).where(wanted)).all()
    if not found:
        raise NotFound(
            f"There is no customer trunk {name}.",
            hint="The Trunks page lists them.",
        )
    if len(found) > 1:
        raise NotFound(f"{len(found)} trunks are called {name}.", hint="Name it by its id.")
    return found[0]


@click.command("batch")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV, Arrow or Parquet.",
)
@click.option("--trunk", help="Name or id of a customer trunk; without it the operator's view.")
@click.option("--policy", type=click.Choice(list(PRESETS)), help="Instead of the trunk's own.")
@click.option(
    "--max", "max_routes", type=click.IntRange(1, 1000), default=1, show_default=True, help="Routes a call."
)
@click.option(
    "--seconds", type=click.IntRange(1, 86_400), help="Length of the calls that costs are compared at."
)
@pass_run
def batch(
    run: Run,
    file: Path,
    output: Path,
    trunk: str | None,
    policy: str | None,
    max_routes: int,
    seconds: int | None,
) -> None:
    """Decide every call of FILE (columns dnis, and where there are any ani, lrn, a_lrn, at_us, call_id).

    Numbers are read as the trunk writes them, its tech prefix with or without. OUT has one row a route with the columns
    of docs/decision.md 7 (`call` counts from 0); a number that cannot be read has the status bad_number. Ctrl-C leaves
    no file."""
    try:
        calls = read_calls(file)
    except ValueError as fault:
        raise Invalid(str(fault), hint="Numbers are text in a column dnis.") from fault
    say(f"{calls.num_rows} calls read from {file.name}")
    app = create_app(run.settings)
    with app.app_context():
        trunk_id = trunk_named(trunk)
        with progress_bar("Reading numbers") as report:
            own = db.session.get(CustomerTrunk, trunk_id) if trunk_id else None
            calls = dialled_table(own, calls, lambda done, total: report(done, total, "different numbers"))
        query: dict[str, Any] = {
            "trunk": trunk_id,
            "policy": PRESETS[policy] if policy else None,
            "max": max_routes,
            "reference_seconds": seconds,
            "at_us": to_micros(utc_now()),
        }
        snapshot = current_snapshot(run.settings.snapshot_dir)
    try:
        with progress_bar("Deciding") as report:

            def tell(done: int, total: int) -> bool:
                report(done, total, "calls")
                return True

            decisions = decide_table(snapshot, query, calls, progress=tell)
        write_table(decisions, output)
    except (ValueError, QueryError) as fault:
        raise Invalid(
            str(fault), hint=f"{file.name}: numbers are text, instants are microseconds."
        ) from fault
    answered = decisions.group_by("status").aggregate([("call", "count_distinct")]).to_pylist()
    counts = {row["status"]: row["call_count_distinct"] for row in answered}
    say(f"{calls.num_rows} calls decided with snapshot {snapshot.id}")
    emit_json({"calls": calls.num_rows, "rows": decisions.num_rows, **json.loads(json.dumps(counts))})
