"""What the operator's health page looks at: database, worker, edge, snapshot, disk, audit."""

from __future__ import annotations

import shutil
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.models import AuditHead
from app.config import Settings
from app.jobs.models import Job
from app.routing.models import SnapshotRecord


@dataclass(frozen=True)
class Sign:
    """`tone` is good | fair | poor; `text` says it in words."""

    name: str
    tone: str
    text: str
    mend: str = ""


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def signs(session: Session, settings: Settings, now: datetime) -> list[Sign]:
    return [_database(session), _worker(session, now), _edge(settings), _snapshot(session, now), _disk(settings),
            _audit(session)]  # fmt: skip


def _database(session: Session) -> Sign:
    session.execute(sa.text("SELECT 1"))
    return Sign("Database", "good", f"{session.get_bind().dialect.name} answers")


def _worker(session: Session, now: datetime) -> Sign:
    oldest = session.scalar(sa.select(sa.func.min(Job.created_at)).where(Job.state == "queued"))
    running = session.scalar(sa.select(sa.func.count()).select_from(Job).where(Job.state == "running")) or 0
    if oldest is None:
        return Sign("Worker", "good", f"nothing waits, {running} running")
    waited = now - oldest
    late = waited > timedelta(minutes=1) and not running
    text = f"oldest job waits {int(waited.total_seconds())} s, {running} running"
    return Sign("Worker", "poor" if late else "good", text, "tandem worker" if late else "")


def _edge(settings: Settings) -> Sign:
    url = f"http://{settings.edge.host}:{settings.edge.port}"
    if _answers(url + "/readyz"):
        return Sign("Edge", "good", f"{url} serves a snapshot")
    if _answers(url + "/healthz"):
        return Sign("Edge", "fair", f"{url} lives but has no snapshot", "approve a deck")
    return Sign("Edge", "poor", f"{url} does not answer", "tandem edge")


def _snapshot(session: Session, now: datetime) -> Sign:
    last = session.scalars(sa.select(SnapshotRecord).order_by(SnapshotRecord.id.desc()).limit(1)).first()
    if last is None:
        return Sign("Snapshot", "fair", "none was published yet", "approve a deck")
    if last.state != "published":
        return Sign("Snapshot", "poor", f"the last one failed: {last.error or last.reason}", "see the jobs")
    if last.epoch_until is not None and last.epoch_until <= now:
        return Sign("Snapshot", "poor", "its epoch has ended; rates changed since", "tandem snapshot build")
    return Sign(
        "Snapshot",
        "good",
        f"{last.offers} offers, {last.rates:,} rates, published {last.created_at:%Y-%m-%d %H:%M}",
    )


def _disk(settings: Settings) -> Sign:
    free = shutil.disk_usage(settings.root).free
    text = f"{free / 2**30:.1f} GB free"
    return Sign("Disk", "good" if free > 2**30 else "poor", text, "" if free > 2**30 else "make room")


def _audit(session: Session) -> Sign:
    head = session.get(AuditHead, 1)
    return Sign("Audit log", "good", f"{head.events if head else 0:,} events; verify the chain on its page")
