"""Country of a dial code, from numbering metadata: by country code, and by the three digits after it where +1 and +7 are shared."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from rates.keys import digits_of, head

KNOWN: Final = frozenset(COUNTRY_CODE_TO_REGION_CODE) | {379}
_BEGINNINGS: Final = frozenset(str(code)[:n] for code in KNOWN for n in (1, 2, 3))


@cache
def country_of_prefix(prefix: str) -> str | None:
    """ISO region (`GB`), or the country code itself for world-wide ones (`+881`); None when no country begins like this.
    `prefix`: the first 1–4 digits of a code."""
    for length in (1, 2, 3):
        if len(prefix) >= length and int(prefix[:length]) in KNOWN:
            code = int(prefix[:length])
            if code == 379:
                return "VA"
            regions = COUNTRY_CODE_TO_REGION_CODE[code]
            if regions[0] == "001":
                return f"+{code}"
            if code in (1, 7) and len(prefix) >= (4 if code == 1 else 2):
                return _shared(code, prefix[length:])
            return str(regions[0])
    return f"+{prefix}" if prefix in _BEGINNINGS else None


@cache
def _length(prefix: str) -> int:
    return next((n for n in (1, 2, 3) if prefix[:n] and int(prefix[:n]) in KNOWN), len(prefix))


def country_code_length(code: str) -> int:
    """Digits of the country code a dial code begins with; the whole of it where none is known."""
    length = _length(code[:3])
    return len(code) if length > len(code) else length


def _shared(code: int, national: str) -> str:
    digits = (national + "2345678901")[:10] if code == 1 else (national + "0123456789")[:10]
    number = phonenumbers.PhoneNumber(country_code=code, national_number=int(digits))
    region = phonenumbers.region_code_for_number(number)
    return str(region or COUNTRY_CODE_TO_REGION_CODE[code][0])


def countries_of(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Country of every code key (rates.keys); None where unknown."""
    heads = head(keys, 4)
    names = np.empty(20_000, object)  # a head is 1 and at most four digits
    for key in pd.unique(heads):
        names[key] = country_of_prefix(digits_of(int(key)))
    found: npt.NDArray[np.object_] = names[heads]
    return found
