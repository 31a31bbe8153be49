"""A job survives its worker: kill -9 in the middle, start again, and it ends right, no step done twice.

On SQLite with a job file of its own, and on PostgreSQL with the jobs in the same database.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.db import Base
from app.jobs.models import Job
from app.jobs.service import cancel, enqueue

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 21, tzinfo=UTC)


class World:
    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self.jobs_url = f"sqlite:///{folder / 'jobs.sqlite'}" if url.startswith("sqlite") else url
        self.engine = create_engine(self.url)
        self.steps = folder / "steps.log"
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.jobs.worker_process", self.url, self.jobs_url],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.workers.append(worker)
        return worker

    def enqueue(self, kind: str, **arguments: Any) -> str:
        with Session(self.engine) as session:
            job = enqueue(session, kind, title=kind, arguments=arguments, now=NOW)
            session.commit()
            return job.id

    def job(self, job_id: str) -> Job:
        with Session(self.engine, expire_on_commit=False) as session:
            found = session.get(Job, job_id)
            assert found is not None
            return found

    def wait(self, until: Callable[[], bool], seconds: float = 40) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.05)


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    import tests.integration.jobs.worker_process as process

    process.make_app(f"sqlite:///{tmp_path / 'unused.sqlite'}")
    made = World(tmp_path, database_url)
    Base.metadata.create_all(made.engine)
    yield made
    for worker in made.workers:
        worker.kill()
        worker.wait()
    made.engine.dispose()


def test_a_job_killed_in_the_middle_resumes_at_its_unfinished_step(world: World) -> None:
    worker = world.start()
    job_id = world.enqueue("test.steps", log=str(world.steps), count=6, pause_s=0.3)
    world.wait(lambda: world.steps.exists() and len(world.steps.read_text().split()) >= 3)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert world.job(job_id).state == "running"
    world.start()
    world.wait(lambda: world.job(job_id).state == "done")
    ended = world.job(job_id)
    assert ended.result == {"sum": 15}
    assert ended.attempts == 2
    numbers = [int(n) for n in world.steps.read_text().split()]
    assert sorted(set(numbers)) == list(range(6))
    # Only the step that was under way may have run twice.
    assert len(numbers) <= 7


def test_a_job_that_loses_the_database_is_run_again_and_not_failed(world: World) -> None:
    if world.url.startswith("sqlite"):
        pytest.skip("a file cannot cut a connection")
    world.start()
    job_id = world.enqueue("test.cut", log=str(world.steps))
    world.wait(lambda: world.job(job_id).state not in ("queued", "running"))
    ended = world.job(job_id)
    assert (ended.state, ended.result, ended.attempts) == ("done", {"backend": 1}, 2)


def test_a_job_asked_to_stop_stops_and_a_faulty_one_fails_without_taking_the_worker_down(
    world: World,
) -> None:
    worker = world.start()
    bad = world.enqueue("test.fails")
    slow = world.enqueue("test.steps", log=str(world.steps), count=500, pause_s=0.1)
    unknown = world.enqueue("test.unknown")
    world.wait(lambda: world.job(slow).done > 0)
    with Session(world.engine) as session:
        cancel(session, slow, now=NOW)
        session.commit()
    world.wait(lambda: world.job(slow).state == "cancelled")
    world.wait(lambda: world.job(unknown).state == "failed")
    assert world.job(bad).state == "failed"
    assert "ValueError" in (world.job(bad).error or "")
    assert worker.poll() is None
    worker.terminate()
    assert worker.wait(timeout=45) == 0


def test_a_waiting_job_is_cancelled_at_once_and_an_equal_one_is_not_queued_twice(world: World) -> None:
    first = world.enqueue("test.steps", count=1)
    with Session(world.engine) as session:
        again = enqueue(session, "test.steps", title="x", arguments={"count": 1}, now=NOW, coalesce=True)
        assert again.id == first
        assert cancel(session, first, now=NOW).state == "cancelled"
