"""Dial codes as integers for fast joins: key = the digits with a 1 in front, so length and leading zeros are kept; plus LAYER for each
layer (rates.layers), so one code in two layers has two keys. Used inside computations only; files and tables hold digit strings."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Keys = npt.NDArray[np.int64]
LAYER: Final = 10**16
"""Above every key of 15 digits; 64 bits leave room for 900 layers."""
_DIGITS: Final = 15
_TENS: Final = 10 ** np.arange(_DIGITS + 2, dtype=np.int64)


def keys_of(codes: pa.Array | pa.ChunkedArray) -> Keys:
    """Keys of digit strings of at most 15 characters, layer 0."""
    if len(codes) == 0:
        return np.zeros(0, np.int64)
    codes = pc.cast(codes, pa.utf8())
    count = pc.binary_length(codes)
    if codes.null_count or not pc.min(count).as_py():
        marked = pc.binary_join_element_wise("1", codes, "")
        return _numbers(marked)
    found: Keys = _numbers(codes) + _TENS[count.to_numpy()]
    return found


def _numbers(digits: pa.Array | pa.ChunkedArray) -> Keys:
    found: Keys = pc.cast(digits, pa.int64()).to_numpy()
    return found


def codes_of(keys: Keys) -> pa.Array:
    return pc.utf8_slice_codeunits(pc.cast(pa.array(keys % LAYER), pa.utf8()), 1)


def digits_of(key: int) -> str:
    return str(key % LAYER)[1:]


def parents(keys: Keys) -> Keys:
    """Keys one digit shorter, in their layer; a key without digits stays one without (LAYER times its layer)."""
    bare = keys % LAYER
    found: Keys = keys - bare + bare // 10
    return found


def lengths(keys: Keys) -> npt.NDArray[np.int64]:
    """Number of digits of each code."""
    return np.searchsorted(_TENS, keys % LAYER, side="right") - 1


def textual(keys: Keys) -> Keys:
    """Numbers that ascend as the codes do as text, which is how decks are sorted; one number a key. Layer 0 only: the others have
    no room left in 64 bits."""
    digits = lengths(keys)
    found: Keys = (keys - _TENS[digits]) * _TENS[_DIGITS - digits] * 16 + digits
    return found


def by_code(keys: Keys, start: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Order of rows by key, those of one key by their beginning: as text where there are no layers, which merges what is
    sorted already instead of sorting it again."""
    layered = len(keys) and int(keys.max()) >= LAYER
    return np.lexsort((start, keys if layered else textual(keys)))


def head(keys: Keys, digits: int) -> Keys:
    """Keys (layer 0) of the first `digits` digits (the whole code when shorter)."""
    cut = np.maximum(lengths(keys) - digits, 0)
    found: Keys = keys % LAYER // _TENS[cut]
    return found
