"""Dial codes as integers for fast joins: key = the digits with a 1 in front, so length and leading zeros are kept and the
parent of a code is key // 10. Used inside computations only; files and tables hold digit strings."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Keys = npt.NDArray[np.int64]


def keys_of(codes: pa.Array | pa.ChunkedArray) -> Keys:
    """Keys of digit strings of at most 15 characters."""
    if len(codes) == 0:
        return np.zeros(0, np.int64)
    marked = pc.binary_join_element_wise("1", pc.cast(codes, pa.utf8()), "")
    found: Keys = pc.cast(marked, pa.int64()).to_numpy()
    return found


def codes_of(keys: Keys) -> pa.Array:
    return pc.utf8_slice_codeunits(pc.cast(pa.array(keys), pa.utf8()), 1)


def digits_of(key: int) -> str:
    return str(key)[1:]


def lengths(keys: Keys) -> npt.NDArray[np.int64]:
    """Number of digits of each code."""
    return np.searchsorted(10 ** np.arange(17, dtype=np.int64), keys, side="right") - 1


def head(keys: Keys, digits: int) -> Keys:
    """Keys of the first `digits` digits (the whole code when shorter)."""
    cut = np.maximum(lengths(keys) - digits, 0)
    found: Keys = keys // 10**cut
    return found
