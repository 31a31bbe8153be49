"""What the cells of a column look like, without any heading."""

import re
from collections.abc import Sequence
from typing import Final

from rates.read.headers import Guessed

CODE: Final = re.compile(r"^\+?\d{1,15}([-,;|/ ]+\d{1,15})*$")
MONEY: Final = re.compile(r"^[^\d\-]{0,4}\d{1,4}[.,]\d{1,9}\D{0,4}$")
DATE: Final = re.compile(
    r"^\d{1,4}[-/.]\w{1,9}[-/.]\d{2,4}|^[^\W\d]{3,9}\.? \d{1,2},? \d{4}|^\d{1,2}\.? [^\W\d]{3,10}\.? \d{2,4}|^20\d{2}[01]\d[0-3]\d$"
)
INCREMENTS: Final = re.compile(r"^\d{1,3}\s*[/+:\-]\s*\d{1,3}([/+:\-]\d{1,3})?$")
CURRENCY: Final = re.compile(r"^[A-Z]{3}$")
WORDS: Final = re.compile(r"[^\W\d_]{3,}")
_NAMES = {
    "code": "dial codes",
    "rate": "prices",
    "effective_from": "dates",
    "increments": "increments",
    "currency": "currencies",
    "destination": "names",
}


def share(samples: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(1 for sample in samples if pattern.search(sample)) / len(samples) if samples else 0.0


def look_at(samples: Sequence[str], *, headless: bool = False) -> list[Guessed]:
    """Fields by the look of the cells alone; never sure enough to be taken without a question. `headless`: nothing else tells
    what the column is, so dates, increments and currencies are proposed too."""
    if not samples:
        return []

    def guess(field: str, confidence: int) -> list[Guessed]:
        return [Guessed(field, confidence, f"cells look like {_NAMES[field]}")]

    if share(samples, DATE) > 0.8:
        return guess("effective_from", 78 if headless else 70)
    if share(samples, MONEY) > 0.8:
        return guess("rate", 80)
    if share(samples, INCREMENTS) > 0.8:
        return guess("increments", 76 if headless else 70)
    if share(samples, CURRENCY) == 1 and len(samples) <= 5:
        return guess("currency", 78 if headless else 74)
    if share(samples, CODE) > 0.8:
        return guess("code", 80 if any(len(sample) > 1 for sample in samples) else 60)
    if share(samples, WORDS) >= 0.8:
        return guess("destination", 76)
    return []
