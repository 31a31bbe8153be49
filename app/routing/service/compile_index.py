"""Timelines to an index file: a patch over the last complete index where that is enough, else a complete build."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import lcr_core
from app.clock import from_micros, to_micros
from app.config import Settings
from app.jobs.progress import Progress
from app.routing import compiled
from app.routing.compiled import CompiledIndex
from app.routing.gather import IndexInputs, OfferDeck
from rates.rules import rules_document
from rates.schema import LAYER_FIELDS, is_layered
from rates.store import Store

PATCH_OFFERS = 16
"""Offers that differ from the complete index at most: beyond that every decision would pay more for the patch than a
build costs, so the whole is compiled anew and the next patch begins with that."""


def compile_index(
    settings: Settings, inputs: IndexInputs, at: datetime, progress: Progress, *, last: str | None
) -> CompiledIndex:
    """Compile for the epoch that begins at `at`; `last` is the index file in force. Raises lcr_core.CoreError."""
    base = _base(settings, last)
    changed = None if base is None else _changed(settings, base, inputs, at)
    if base is None or changed is None:
        return _build(settings, inputs, at, progress)
    try:
        return _patch(settings, base, inputs, changed, at, progress)
    except lcr_core.BuildError as fault:
        if fault.code != "patch_stale":
            raise
        return _build(settings, inputs, at, progress)


def _base(settings: Settings, last: str | None) -> CompiledIndex | None:
    """The complete index that the one in force is, or lies on."""
    known = compiled.load(settings.snapshot_dir, last) if last else None
    if known is None or known.base is None:
        return known
    return compiled.load(settings.snapshot_dir, known.base)


def _changed(
    settings: Settings, base: CompiledIndex, inputs: IndexInputs, at: datetime
) -> tuple[OfferDeck, ...] | None:
    """Offers whose rates differ from the base; None when a patch will not do."""
    same_rates = replace(inputs, offers=()) == replace(base.inputs, offers=())
    if not same_rates or not base.holds(at) or base.rates < settings.lcr.patch_from_rates:
        return None
    before = {offer.offer_id: offer for offer in base.inputs.offers}
    changed = tuple(offer for offer in inputs.offers if before.get(offer.offer_id) != offer)
    return changed if 0 < len(changed) <= PATCH_OFFERS else None


def _build(settings: Settings, inputs: IndexInputs, at: datetime, progress: Progress) -> CompiledIndex:
    tables, rules = _tables(settings, inputs.offers, at, progress)
    report = lcr_core.build_index(
        str(settings.snapshot_dir), inputs.offers_json(rules), tables, to_micros(at), _reporter(progress)
    )
    return _kept(settings, json.loads(report), inputs)


def _patch(
    settings: Settings,
    base: CompiledIndex,
    inputs: IndexInputs,
    changed: tuple[OfferDeck, ...],
    at: datetime,
    progress: Progress,
) -> CompiledIndex:
    tables, rules = _tables(settings, changed, at, progress)
    report = lcr_core.patch_index(
        str(settings.snapshot_dir), base.file, replace(inputs, offers=changed).offers_json(rules),
        tables, to_micros(at), _reporter(progress),
    )  # fmt: skip
    return _kept(settings, json.loads(report), inputs)


def _kept(settings: Settings, report: dict[str, object], inputs: IndexInputs) -> CompiledIndex:
    until = report["epoch_until_us"]
    done = CompiledIndex(
        file=str(report["index"]),
        base=None if report.get("base") is None else str(report["base"]),
        inputs=inputs,
        rates=int(str(report["rates"])),
        epoch_from=from_micros(int(str(report["epoch_from_us"]))),
        epoch_until=None if until is None else from_micros(int(str(until))),
    )
    done.save(settings.snapshot_dir)
    return done


def _tables(
    settings: Settings, offers: tuple[OfferDeck, ...], at: datetime, progress: Progress
) -> tuple[list[tuple[int, pa.Table]], dict[int, Mapping[str, Any] | None]]:
    """Timelines, and what their origin groups and jurisdictions mean."""
    store = Store(str(settings.store_dir))
    oldest = at - timedelta(days=settings.lcr.history_days)
    tables: list[tuple[int, pa.Table]] = []
    rules: dict[int, Mapping[str, Any] | None] = {}
    for number, offer in enumerate(offers, start=1):
        timeline = store.open(offer.timeline_key)
        rules[offer.offer_id] = rules_document(timeline)
        tables.append((offer.offer_id, plain(_recent(timeline, oldest))))
        progress(number, len(offers), "reading decks")
    return tables, rules


def _reporter(progress: Progress) -> Callable[[int, int], bool]:
    def report(done: int, total: int) -> bool:
        progress(done, total, "compiling index")
        return True

    return report


def _recent(timeline: pa.Table, oldest: datetime) -> pa.Table:
    """Rows that were valid at or after `oldest`; what ended long ago is history for reports, not for routing."""
    until = timeline.column("effective_until")
    ended = pc.less_equal(until, pa.scalar(oldest, until.type))
    if not pc.any(ended).as_py():
        return timeline
    return timeline.filter(pc.invert(pc.fill_null(ended, False)))


def plain(timeline: pa.Table) -> pa.Table:
    """Without the columns of layers where every price holds for every call."""
    if is_layered(timeline):
        return timeline
    return timeline.drop_columns([field.name for field in LAYER_FIELDS])
