"""A customer's exposure against its limit. Checking and reserving are one act: of two calls racing for the last credit, one goes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from threading import Lock

STEPS = (70, 80, 90)
"""Percent of the limit at which a warning stands."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`reservation` None = refused; `exposure_nanos` after the act; `warning`: the highest step reached, 0 = none."""

    reservation: int | None
    exposure_nanos: int
    warning: int

    @property
    def reason(self) -> str | None:
        return "no_credit" if self.reservation is None else None


class Account:
    """Exposure = unbilled + unpaid invoices + reservations − cleared payments − deposits. All in nanos of one currency."""

    def __init__(
        self, *, limit: int, unbilled: int = 0, unpaid: int = 0, cleared: int = 0, deposits: int = 0
    ) -> None:
        self._limit = limit
        self._fixed = unpaid - cleared - deposits
        self._unbilled = unbilled
        self._reserved: dict[int, int] = {}
        self._numbers = itertools.count(1)
        self._lock = Lock()

    def reserve(self, amount: int) -> Answer:
        """A slice of a new call. Refused when the limit is reached, or the slice would pass it."""
        with self._lock:
            now = self._exposure()
            if now >= self._limit or now + amount > self._limit:
                return Answer(None, now, self._warning(now))
            number = next(self._numbers)
            self._reserved[number] = amount
            return Answer(number, now + amount, self._warning(now + amount))

    def settle(self, reservation: int, amount: int) -> Answer:
        """The call ended: the reservation goes, what it cost stays. Raises KeyError for one that was settled before."""
        with self._lock:
            del self._reserved[reservation]
            self._unbilled += amount
            return Answer(reservation, self._exposure(), self._warning(self._exposure()))

    def exposure(self) -> int:
        with self._lock:
            return self._exposure()

    def _exposure(self) -> int:
        return self._unbilled + self._fixed + sum(self._reserved.values())

    def _warning(self, exposure: int) -> int:
        return max((step for step in STEPS if exposure * 100 >= step * self._limit), default=0)
