"""A real worker process for the tests: two kinds of job, one of them slow and made of steps."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.jobs.progress import Progress
from app.jobs.registry import job
from app.jobs.worker import Worker


@job("test.steps")
def steps(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    log = Path(arguments["log"])

    def work(number: int) -> int:
        with log.open("a") as out:
            out.write(f"{number}\n")
        return number

    done = []
    for number in range(arguments["count"]):
        done.append(progress.step(f"step {number}", lambda number=number: work(number)))
        progress(number + 1, arguments["count"], "counting")
        time.sleep(arguments["pause_s"])
    return {"sum": sum(done)}


@job("test.cut")
def cut(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Its first start loses the connection to PostgreSQL."""
    log = Path(arguments["log"])
    first = not log.exists()
    log.touch()
    if first:
        db.session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    return {"backend": db.session.scalar(sa.text("SELECT 1"))}


@job("test.fails")
def fails(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    raise ValueError("a bug")


def make_app(url: str) -> Flask:
    import app.audit.models
    import app.carriers.models
    import app.decks.models
    import app.jobs.models
    import app.security.models  # noqa: F401

    flask = Flask("worker-test")
    flask.config["SQLALCHEMY_ENGINES"] = {"default": url}
    db.init_app(flask)
    return flask


if __name__ == "__main__":
    import signal

    worker = Worker(make_app(sys.argv[1]), sys.argv[2], modules=())
    signal.signal(signal.SIGTERM, worker.stop)
    sys.exit(worker.run())
