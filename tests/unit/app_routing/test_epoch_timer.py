"""The timer that follows the epochs asks once, and leaves a failing build alone for a while."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.db import db
from app.jobs.models import Job
from app.routing.jobs import follow_epoch
from app.routing.models import SnapshotRecord
from tests.factories import app as make


@pytest.mark.parametrize(("failed_minutes_ago", "jobs"), [(None, 1), (1, 0), (6, 1)])
def test_an_ended_epoch_asks_for_one_build_unless_one_just_failed(
    tmp_path: Path, failed_minutes_ago: int | None, jobs: int
) -> None:
    now = utc_now()
    with make.make_app(tmp_path).app_context():
        ended = now - timedelta(seconds=5)
        rows = [
            SnapshotRecord(
                reason="x", state="published", epoch_until=ended, created_at=now - timedelta(hours=1)
            )
        ]
        if failed_minutes_ago is not None:
            rows.append(
                SnapshotRecord(
                    reason="x", state="failed", created_at=now - timedelta(minutes=failed_minutes_ago)
                )
            )
        db.session.add_all(rows)
        db.session.commit()
        follow_epoch()
        follow_epoch()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == jobs
