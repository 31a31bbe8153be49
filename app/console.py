"""What every command shares: settings, output, exit codes, progress. stdout is data, stderr is messages."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.config import Settings
from app.config_sources import LoadedSettings
from app.errors import DomainError


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    REJECTED = 3  # the data was refused
    WARNINGS = 4  # done, but with warnings, under --strict
    NOT_FOUND = 5
    TRY_AGAIN = 75
    INTERRUPTED = 130


EXIT_OF_CODE = {
    "not_found": Exit.NOT_FOUND,
    "invalid": Exit.REJECTED,
    "too_large": Exit.REJECTED,
    "busy": Exit.TRY_AGAIN,
}


@dataclass(frozen=True)
class Run:
    """`ctx.obj` of every command."""

    loaded: LoadedSettings

    @property
    def settings(self) -> Settings:
        return self.loaded.settings


pass_run = click.make_pass_decorator(Run)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
strict_option = click.option("--strict", is_flag=True, help="End with code 4 when there were warnings.")


def stderr() -> Console:
    """Messages; NO_COLOR is honoured by rich."""
    return Console(stderr=True, highlight=False)


def say(text: str) -> None:
    click.echo(text, err=True)


def emit_json(data: Any) -> None:
    click.echo(json.dumps(data, default=str, ensure_ascii=False))


def emit_table(rows: Sequence[dict[str, Any]], *, as_json: bool, empty: str = "Nothing found.") -> None:
    """Rows as JSON, as a table on a terminal, or as tab separated text into a pipe."""
    if as_json:
        emit_json(list(rows))
        return
    if not rows:
        say(empty)
        return
    columns = list(rows[0])
    if sys.stdout.isatty():
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(column)
        for row in rows:
            table.add_row(*(_cell(row[column]) for column in columns))
        Console().print(table)
        return
    click.echo("\t".join(columns))
    for row in rows:
        click.echo("\t".join(_cell(row[column]) for column in columns))


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def exit_code_of(error: DomainError) -> Exit:
    return EXIT_OF_CODE.get(error.code, Exit.FAILED)


def show_error(error: DomainError) -> None:
    say(f"error: {error.message}")
    if error.hint:
        say(f"  {error.hint}")


def is_quiet_stream() -> bool:
    return not sys.stderr.isatty() or os.environ.get("TERM") == "dumb"


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """Yields `report(done, total, phase)`: a bar on a terminal, else one line every five seconds on stderr."""
    if not is_quiet_stream():
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=stderr(), transient=True) as bar:
            task = bar.add_task(title, total=None)

            def draw(done: int, total: int = 0, phase: str = "") -> None:
                text = f"{title}: {phase}" if phase else title
                bar.update(task, completed=done, total=total or None, description=text)

            yield draw
        return
    last = time.monotonic()

    def line(done: int, total: int = 0, phase: str = "") -> None:
        nonlocal last
        if time.monotonic() - last >= 5:
            last = time.monotonic()
            say(f"{title}{': ' + phase if phase else ''} {done}{f'/{total}' if total else ''}")

    yield line
