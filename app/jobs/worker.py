"""The worker process: takes queued jobs from the database and runs them as durable workflows.

The Job row is written in the transaction of whatever asked for it, so no job is ever lost between two
stores: this loop starts one workflow per queued row, under the row's own id, which makes a second start
harmless. DBOS remembers which workflows are unfinished; after kill -9 the next worker resumes them.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from types import FrameType
from typing import Any

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID
from flask import Flask

from app.db import db, is_passing
from app.jobs.endings import LIVE
from app.jobs.models import Job
from app.jobs.registry import Timer, timers
from app.jobs.runner import give_up, run_one

log = structlog.get_logger("worker")

# Fixed, so that an upgraded worker still resumes what the old one left.
APPLICATION_VERSION = "tandem-jobs-1"
EXECUTOR_ID = "worker"
CONCURRENCY = 2
POLL_S = 0.15
GONE_WAIT_S = 1.0
HANDED_S = 5.0
"""So long a handed-over job counts as running before its workflow has begun; one that never begins keeps no place."""
LOST_EVERY_S = 15.0
ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
JOB_MODULES = (
    "app.mail.jobs", "app.decks.jobs", "app.routing.jobs", "app.routing.state_jobs", "app.routing.quality_jobs",
    "app.calls.jobs", "app.market.jobs", "app.deals.jobs", "app.hooks.jobs", "app.cdrs.jobs", "app.billing.jobs", "app.reports.jobs",
)  # fmt: skip


class Worker:
    """One worker process. `run` blocks until `stop` is called or a signal arrives."""

    def __init__(
        self,
        app: Flask,
        jobs_url: str,
        *,
        concurrency: int = CONCURRENCY,
        executor_id: str = EXECUTOR_ID,
        modules: Sequence[str] = JOB_MODULES,
    ) -> None:
        """`executor_id` must differ between workers that live at the same time."""
        self._app = app
        self._executor_id = executor_id
        self._modules = modules
        self._jobs_url = jobs_url
        self._concurrency = concurrency
        self._stop = threading.Event()
        self._active: set[str] = set()
        self._handed: dict[str, float] = {}
        self._lock = threading.Lock()

    def stop(self, *_signal: int | FrameType | None) -> None:
        self._stop.set()

    def run(self) -> int:
        for name in self._modules:
            import_module(name)
        config: DBOSConfig = {
            "name": "tandem",
            "system_database_url": self._jobs_url,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._executor_id,
            "enable_otlp": False,
            "log_level": "WARNING",
        }
        DBOS(config=config)
        workflow = self._workflow()
        DBOS.launch()
        log.info("worker ready", concurrency=self._concurrency)
        try:
            self._adopt(workflow)
            self._loop(workflow)
        finally:
            log.info("worker drains", running=len(self._active))
            DBOS.destroy(workflow_completion_timeout_sec=30)
        return 0

    def _workflow(self) -> Callable[[str], dict[str, Any]]:
        app, active, handed, lock = self._app, self._active, self._handed, self._lock

        @DBOS.workflow(name="tandem.job", max_recovery_attempts=20)
        def run_job(job_id: str) -> dict[str, Any]:
            with lock:
                active.add(job_id)
                handed.pop(job_id, None)
            try:
                return _until_heard(app, job_id)
            finally:
                with lock:
                    active.discard(job_id)

        return run_job

    def _adopt(self, workflow: Callable[[str], dict[str, Any]]) -> None:
        """Rows left running whose workflow is unknown (a new job file) start again; known ones are not doubled."""
        with self._app.app_context():
            left = db.session.scalars(sa.select(Job.id).where(Job.state == "running")).all()
            db.session.rollback()
        for job_id in left:
            with SetWorkflowID(job_id):
                DBOS.start_workflow(workflow, job_id)

    def _loop(self, workflow: Callable[[str], dict[str, Any]]) -> None:
        every = [*timers(), Timer("jobs.lost", LOST_EVERY_S, self._end_lost)]
        due = {one.name: 0.0 for one in every}
        while not self._stop.is_set():
            try:
                self._start_queued(workflow)
                self._tick(every, due)
            except sa.exc.OperationalError as fault:
                log.warning("database not reachable, trying again", error=str(fault.orig))
                self._stop.wait(1.0)
            self._stop.wait(POLL_S)

    def _start_queued(self, workflow: Callable[[str], dict[str, Any]]) -> None:
        with self._lock:
            now = time.monotonic()
            for job_id, since in list(self._handed.items()):
                if now - since > HANDED_S:
                    del self._handed[job_id]
            busy = self._active | self._handed.keys()
        free = self._concurrency - len(busy)
        if free <= 0:
            return
        with self._app.app_context():
            waiting = db.session.scalars(
                sa.select(Job.id)
                .where(Job.state == "queued")
                .order_by(Job.created_at, Job.id)
                .limit(free + len(busy))
            ).all()
            db.session.rollback()
        for job_id in [one for one in waiting if one not in busy][:free]:
            with self._lock:
                self._handed[job_id] = now
            with SetWorkflowID(job_id):
                DBOS.start_workflow(workflow, job_id)

    def _end_lost(self) -> None:
        """Jobs that live by their row while their workflow has ended: nobody would ever run them. They fail, and say so."""
        left = db.session.scalars(sa.select(Job.id).where(Job.state.in_(LIVE))).all()
        db.session.rollback()
        for job_id in left:
            if job_id not in self._active:
                status = DBOS.get_workflow_status(job_id)
                if status is not None and status.status in ENDED:
                    log.error("job lost its workflow", job=job_id, status=status.status)
                    give_up(job_id, "Its work ended without a result; it is not tried again by itself.")

    def _tick(self, every: Sequence[Timer], due: dict[str, float]) -> None:
        now = time.monotonic()
        for one in every:
            if now >= due[one.name]:
                due[one.name] = now + one.seconds
                self._run_timer(one)

    def _run_timer(self, one: Timer) -> None:
        try:
            with self._app.app_context():
                one.tick()
        except Exception:  # a timer's bug must not stop the worker
            log.exception("timer failed", timer=one.name)


def _until_heard(app: Flask, job_id: str) -> dict[str, Any]:
    """Run the job to an end that its row tells. While the database is gone or too busy wait, and start the job again, as
    after a killed worker."""
    lost = ""
    while True:
        try:
            if not lost:
                return run_one(app, job_id, _durable_step)
            with app.app_context():
                give_up(job_id, lost)
            return {"state": "failed"}
        except Exception as fault:
            if not is_passing(fault):
                if lost:
                    raise  # the worker's own look for lost jobs tries on
                log.exception("job broke its runner", job=job_id)
                lost = f"Internal fault: {type(fault).__name__}"
                continue
            log.warning(
                "database gone or busy during a job, which waits for it", job=job_id, error=str(fault)
            )
            time.sleep(GONE_WAIT_S)


def _durable_step(name: str, work: Callable[[], Any]) -> Any:
    return DBOS.run_step({"name": name}, work)


def run_worker(
    app: Flask, jobs_url: str, *, concurrency: int = CONCURRENCY, executor_id: str = EXECUTOR_ID
) -> int:
    """Run until SIGTERM or SIGINT, then let running jobs end (30 s) and return 0."""
    worker = Worker(app, jobs_url, concurrency=concurrency, executor_id=executor_id)
    signal.signal(signal.SIGTERM, worker.stop)
    signal.signal(signal.SIGINT, worker.stop)
    return worker.run()
