"""Layers of a deck: prices for the callers of one origin group, or for calls of one jurisdiction, beside those for everybody."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates.keys import LAYER, Keys
from rates.schema import is_layered

MOST: Final = 900
Pair = tuple[str | None, str | None]


class TooManyLayers(ValueError):
    """More (origin, jurisdiction) pairs than keys have room for."""

    code = "layers_many"


class Layers:
    """Numbers the (origin, jurisdiction) pairs of the tables that are compared; (None, None), everybody, is 0."""

    def __init__(self) -> None:
        self._numbers: dict[Pair, int] = {(None, None): 0}

    def of(self, table: pa.Table) -> Keys:
        """What to add to the key of each row: its layer times LAYER."""
        if not is_layered(table):
            return np.zeros(table.num_rows, np.int64)
        origin, jurisdiction = (
            pc.dictionary_encode(_whole(table[name])) for name in ("origin", "jurisdiction")
        )
        width = len(jurisdiction.dictionary) + 1
        packed = _places(origin) * width + _places(jurisdiction)
        unique, inverse = np.unique(packed, return_inverse=True)
        origins, jurisdictions = (
            [None, *origin.dictionary.to_pylist()],
            [None, *jurisdiction.dictionary.to_pylist()],
        )
        numbers = [self._number((origins[p // width], jurisdictions[p % width])) for p in unique.tolist()]
        found: Keys = np.array(numbers, np.int64)[inverse] * LAYER
        return found

    def _number(self, pair: Pair) -> int:
        number = self._numbers.setdefault(pair, len(self._numbers))
        if number > MOST:
            raise TooManyLayers(f"more than {MOST} layers")
        return number

    def next_of(self, keys: Keys) -> Keys:
        """The same codes one layer wider, where a price is looked for that their own layer does not have: an origin group's
        jurisdiction falls back to the group, all else to everybody. −1 = there is none wider."""
        wider = np.full(len(self._numbers), -1, np.int64)
        for (origin, jurisdiction), number in self._numbers.items():
            if origin is not None and jurisdiction is not None:
                wider[number] = self._numbers.get((origin, None), 0)
            elif number:
                wider[number] = 0
        into = wider[keys // LAYER]
        found: Keys = np.where(into < 0, -1, into * LAYER + keys % LAYER)
        return found


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _places(encoded: pa.DictionaryArray) -> Keys:
    """Place in the dictionary + 1; 0 = null."""
    found: Keys = pc.fill_null(pc.cast(encoded.indices, pa.int64()), -1).to_numpy(zero_copy_only=False) + 1
    return found
