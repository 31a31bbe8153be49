"""Compile (when needed) and publish a snapshot. One builder at a time, whatever process it runs in."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import lcr_core
from app.clock import to_micros
from app.config import Settings
from app.deals.service.lay_rates import refresh_rates
from app.jobs.progress import Progress
from app.routing import ahead
from app.routing.compiled import load
from app.routing.edge_control import control_token
from app.routing.gather import (
    INDEX_LAYOUT,
    Card,
    IndexInputs,
    access_document,
    control_key,
    index_inputs,
    rate_cards,
)
from app.routing.models import SnapshotRecord
from app.routing.prune import prune
from app.routing.service.compile_index import compile_index, plain
from rates.rules import rules_document
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
    """Publish what the database says now; returns the record, committed.

    The builder that comes next reads which index is in force, so the record is committed before its turn begins: two that
    were asked for at once (new rates, new rights) would else end with the older index in force.

    The index is compiled only when what it is made of changed or its epoch is over. `rights_only` keeps the
    index of the last snapshot whatever changed, so that a new grant or a revoked key does not wait for a build.
    Raises lcr_core.CoreError: nothing is switched then, the old snapshot serves on.
    """
    root = settings.snapshot_dir
    root.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with one_builder(root):
        if not rights_only:
            refresh_rates(session, settings, now=now)
        session.commit()
        inputs = index_inputs(session, settings.lcr, now)
        last = last_published(session)
        index = (
            last.index_file if last is not None and _usable(last, inputs, root, now, rights_only) else None
        )
        if index is not None and last is not None:
            rates, until, digest = last.rates, last.epoch_until, last.index_inputs
        else:
            file_before = last.index_file if last is not None else None
            compiled = compile_index(settings, inputs, now, progress, last=file_before)
            index, rates, until = compiled.file, compiled.rates, compiled.epoch_until
            digest = inputs.digest()
        access = access_at(session, settings, inputs, now)
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
        announce(session, settings, record, now)
        prune(root, keep=6)
        session.commit()
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
    known = load(root, last.index_file)
    if known is not None and known.inputs.layout != INDEX_LAYOUT:
        return False
    if rights_only:
        return True
    return last.index_inputs == inputs.digest() and (last.epoch_until is None or last.epoch_until > now)


def access_at(session: Session, settings: Settings, inputs: IndexInputs, at: datetime) -> dict[str, Any]:
    """The access document of that instant, its rate cards compiled for it."""
    cards = _compile_cards(settings, inputs, rate_cards(session), at)
    access = access_document(session, settings.lcr, at, cards=cards)
    access["keys"].append(control_key(control_token(settings)))
    return access


def announce(session: Session, settings: Settings, current: SnapshotRecord, now: datetime) -> str | None:
    """Publish the index compiled ahead for the end of the current epoch, if it still fits, to take over then.

    Called after every publication, because a snapshot is announced behind one in CURRENT and with its rights.
    """
    found = ahead.load(settings.snapshot_dir)
    if found is None or current.epoch_until is None or found.epoch_from != current.epoch_until:
        return None
    inputs = index_inputs(session, settings.lcr, found.epoch_from)
    if found.inputs != inputs or found.epoch_from <= now:
        return None
    access = access_at(session, settings, inputs, found.epoch_from)
    root, at = str(settings.snapshot_dir), to_micros(found.epoch_from)
    return lcr_core.publish_next(root, found.file, json.dumps(access), to_micros(now), at)


def _compile_cards(
    settings: Settings, inputs: IndexInputs, cards: list[Card], now: datetime
) -> list[tuple[int, str]]:
    if not cards:
        return []
    store = Store(str(settings.store_dir))
    stored = [(card.card_id, store.open(card.timeline_key)) for card in cards]
    document = {
        "base_currency": inputs.base_currency,
        "fx": inputs.fx,
        "reference_seconds": inputs.reference_seconds,
        "offers": [
            {"offer_id": card_id, "carrier_id": 0, "rules": rules_document(table)}
            for card_id, table in stored
        ],
    }
    tables = [(card_id, plain(table)) for card_id, table in stored]
    report = json.loads(
        lcr_core.build_index(str(settings.snapshot_dir), json.dumps(document), tables, to_micros(now))
    )
    return [(card.card_id, report["index"]) for card in cards]


@contextmanager
def one_builder(root: Path) -> Iterator[None]:
    """Who holds it commits what it published before it lets go."""
    with (root / ".builder.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
