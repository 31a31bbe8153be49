"""`tandem routing blocks|lrn import FILE`: files about numbers of North America."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from app.clock import utc_now
from app.console import Run, emit_table, json_option, pass_run, say
from app.db import db
from app.factory import create_app
from app.routing.models import NumberFile
from app.routing.service.import_numbers import import_numbers
from rates.store import Store


@click.group("routing")
def routing() -> None:
    """Files that routing decides by."""


@routing.group("blocks")
def blocks() -> None:
    """Number blocks of North America: state, rate centre, OCN and LATA of each NPA-NXX."""


@routing.group("lrn")
def lrn() -> None:
    """Ported numbers and their LRN."""


def _columns(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(part.partition("=")[::2] for part in given)
    bad = [name for name, column in pairs.items() if not column]
    if bad:
        raise click.BadParameter(f"{bad[0]!r} is not FIELD=COLUMN, for example npa_nxx=2")
    return pairs


_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_column = click.option(
    "--column", "columns", multiple=True, callback=_columns,
    help="FIELD=HEADING or FIELD=PLACE (from 1), where headings do not tell.",
)  # fmt: skip


def _import(run: Run, kind: str, file: Path, columns: dict[str, str], *, as_json: bool) -> None:
    app = create_app(run.settings)
    with app.app_context():
        found = import_numbers(
            db.session, None, kind, file, root=run.settings.snapshot_dir,
            store=Store(str(run.settings.store_dir)), source=file.name,
            columns=columns or None, now=utc_now(),
        )  # fmt: skip
        db.session.commit()
        for problem in found.problems[:10]:
            say(f"line {problem['line']}: {problem['text']!r} {problem['why']}")
        if found.skipped > 10:
            say(f"… and more: {found.skipped} lines left out in all")
        emit_table([_row(found)], as_json=as_json)


def _row(found: NumberFile) -> dict[str, Any]:
    return {"file": found.file, "source": found.source, "rows": found.rows, "left_out": found.skipped,
            "imported_at": found.created_at.isoformat()}  # fmt: skip


def _list(run: Run, kind: str, *, as_json: bool) -> None:
    app = create_app(run.settings)
    with app.app_context():
        found = sa.select(NumberFile).where(NumberFile.kind == kind).order_by(NumberFile.id.desc())
        emit_table(
            [_row(f) for f in db.session.scalars(found)], as_json=as_json, empty="None was imported yet."
        )


@blocks.command("import")
@_file
@_column
@json_option
@pass_run
def blocks_import(run: Run, file: Path, columns: dict[str, str], as_json: bool) -> None:
    """Take FILE (CSV) into force. Fields: npa_nxx, or npa, nxx and block; state, country, rate_centre, ocn, lata."""
    _import(run, "blocks", file, columns, as_json=as_json)


@blocks.command("list")
@json_option
@pass_run
def blocks_list(run: Run, as_json: bool) -> None:
    """Files that were imported, the one in force first."""
    _list(run, "blocks", as_json=as_json)


@lrn.command("import")
@_file
@_column
@json_option
@pass_run
def lrn_import(run: Run, file: Path, columns: dict[str, str], as_json: bool) -> None:
    """Take FILE (CSV with number and lrn) into force."""
    _import(run, "lrn", file, columns, as_json=as_json)


@lrn.command("list")
@json_option
@pass_run
def lrn_list(run: Run, as_json: bool) -> None:
    """Files that were imported, the one in force first."""
    _list(run, "lrn", as_json=as_json)
