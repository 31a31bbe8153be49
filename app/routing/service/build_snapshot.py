"""Compile (when needed) and publish a snapshot. One builder at a time, whatever process it runs in."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.orm import Session

import lcr_core
from app.clock import from_micros, to_micros
from app.config import Settings
from app.jobs.progress import Progress
from app.routing.edge_control import control_token
from app.routing.gather import (
    Card,
    IndexInputs,
    access_document,
    control_key,
    index_inputs,
    rate_cards,
)
from app.routing.models import SnapshotRecord
from app.routing.prune import prune
from rates.rules import rules_document
from rates.schema import LAYER_FIELDS, is_layered
from rates.store import Store


def build_snapshot(
    session: Session,
    settings: Settings,
    *,
    reason: str,
    now: datetime,
    progress: Progress,
    rights_only: bool = False,
) -> SnapshotRecord:
    """Publish what the database says now; returns the record (flushed, the caller commits).

    The index is compiled only when what it is made of changed or its epoch is over. `rights_only` keeps the
    index of the last snapshot whatever changed, so that a new grant or a revoked key does not wait for a build.
    Raises lcr_core.CoreError: nothing is switched then, the old snapshot serves on.
    """
    root = settings.snapshot_dir
    root.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with _one_builder(root):
        inputs = index_inputs(session, settings.lcr, now)
        last = last_published(session)
        index = (
            last.index_file if last is not None and _usable(last, inputs, root, now, rights_only) else None
        )
        if index is not None and last is not None:
            rates, until, digest = last.rates, last.epoch_until, last.index_inputs
        else:
            index, rates, until = _compile(settings, inputs, now, progress)
            digest = inputs.digest()
        cards = _compile_cards(settings, inputs, rate_cards(session), now)
        access = access_document(session, settings.lcr, now, cards=cards)
        access["keys"].append(control_key(control_token(settings)))
        snapshot_id = lcr_core.publish(str(root), index, json.dumps(access), to_micros(now))
        record = SnapshotRecord(
            snapshot_id=snapshot_id,
            index_file=index,
            index_inputs=digest,
            reason=reason[:200],
            state="published",
            offers=len(inputs.offers),
            rates=rates,
            epoch_until=until,
            build_ms=int((time.monotonic() - begun) * 1000),
            created_at=now,
        )
        session.add(record)
        session.flush()
        prune(root, keep=5)
    return record


def last_published(session: Session) -> SnapshotRecord | None:
    return session.scalars(
        sa.select(SnapshotRecord)
        .where(SnapshotRecord.state == "published")
        .order_by(SnapshotRecord.id.desc())
        .limit(1)
    ).first()


def _usable(last: SnapshotRecord, inputs: IndexInputs, root: Path, now: datetime, rights_only: bool) -> bool:
    if last.index_file is None or not (root / "indexes" / last.index_file).exists():
        return False
    if rights_only:
        return True
    return last.index_inputs == inputs.digest() and (last.epoch_until is None or last.epoch_until > now)


def _compile(
    settings: Settings, inputs: IndexInputs, now: datetime, progress: Progress
) -> tuple[str, int, datetime | None]:
    store = Store(str(settings.store_dir))
    oldest = now - timedelta(days=settings.lcr.history_days)
    timelines = []
    rules = {}
    for number, offer in enumerate(inputs.offers, start=1):
        timeline = store.open(offer.timeline_key)
        rules[offer.offer_id] = rules_document(timeline)
        timelines.append((offer.offer_id, _plain(_recent(timeline, oldest))))
        progress(number, len(inputs.offers), "reading decks")

    report = json.loads(
        lcr_core.build_index(
            str(settings.snapshot_dir),
            inputs.offers_json(rules),
            timelines,
            to_micros(now),
            _reporter(progress),
        )
    )
    until = report["epoch_until_us"]
    return report["index"], report["rates"], None if until is None else from_micros(until)


def _reporter(progress: Progress) -> Callable[[int, int], bool]:
    def report(done: int, total: int) -> bool:
        progress(done, total, "compiling index")
        return True

    return report


def _compile_cards(
    settings: Settings, inputs: IndexInputs, cards: list[Card], now: datetime
) -> list[tuple[int, str]]:
    if not cards:
        return []
    store = Store(str(settings.store_dir))
    document = {
        "base_currency": inputs.base_currency,
        "fx": inputs.fx,
        "reference_seconds": inputs.reference_seconds,
        "offers": [{"offer_id": card.card_id, "carrier_id": 0} for card in cards],
    }
    tables = [(card.card_id, _plain(store.open(card.timeline_key))) for card in cards]
    report = json.loads(
        lcr_core.build_index(str(settings.snapshot_dir), json.dumps(document), tables, to_micros(now))
    )
    return [(card.card_id, report["index"]) for card in cards]


def _recent(timeline: pa.Table, oldest: datetime) -> pa.Table:
    """Rows that were valid at or after `oldest`; what ended long ago is history for reports, not for routing."""
    until = timeline.column("effective_until")
    ended = pc.less_equal(until, pa.scalar(oldest, until.type))
    if not pc.any(ended).as_py():
        return timeline
    return timeline.filter(pc.invert(pc.fill_null(ended, False)))


def _plain(timeline: pa.Table) -> pa.Table:
    """Without the columns of layers where every price holds for every call."""
    if is_layered(timeline):
        return timeline
    return timeline.drop_columns([field.name for field in LAYER_FIELDS])


@contextmanager
def _one_builder(root: Path) -> Iterator[None]:
    with (root / ".builder.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
