"""Groups of happenings a webhook may be kept for. A kind is GROUP.WORD, for example `deal.counter`."""

from __future__ import annotations

from typing import Final

GROUPS: Final = {
    "rfq": "Requests for quotes: opened, closed, withdrawn, expired",
    "deal": "Deals: offers, counter-offers, accepted, declined, withdrawn, expired",
    "agreement": "Agreements: drafted, concluded, amended, terminated, trial judged, months closed",
    "agreement_version": "Documents: drawn up, signed, taken back, lapsed",
    "rate": "Rate changes of products you use",
    "test": "Test calls and tests of the webhook itself",
    "alert": "Alerts of starred offers and saved searches, and decks that are due",
}


def wanted(kinds: list[str], kind: str) -> bool:
    """Whether a webhook kept for these groups hears of the kind; none named: of all."""
    return not kinds or kind.partition(".")[0] in kinds
