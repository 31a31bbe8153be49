"""What a report is asked for: one value for the page, the API and the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from app.errors import Invalid

CLASSES = ("premium", "standard", "non_cli", "tdm", "cc", "grey")


@dataclass(frozen=True, slots=True)
class Question:
    """Filters of a report; empty = no filter. Instants are UTC, the period is `[since, until)`."""

    now: datetime
    at: datetime
    since: datetime
    until: datetime
    codes: tuple[str, ...] = ()
    destination: str = ""
    route_class: str = ""
    vendor_id: int | None = None
    product_id: int | None = None
    label: str = ""
    layout: Literal["code", "destination", "offer"] = "code"
    fx_nanos: dict[str, int] = field(default_factory=dict)
    """Units of the base currency for one unit of each currency × 10⁹, base included."""
    base_currency: str = "USD"

    def names(self, destination: str) -> bool:
        """Whether a destination passes the text filter."""
        return not self.destination or self.destination.casefold() in destination.casefold()


def dial_codes(text: str) -> tuple[str, ...]:
    """`44, +33 1` → ("44", "331"). Raises Invalid naming the part that is no dial code."""
    found = []
    for part in text.replace(";", ",").split(","):
        digits = part.strip().lstrip("+").replace(" ", "")
        if not digits:
            continue
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
            raise Invalid(
                f"“{part.strip()[:80]}” is not a dial code.",
                hint="Give 1 to 15 digits, several separated by commas: 44, 331.",
                field="code",
            )
        found.append(digits)
    return tuple(dict.fromkeys(found))
