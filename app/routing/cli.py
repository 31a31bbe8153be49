"""`tandem snapshot …` and `tandem lcr NUMBER`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click
import sqlalchemy as sa

from app.carriers.models import CustomerTrunk
from app.clock import to_micros, utc_now
from app.console import Exit, Run, emit_json, emit_table, json_option, pass_run, progress_bar, say
from app.db import db
from app.errors import NotFound
from app.factory import create_app
from app.jobs.progress import SilentProgress
from app.routing.caller import caller_number, routing_number
from app.routing.cli_batch import batch, trunk_named
from app.routing.current import decide
from app.routing.dialled import dialled
from app.routing.draw import draw
from app.routing.models import SnapshotRecord
from app.routing.service.build_snapshot import build_snapshot, last_published
from lcr_core import CoreError


class _Bar(SilentProgress):
    def __init__(self, report: Any) -> None:
        self._report = report

    def __call__(self, done: int, total: int, phase: str = "") -> None:
        self._report(done, total, phase)


def _row(record: SnapshotRecord) -> dict[str, Any]:
    return {
        "id": record.snapshot_id,
        "state": record.state,
        "created_at": record.created_at.isoformat(),
        "offers": record.offers,
        "rates": record.rates,
        "epoch_until": record.epoch_until.isoformat() if record.epoch_until else None,
        "build_ms": record.build_ms,
        "reason": record.reason,
        "error": record.error,
    }


@click.group("snapshot")
def snapshot() -> None:
    """Routing snapshots: what the edge and the simulator answer from."""


@snapshot.command("build")
@json_option
@pass_run
def build(run: Run, as_json: bool) -> None:
    """Compile what changed and publish it."""
    app = create_app(run.settings)
    with app.app_context():
        try:
            with progress_bar("Building the snapshot") as report:
                record = build_snapshot(
                    db.session, run.settings, reason="command line", now=utc_now(), progress=_Bar(report)
                )
        except CoreError as fault:
            say(f"error: the snapshot was refused: {fault}")
            say("  The one before serves on.")
            raise click.exceptions.Exit(Exit.REJECTED) from fault
        row = _row(record)
    emit_table([row], as_json=as_json)


@snapshot.command("list")
@click.option("--last", default=10, show_default=True, help="How many.")
@json_option
@pass_run
def list_(run: Run, last: int, as_json: bool) -> None:
    """The newest snapshots, published and failed."""
    app = create_app(run.settings)
    with app.app_context():
        found = db.session.scalars(sa.select(SnapshotRecord).order_by(SnapshotRecord.id.desc()).limit(last))
        emit_table(
            [_row(record) for record in found], as_json=as_json, empty="No snapshot has been built yet."
        )


@snapshot.command("show")
@json_option
@pass_run
def show(run: Run, as_json: bool) -> None:
    """The snapshot in force."""
    app = create_app(run.settings)
    with app.app_context():
        found = last_published(db.session)
        if found is None:
            raise NotFound("No snapshot has been published yet.", hint="Run `tandem snapshot build`.")
        emit_table([_row(found)], as_json=as_json)


class _Lcr(click.Group):
    """`tandem lcr NUMBER` is short for `tandem lcr ask NUMBER`."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = ["ask", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["ask", *args]
        return super().parse_args(ctx, args)


@click.group("lcr", cls=_Lcr)
def lcr() -> None:
    """Routing decisions: `tandem lcr NUMBER --explain`, or many at once with `tandem lcr batch FILE`."""


lcr.add_command(batch)


@lcr.command("ask")
@click.argument("number")
@click.option("--trunk", help="Name or id of a customer trunk; without it the operator's view.")
@click.option("--ani", help="The caller's number.")
@click.option("--lrn", "ported_to", help="The LRN of a ported number.")
@click.option("--a-lrn", help="The caller's LRN or JIP.")
@click.option("--at", "at_text", help="Instant, ISO 8601, UTC when it names no zone; default now.")
@click.option("--policy", help="cost, cost_delta, priority, quality or score instead of the trunk's.")
@click.option("--max", "max_routes", type=click.IntRange(1, 1000), help="How many routes.")
@click.option(
    "--seconds", type=click.IntRange(1, 86400), help="Length of the call that costs are compared at."
)
@click.option("--explain", is_flag=True, help="Every vendor with its verdict.")
@json_option
@pass_run
def ask(
    run: Run,
    number: str,
    trunk: str | None,
    ani: str | None,
    ported_to: str | None,
    a_lrn: str | None,
    at_text: str | None,
    policy: str | None,
    max_routes: int | None,
    seconds: int | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Which vendors to try for NUMBER, in which order, and why."""
    app = create_app(run.settings)
    with app.app_context():
        trunk_id = trunk_named(trunk)
        read = dialled(db.session.get(CustomerTrunk, trunk_id) if trunk_id else None, number)
        query = {
            "trunk": trunk_id,
            "dnis": read.number,
            "ani": caller_number(ani),
            "lrn": ported_to or read.lrn,
            "npdi": read.npdi,
            "a_lrn": routing_number(a_lrn),
            "call_id": None,
            "at_us": to_micros(_instant(at_text)),
            "max": max_routes,
            "explain": explain,
            "explain_scope": "all",
            "decision_id": None,
            "reference_seconds": seconds,
            "policy": {"kind": policy} if policy else None,
            "offers": None,
            "sell": None,
        }
        answer = decide(run.settings.snapshot_dir, query)
    if as_json:
        emit_json(answer)
    else:
        draw(
            answer,
            {"policy": policy or ("the trunk's own" if trunk else "cost"), "trunk": trunk or "operator"},
        )
    if answer["status"] != "ok":
        raise click.exceptions.Exit(Exit.NOT_FOUND)


def _instant(text: str | None) -> datetime:
    if text is None:
        return utc_now()
    try:
        read = datetime.fromisoformat(text)
    except ValueError as fault:
        raise click.BadParameter(
            f"{text!r} is not an instant such as 2026-11-21T12:00:00Z", param_hint="--at"
        ) from fault
    return read if read.tzinfo else read.replace(tzinfo=UTC)
