"""Test calls of the demo: our own numbers, which the simulated vendors bring back to the edge."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.calls.models import OwnNumber

# Numbers of ranges that regulators keep for stories, where there are such.
NUMBERS: Final = (
    ("442079460000", "44", "0", "00"),
    ("447700900123", "44", "0", "00"),
    ("12025550143", "1", "", "011"),
    ("33199001234", "33", "0", "00"),
    ("61291920123", "61", "0", "0011"),
)
RING_MS, TALK_SECONDS = 2_500, 9


def add_testing(session: Session, *, now: datetime) -> None:
    """The far end hangs up before the near one, so that late releases show."""
    for number, country, national, international in NUMBERS:
        session.add(
            OwnNumber(
                number=number, country=country, national_prefix=national, international_prefix=international, ring_ms=RING_MS,
                talk_seconds=TALK_SECONDS, enabled=True, created_at=now,
            )
        )  # fmt: skip
    session.flush()
