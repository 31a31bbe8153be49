"""Notice periods: the first instant at which an increase may apply."""

import datetime as dt
from dataclasses import dataclass, field

from rates.options import DeckOptions

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Terms:
    """What a deck does to the timeline before it. Instants in microseconds, UTC. deck_from_us: when absent codes close.
    fx: currency → base units for one unit, decimal string."""

    received_us: int
    deck_from_us: int
    deck_id: int
    options: DeckOptions = field(default_factory=lambda: DeckOptions(mode="partial"))
    fx: dict[str, str] = field(default_factory=dict)

    @property
    def closing_us(self) -> int:
        """Absent codes close at the deck's date, never before receipt unless back-dating was accepted."""
        return (
            self.deck_from_us
            if self.options.backdated == "accept"
            else max(self.deck_from_us, self.received_us)
        )

    @property
    def legal_us(self) -> int:
        """Receipt + N × 24 h (or N business days, Monday to Friday UTC); then, if so agreed, the next midnight UTC."""
        days = self.options.notice_days
        if self.options.notice_unit == "business":
            day = dt.datetime.fromtimestamp(self.received_us // 1_000_000, dt.UTC).date()
            left, days = days, 0
            while left:
                days += 1
                left -= (day + dt.timedelta(days=days)).weekday() < 5
        instant = self.received_us + days * DAY_US
        return -(-instant // DAY_US) * DAY_US if self.options.notice_at == "next_midnight" else instant
