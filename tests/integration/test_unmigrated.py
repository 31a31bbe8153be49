"""A command on a database without tables ends with one sentence that says what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.cli import misses_a_table

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", [["deck", "list"], ["snapshot", "build"]], ids=" ".join)
def test_a_command_on_an_unmigrated_database_says_how_to_migrate_it(
    database_url: str, tmp_path: Path, command: list[str]
) -> None:
    settings = ["--data-dir", str(tmp_path / "var"), "--set", f"database.url={database_url}"]
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *settings, *command],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr.strip() == "error: the database is not migrated; run `tandem db upgrade`"
    assert (done.returncode, done.stdout) == (1, "")


def test_another_fault_of_the_database_is_not_taken_for_it(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as fault:
        connection.execute(sa.text("SELEKT 1"))
    engine.dispose()
    assert not misses_a_table(fault.value)
