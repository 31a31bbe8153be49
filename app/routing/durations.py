"""The real duration mix of each destination, for effective cost (docs/decision.md 3)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import lcr_core
from app.routing.models import TalkDay
from rates.records.mixes import mix_of

DAYS = 30


def durations(session: Session, now: datetime) -> list[dict[str, Any]]:
    """`durations` of the access document: a mix for every code, and every country, with enough answered calls in the
    last 30 days. A code with too few is covered by its country's mix, which counts them too."""
    rows = session.execute(
        sa.select(
            TalkDay.code, TalkDay.length_class, sa.func.sum(TalkDay.calls), sa.func.sum(TalkDay.seconds)
        )
        .where(TalkDay.day > now.date() - timedelta(days=DAYS))
        .group_by(TalkDay.code, TalkDay.length_class)
    )
    countries = frozenset(lcr_core.country_codes())
    counts: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for code, length_class, calls, seconds in rows:
        country = next((code[:n] for n in (1, 2, 3) if code[:n] in countries), code)
        for key in {code, country}:
            before = counts[key].get(length_class, (0, 0))
            counts[key][length_class] = before[0] + int(calls), before[1] + int(seconds)
    mixes = ((code, mix_of(found)) for code, found in sorted(counts.items()))
    return [{"code": code, "mix": [list(member) for member in mix]} for code, mix in mixes if mix]
