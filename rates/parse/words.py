"""Status words and currencies."""

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pycountry

from rates.parse.distinct import Faults, parse_distinct
from rates.schema import BLOCKED, CLOSED, OPEN

_STATUS = {
    OPEN: "open opened active current new increase decrease unchanged no change same available enabled yes ok pending future "
    "valid live true 1 up down changed reopened nc",
    BLOCKED: "blocked block barred suspended disabled inactive unavailable bloccato bloqueado",
    CLOSED: "closed close deleted delete removed remove discontinued withdrawn expired chiuso cerrado",
}
_WORDS = {word: status for status, words in _STATUS.items() for word in words.split()} | {
    "no change": OPEN,
    "": OPEN,
    "-": OPEN,
}
CURRENCIES = frozenset(currency.alpha_3 for currency in pycountry.currencies)
_SIGNS = {
    "$": "USD",
    "US$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₽": "RUB",
    "₺": "TRY",
    "EURO": "EUR",
    "EUROS": "EUR",
    "DOLLAR": "USD",
    "DOLLARS": "USD",
    "US DOLLAR": "USD",
    "CENT": "",
    "CENTS": "",
}


def parse_status(texts: pa.Array) -> tuple[npt.NDArray[np.int8], Faults]:
    def one(text: str) -> tuple[int | None, str | None]:
        status = _WORDS.get(text.lower().strip(" .+-"))
        return (status, None) if status is not None else (None, "status_unknown")

    return parse_distinct(texts, one, OPEN, np.int8)


def parse_currency(text: str) -> str | None:
    """ISO 4217 code, or None."""
    word = text.strip().upper()
    word = _SIGNS.get(word, word)
    return word if word in CURRENCIES else None


def currency_in(text: str) -> str | None:
    """A currency named inside a header or a rate cell: `Rate (USD)`, `€/min`, `$0.01`."""
    for word in re.findall(r"[A-Z]{3}|US\$|[$€£¥₹₽₺]", text.upper() if len(text) < 40 else ""):
        if (found := parse_currency(word)) and word not in ("ALL", "TOP", "MOP", "CUP"):
            return found
    return None
