"""Country of a dial code, as the core tells it: by country code, and by the digits after it where countries share one."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

import lcr_core
from rates.keys import digits_of, head

_KNOWN: Final = frozenset(lcr_core.country_codes())
_BEGINNINGS: Final = frozenset(code[:n] for code in _KNOWN for n in (1, 2, 3))


@cache
def country_of_prefix(prefix: str) -> str | None:
    """ISO region (`GB`), or the country code itself for world-wide ones (`+881`); None when no country begins like this.
    `prefix`: the first 1–4 digits of a code."""
    if region := lcr_core.country_of(prefix):
        return region
    code = next((prefix[:n] for n in (1, 2, 3) if prefix[:n] in _KNOWN), prefix)
    return f"+{code}" if code in _BEGINNINGS else None


@cache
def _length(prefix: str) -> int:
    return next((n for n in (1, 2, 3) if prefix[:n] in _KNOWN), len(prefix))


def country_code_length(code: str) -> int:
    """Digits of the country code a dial code begins with; the whole of it where none is known."""
    length = _length(code[:3])
    return len(code) if length > len(code) else length


def countries_of(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Country of every code key (rates.keys); None where unknown."""
    heads = head(keys, 4)
    names = np.empty(20_000, object)  # a head is 1 and at most four digits
    for key in pd.unique(heads):
        names[key] = country_of_prefix(digits_of(int(key)))
    found: npt.NDArray[np.object_] = names[heads]
    return found
