"""`tandem doctor`: looks at what must hold and says how to mend what does not."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

import click
import sqlalchemy as sa

from app import migrate
from app.audit.verify import verify_chain
from app.cli_serve import answers, urls
from app.config import Settings
from app.console import Exit, Run, emit_json, json_option, pass_run
from app.db import db
from app.factory import create_app
from app.web.assets import DIST


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `state` is ok | warning | broken."""

    check: str
    state: str
    text: str
    mend: str = ""


def _python(_settings: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "ok", version)


def _native(_settings: Settings) -> Finding:
    try:
        import lcr_core
    except ImportError:
        return Finding("core", "broken", "the Rust extension is not built", "make native")
    return Finding("core", "ok", f"built, {len(lcr_core.__all__)} names")


def _bundles(_settings: Settings) -> Finding:
    if not (DIST / "manifest.json").exists():
        return Finding("front end", "broken", "the browser bundles are not built", "make frontend")
    return Finding("front end", "ok", "bundles built")


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.root).free
    text = f"{free // 2**20} MB free in {settings.root}"
    return Finding("disk", "ok" if free > 2**30 else "warning", text, "" if free > 2**30 else "make room")


def _database(settings: Settings) -> Finding:
    try:
        current, newest = migrate.current_revision(db.engine), migrate.newest_revision()
    except sa.exc.SQLAlchemyError as error:
        return Finding(
            "database", "broken", f"does not answer: {error.__class__.__name__}", "check database.url"
        )
    if current != newest:
        return Finding(
            "database", "broken", f"at {current or 'empty'}, newest is {newest}", "tandem db upgrade"
        )
    return Finding("database", "ok", f"revision {current} on {db.engine.dialect.name}")


def _audit(_settings: Settings) -> Finding:
    try:
        faults = verify_chain(db.session)
    except (sa.exc.SQLAlchemyError, sa.exc.NoResultFound):
        return Finding("audit chain", "broken", "there is no audit log yet", "tandem db upgrade")
    if faults:
        return Finding(
            "audit chain", "broken", faults[0].text, "restore the log from a backup and find out who"
        )
    return Finding("audit chain", "ok", "whole")


def _snapshot(settings: Settings) -> Finding:
    current = settings.snapshot_dir / "CURRENT"
    if not current.exists():
        return Finding(
            "snapshot", "warning", "none published yet", "approve a deck, or tandem snapshot build"
        )
    return Finding("snapshot", "ok", current.read_text().strip())


def _processes(settings: Settings) -> Finding:
    up = {name: answers(url + "/healthz") for name, url in urls(settings).items()}
    down = [name for name, yes in up.items() if not yes]
    if down:
        return Finding("processes", "warning", f"not answering: {', '.join(down)}", "tandem serve")
    return Finding("processes", "ok", "web and edge answer")


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    _python, _native, _bundles, _disk, _database, _audit, _snapshot, _processes,
)  # fmt: skip


@click.command()
@json_option
@pass_run
def doctor(run: Run, as_json: bool) -> int:
    """Look at everything the exchange needs; ends with 1 when something is broken."""
    app = create_app(run.settings)
    with app.app_context():
        findings = [check(run.settings) for check in CHECKS]
    if as_json:
        emit_json([asdict(finding) for finding in findings])
    else:
        for one in findings:
            mend = f"  -> {one.mend}" if one.mend else ""
            click.echo(f"{one.state:<8} {one.check:<12} {one.text}{mend}")
    return Exit.FAILED if any(one.state == "broken" for one in findings) else Exit.DONE
