"""A cap on the money one trunk spends towards one destination in a window: one threshold serves dear and cheap places."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Live:
    """A call that is up: since when, and its rate a minute in nanos."""

    since_us: int
    rate_nanos: int

    def spent(self, now_us: int) -> int:
        return max(0, now_us - self.since_us) * self.rate_nanos // 60_000_000


class MoneyCap:
    """Spent = ended calls of the window + what live calls have run up. With records only, live calls are not known."""

    def __init__(self, cap_nanos: int, *, window_us: int = HOUR_US) -> None:
        self._cap = cap_nanos
        self._window = window_us
        self._ended: deque[tuple[int, int]] = deque()
        self._live: dict[str, Live] = {}

    def begin(self, call_id: str, at_us: int, rate_nanos: int) -> None:
        self._live[call_id] = Live(at_us, rate_nanos)

    def record(self, call_id: str, end_us: int, amount_nanos: int) -> None:
        """A call record came in: what it cost, whether or not its set-up was seen. Records come in the order of their ends."""
        self._live.pop(call_id, None)
        self._ended.append((end_us, amount_nanos))

    def spent(self, now_us: int) -> int:
        while self._ended and self._ended[0][0] <= now_us - self._window:
            self._ended.popleft()
        return sum(amount for _, amount in self._ended) + sum(
            call.spent(now_us) for call in self._live.values()
        )

    def allows(self, now_us: int) -> bool:
        """Whether a new call may be set up now: at set-up time, so a cap passed by a live call already stops the next."""
        return self.spent(now_us) < self._cap
