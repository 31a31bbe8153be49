"""Old call records keep what was rated and lose whom it was about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.cdrs.models import CallDay, CallImport, CallQuarantine, CallRecord
from app.cdrs.service.retain_calls import retain_calls
from app.db import db
from tests.factories.app import let_go
from tests.integration.cdrs.world import FR, HEAD, NOW, UK, World, line, make_world, send


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    yield from let_go(make_world(tmp_path, database_url))


def test_numbers_go_after_six_months_and_sums_stay(world: World) -> None:
    old = send(world, HEAD + line(1) + line(2, dnis=FR))  # the second has no rate: quarantine
    settings = world.app.config["TANDEM"]
    path = settings.files_dir / db.session.get_one(CallImport, old.id).file_key
    assert retain_calls(db.session, settings, now=NOW + timedelta(days=180)) == {
        "records": 0,
        "quarantined": 0,
        "files": 0,
    }
    assert path.exists()
    later = NOW + timedelta(days=184)
    young = send(world, HEAD + line(3, at=later - timedelta(hours=1)), now=later)
    assert retain_calls(db.session, settings, now=later) == {"records": 1, "quarantined": 1, "files": 1}
    assert retain_calls(db.session, settings, now=later) == {"records": 0, "quarantined": 0, "files": 0}
    db.session.expire_all()
    cleared, kept = db.session.scalars(sa.select(CallRecord).order_by(CallRecord.id)).all()
    assert (cleared.dnis, cleared.ani, cleared.record["dnis"], cleared.record["ani"]) == (
        "4420",
        "",
        "4420",
        "",
    )
    assert cleared.cost_nanos == 10_000_000
    assert (kept.dnis, kept.import_id) == (UK, young.id)
    waiting = db.session.scalars(sa.select(CallQuarantine)).one()
    assert (waiting.record, waiting.settled, waiting.reason) == ({}, "dropped", "no_rate")
    assert not path.exists()
    assert sum(day.attempts for day in db.session.scalars(sa.select(CallDay))) == 2
    assert send(world, HEAD + line(1), now=later).counts["same"] == 1  # still known
