"""Country of a dial code, as the core tells it: by country code, and by the digits after it where countries share one."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

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


_HEADS: Final = 20_000
"""Keys (rates.keys) of at most four digits are below it."""
_names: npt.NDArray[np.object_] = np.empty(_HEADS, object)
_known = np.zeros(_HEADS, bool)


def countries_of(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Country of every code key (rates.keys); None where unknown."""
    heads = _heads(keys)
    found: npt.NDArray[np.object_] = _names[heads]
    return found


def in_country(keys: npt.NDArray[np.int64], country: str | None) -> npt.NDArray[np.bool_]:
    """Whether the country (None = none that is known) of each code key is this one."""
    heads = _heads(keys)
    found: npt.NDArray[np.bool_] = (_names == country)[heads]
    return found


def _heads(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The first four digits of each key, a key again, whose countries then stand in `_names`."""
    heads = head(keys, 4)
    for key in np.flatnonzero((np.bincount(heads, minlength=_HEADS) > 0) & ~_known):
        _names[key], _known[key] = country_of_prefix(digits_of(int(key))), True
    return heads
