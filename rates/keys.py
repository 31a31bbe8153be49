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


def keys_of(codes: pa.Array | pa.ChunkedArray) -> Keys:
    """Keys of digit strings of at most 15 characters, layer 0."""
    if len(codes) == 0:
        return np.zeros(0, np.int64)
    marked = pc.binary_join_element_wise("1", pc.cast(codes, pa.utf8()), "")
    found: Keys = pc.cast(marked, pa.int64()).to_numpy()
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
    return np.searchsorted(10 ** np.arange(17, dtype=np.int64), keys % LAYER, side="right") - 1


def head(keys: Keys, digits: int) -> Keys:
    """Keys (layer 0) of the first `digits` digits (the whole code when shorter)."""
    cut = np.maximum(lengths(keys) - digits, 0)
    found: Keys = keys % LAYER // 10**cut
    return found
