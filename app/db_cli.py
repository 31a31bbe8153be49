"""`tandem db`: migrations."""

from __future__ import annotations

import click
import sqlalchemy as sa

from app import migrate
from app.console import Run, emit_json, json_option, pass_run, say
from app.db import db
from app.factory import create_app


@click.group("db")
def group() -> None:
    """The database: migrate, look at its revision."""


@group.command("upgrade")
@json_option
@pass_run
def upgrade(run: Run, as_json: bool) -> None:
    """Create or migrate the database to the newest revision."""
    app = create_app(run.settings)
    with app.app_context():
        before = migrate.current_revision(db.engine)
        migrate.upgrade(db.engine)
        after = migrate.current_revision(db.engine)
        url = sa.make_url(run.settings.database_url).render_as_string(hide_password=True)
    if as_json:
        emit_json({"url": url, "before": before, "after": after})
    else:
        say(f"{url}: {before or 'empty'} -> {after}" if before != after else f"{url}: already at {after}")


@group.command("current")
@json_option
@pass_run
def current(run: Run, as_json: bool) -> None:
    """Print the revision of the database and the newest one."""
    app = create_app(run.settings)
    with app.app_context():
        found = {"current": migrate.current_revision(db.engine), "newest": migrate.newest_revision()}
    if as_json:
        emit_json(found)
    else:
        click.echo(found["current"] or "empty")


@group.command("revision")
@click.argument("message")
@click.option("--id", "revision_id", required=True, help="Number of the new file, for example 0002.")
@pass_run
def revision(run: Run, message: str, revision_id: str) -> None:
    """Write a migration file from the difference between the models and this database."""
    app = create_app(run.settings)
    with app.app_context():
        migrate.make_revision(db.engine, message, revision_id)
