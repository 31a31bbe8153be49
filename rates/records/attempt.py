"""One call record: one attempt at one vendor (or the whole call, where a switch tells no attempts)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from typing import Any

RELEASED = ("", "caller", "callee", "system")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Instants are microseconds since the epoch, UTC; None = did not happen. `duration_ms` is answer → end, 0 unanswered.

    `trunk` and `product` are the names or ids the record carries, "" = it carries none. `amount_nanos` is what the
    source itself billed, in `currency`; None = it says nothing. `q850` is the release cause, `released_by` one of RELEASED.
    """

    source: str
    call_id: str
    setup_us: int
    dnis: str
    ani: str = ""
    lrn: str = ""
    leg: str = "b"
    attempt: int = 1
    trunk: str = ""
    product: str = ""
    ringing_us: int | None = None
    answer_us: int | None = None
    end_us: int | None = None
    duration_ms: int = 0
    sip_code: int = 0
    q850: int | None = None
    released_by: str = ""
    amount_nanos: int | None = None
    currency: str = ""

    @property
    def answered(self) -> bool:
        return self.answer_us is not None

    @property
    def start_us(self) -> int:
        """The instant that prices the call: its answer; of an unanswered one, its setup."""
        return self.setup_us if self.answer_us is None else self.answer_us

    def identity(self) -> str:
        """64 hex digits: source, call id, leg, attempt and setup. A call id alone repeats in the field."""
        return _digest([self.source, self.call_id, self.leg, self.attempt, self.setup_us])

    def content(self) -> str:
        """64 hex digits over every field: the same identity with another content is a correction for a person."""
        return _digest([getattr(self, name) for name in _NAMES])

    def words(self) -> dict[str, Any]:
        """Every field by its name, as it is stored; `Attempt(**words)` is the record again."""
        return {name: getattr(self, name) for name in _NAMES}


def _digest(what: object) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


_NAMES = tuple(field.name for field in fields(Attempt))
