"""Parse each distinct text once, then spread the results."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Faults = npt.NDArray[np.object_]
"""Per row: a problem id, or None."""


def parse_distinct(
    texts: pa.Array, parse: Callable[[str], tuple[Any, str | None]], none: Any, dtype: Any
) -> tuple[npt.NDArray[Any], Faults]:
    """(values, faults) for every row; `none` stands where parse returned None."""
    encoded = pc.dictionary_encode(texts)
    results = [parse(text) for text in encoded.dictionary.to_pylist()]
    if not results:
        return np.zeros(0, dtype), np.zeros(0, object)
    values = np.array([none if value is None else value for value, _ in results], dtype=dtype)
    faults = np.empty(len(results), object)
    faults[:] = [fault for _, fault in results]
    index = encoded.indices.to_numpy(zero_copy_only=False)
    return values[index], faults[index]
