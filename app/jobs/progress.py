"""What a running job tells people, and how it hears that it should stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from app.jobs.models import Job

T = TypeVar("T")
WRITE_EVERY_S = 0.25


class JobCancelled(Exception):
    """Raised inside a handler by `progress(...)` after somebody asked to cancel."""


class Progress(Protocol):
    """Call it with (done, total, phase); it raises JobCancelled when asked to stop."""

    def __call__(self, done: int, total: int, phase: str = "") -> None: ...

    def cancelled(self) -> bool: ...

    def step(self, name: str, work: Callable[[], T]) -> T:
        """Run `work` once: after a killed worker its stored result is used instead of running it again."""
        ...


class SilentProgress:
    """For work done without a job (tests, command line with --quiet)."""

    def __call__(self, done: int, total: int, phase: str = "") -> None:
        return None

    def cancelled(self) -> bool:
        return False

    def step(self, name: str, work: Callable[[], T]) -> T:
        return work()


class JobProgress:
    """Writes progress to the job's row, at most four times a second, and reads the wish to cancel.

    It uses a connection of its own. When the database is busy (SQLite has one writer) an update is
    left out rather than waited for: progress is news, not truth.
    """

    def __init__(
        self, engine: Engine, job_id: str, run_step: Callable[[str, Callable[[], Any]], Any]
    ) -> None:
        self._engine = engine
        self._job_id = job_id
        self._run_step = run_step
        self._next_write = 0.0
        self._phase = ""
        self._cancel = False

    def __call__(self, done: int, total: int, phase: str = "") -> None:
        now = time.monotonic()
        new_phase = bool(phase) and phase != self._phase
        if now < self._next_write and not new_phase:
            return
        self._next_write = now + WRITE_EVERY_S
        self._phase = phase or self._phase
        self._write(done, total)
        if self._cancel:
            raise JobCancelled(self._job_id)

    def cancelled(self) -> bool:
        """Ask the database, not only what the last progress call saw."""
        with self._engine.connect() as connection:
            asked = connection.scalar(sa.select(Job.cancel_requested).where(Job.id == self._job_id))
        self._cancel = bool(asked)
        return self._cancel

    def step(self, name: str, work: Callable[[], T]) -> T:
        result: T = self._run_step(name, work)
        return result

    def _write(self, done: int, total: int) -> None:
        values = {"done": done, "total": total, "phase": self._phase[:60]}
        sqlite = self._engine.dialect.name == "sqlite"
        with self._engine.connect() as connection:
            if sqlite:
                connection.exec_driver_sql("PRAGMA busy_timeout=200")
            try:
                connection.execute(sa.update(Job).where(Job.id == self._job_id).values(**values))
                asked = connection.scalar(sa.select(Job.cancel_requested).where(Job.id == self._job_id))
                connection.commit()
                self._cancel = bool(asked)
            except sa.exc.OperationalError:
                connection.rollback()
            finally:
                if sqlite:  # the connection goes back to the pool as it came
                    connection.exec_driver_sql("PRAGMA busy_timeout=15000")
                    connection.rollback()
