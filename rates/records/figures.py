"""One record as the counts that quality figures are divided from (domain.md 12). Counts add up; ratios never do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import lcr_core
from rates.records.attempt import Attempt

SHORT_MS: Final = 6_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Seizures, answered, effective (NER), answered of at most 6 s, talk, and the sum and number of post-dial delays."""

    attempts: int = 0
    answered: int = 0
    effective: int = 0
    short_calls: int = 0
    talk_ms: int = 0
    pdd_ms_sum: int = 0
    pdd_samples: int = 0

    def plus(self, other: Figures) -> Figures:
        return Figures(
            self.attempts + other.attempts, self.answered + other.answered, self.effective + other.effective,
            self.short_calls + other.short_calls, self.talk_ms + other.talk_ms, self.pdd_ms_sum + other.pdd_ms_sum,
            self.pdd_samples + other.pdd_samples,
        )  # fmt: skip


def figures_of(record: Attempt) -> Figures:
    """What counts as delivered is the core's rule (`lcr_core.hunt`), so that screens and routing agree."""
    pdd = None if record.ringing_us is None else (record.ringing_us - record.setup_us) // 1000
    return Figures(
        attempts=1,
        answered=int(record.answered),
        effective=int(record.answered or _delivered(record.sip_code, record.q850, pdd is not None)),
        short_calls=int(record.answered and record.duration_ms <= SHORT_MS),
        talk_ms=record.duration_ms,
        pdd_ms_sum=pdd or 0,
        pdd_samples=int(pdd is not None),
    )


def _delivered(code: int, q850: int | None, rang: bool) -> bool:
    key = (code, q850, rang)
    found = _known.get(key)
    if found is None:
        words = [
            {"vendor": "v", "code": code, "q850": q850, "ringing_ms": 1 if rang else None, "ended_ms": 2}
        ]
        found = _known[key] = bool(
            code and json.loads(lcr_core.hunt(json.dumps(words)))["vendors"][0]["effective"]
        )
    return found


_known: dict[tuple[int, int | None, bool], bool] = {}
"""What the core said: at most a few hundred codes and causes there are."""


def share_ppm(part: int, whole: int) -> int | None:
    """A ratio in millionths, half-up; None where there is no data, which is neither 0 nor 100 %."""
    return None if whole == 0 else (2 * part * 1_000_000 + whole) // (2 * whole)
