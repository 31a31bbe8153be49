"""A file of number blocks or ported numbers is taken into force by the operator, from the page and from the shell."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.db import db
from app.errors import Invalid
from app.jobs.models import Job
from app.routing.gather import number_file
from app.routing.models import NumberFile
from app.routing.service.import_numbers import import_numbers
from rates.store import Store
from tests.factories import app as make

BLOCKS = "npa_nxx,state,rate_centre\n212555,NY,NEW YORK\n718555,NY,BRONX\n112555,NY,\n"


def test_the_newest_file_of_a_kind_is_in_force_and_asks_for_a_snapshot(tmp_path: Path) -> None:
    source = tmp_path / "blocks.csv"
    source.write_text(BLOCKS)
    with make.make_app(tmp_path).app_context():
        found = import_numbers(
            db.session,
            None,
            "blocks",
            source,
            root=tmp_path / "snapshots",
            store=Store(str(tmp_path / "store")),
            source="blocks.csv",
            now=utc_now(),
        )
        assert (found.rows, found.skipped, found.problems[0]["line"]) == (2, 1, 4)
        assert (tmp_path / "snapshots" / "indexes" / found.file).exists()
        assert number_file(db.session, "blocks") == found.file
        assert number_file(db.session, "lrn") is None
        assert [job.kind for job in db.session.scalars(sa.select(Job))] == ["snapshot.publish"]


def test_a_file_without_blocks_changes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "blocks.csv"
    source.write_text("a,b\n1,2\n")
    with make.make_app(tmp_path).app_context():
        with pytest.raises(Invalid, match="npa_nxx"):
            import_numbers(
                db.session, None, "blocks", source, root=tmp_path, store=Store(str(tmp_path / "store")),
                source="x.csv", now=utc_now(),
            )  # fmt: skip
        assert db.session.scalar(sa.select(sa.func.count(NumberFile.id))) == 0
