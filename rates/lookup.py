"""Which row of a timeline applies to a code at an instant: exactly this code, or the longest match."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from rates.keys import LAYER, Keys, parents
from rates.layers import Layers

Ints = npt.NDArray[np.int64]
FOREVER = np.iinfo(np.int64).max


class Lookup:
    """Over disjoint half-open intervals `[start, end)` of code keys, in microseconds. Answers are row indices, −1 = none."""

    def __init__(self, keys: Keys, start: Ints, end: Ints, layers: Layers) -> None:
        self._layers = layers
        self._order = np.lexsort((start, keys))
        self._end = end[self._order]
        ordered = keys[self._order]
        begins = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
        self._keys, index = ordered[begins], np.cumsum(begins) - 1
        self._times = np.sort(pd.unique(start))
        self._stride = len(self._times) + 1
        self._rank = index * self._stride + np.searchsorted(self._times, start[self._order])

    def exact(self, keys: Keys, at: Ints) -> Ints:
        found = np.full(len(keys), -1, np.int64)
        if not len(self._keys) or not len(keys):
            return found
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        known = self._keys[place] == keys
        query = place * self._stride + np.searchsorted(self._times, at, side="right")
        before = np.searchsorted(self._rank, query, side="left") - 1
        known &= before >= 0
        before = np.maximum(before, 0)
        known &= (self._rank[before] // self._stride == place) & (self._end[before] > at)
        found[known] = self._order[before[known]]
        return found

    def longest(self, keys: Keys, at: Ints) -> Ints:
        """Row whose code is the longest prefix of each code (itself included) among those in force at `at`: of the code's own layer,
        and where that has none, of the next wider one."""
        found = self.inside(keys, at)
        pending = np.flatnonzero((found < 0) & (keys >= LAYER))
        wider = keys[pending]
        while len(pending):
            wider = self._layers.next_of(wider)
            hit = self.inside(wider, at[pending])
            found[pending[hit >= 0]] = hit[hit >= 0]
            left = (hit < 0) & (wider >= LAYER)
            pending, wider = pending[left], wider[left]
        return found

    def inside(self, keys: Keys, at: Ints) -> Ints:
        """The same, in the code's own layer only."""
        found = self.exact(keys, at)
        pending = np.flatnonzero(found < 0)
        current = parents(keys[pending])
        while len(pending):
            alive = current % LAYER > 1
            pending, current = pending[alive], current[alive]
            hit = self.exact(current, at[pending])
            found[pending[hit >= 0]] = hit[hit >= 0]
            pending, current = pending[hit < 0], parents(current[hit < 0])
        return found

    def ever(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Whether any row, in force or not, has this code."""
        known: npt.NDArray[np.bool_] = pd.Index(keys).isin(self._keys)
        return known
