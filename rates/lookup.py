"""Which row of a timeline applies to a code at an instant: exactly this code, or the longest match."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from rates.keys import LAYER, Keys, parents, textual
from rates.layers import Layers

Ints = npt.NDArray[np.int64]
FOREVER = np.iinfo(np.int64).max


class Lookup:
    """Over disjoint half-open intervals `[start, end)` of code keys, in microseconds. Answers are row indices, −1 = none.

    Rows are held in the order of their codes as text where all are of layer 0: tables come so sorted, and what is asked for in
    that order is found in memory just read."""

    def __init__(self, keys: Keys, start: Ints, end: Ints, layers: Layers) -> None:
        self._layers = layers
        self._textual = not len(keys) or int(keys.max()) < LAYER
        ranked = self._ranked(keys)
        self.order = np.lexsort((start, ranked))
        """Rows by code, those of one code by their beginning."""
        sorted_already = bool((self.order[1:] > self.order[:-1]).all())
        ordered, self._start, self._end = (
            (ranked, start, end)
            if sorted_already
            else (ranked[self.order], start[self.order], end[self.order])
        )
        begins = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
        self._single = bool(begins.all())
        self._keys = ordered if self._single else ordered[begins]
        self._first = np.append(np.flatnonzero(begins), len(ordered))
        self._times = np.sort(pd.unique(start))
        self._stride = len(self._times) + 1
        if not self._single:
            index = np.cumsum(begins) - 1
            self._rank = index * self._stride + np.searchsorted(self._times, self._start)

    def _ranked(self, keys: Keys) -> Keys:
        return textual(keys) if self._textual else keys

    def _places(self, keys: Keys) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """(place of each key among the distinct ones, whether it is there)."""
        near = (keys > 0) & (keys < LAYER) if self._textual else np.ones(1, bool)
        ranked = self._ranked(keys if near.all() else np.where(near, keys, 1))
        place = np.minimum(np.searchsorted(self._keys, ranked), len(self._keys) - 1)
        return place, near & (self._keys[place] == ranked)

    def exact(self, keys: Keys, at: Ints) -> Ints:
        found = np.full(len(keys), -1, np.int64)
        if not len(self._keys) or not len(keys):
            return found
        place, known = self._places(keys)
        if self._single:
            before = place
            known &= self._start[before] <= at
        else:
            query = place * self._stride + np.searchsorted(self._times, at, side="right")
            before = np.searchsorted(self._rank, query, side="left") - 1
            known &= before >= 0
            before = np.maximum(before, 0)
            known &= self._rank[before] // self._stride == place
        known &= self._end[before] > at
        found[known] = self.order[before[known]]
        return found

    def spans(self, keys: Keys) -> tuple[Ints, Ints]:
        """Half-open range in `order` of all rows of each key."""
        if not len(self._keys):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        place, known = self._places(keys)
        low = np.where(known, self._first[place], 0)
        return low, np.where(known, self._first[place + 1], 0)

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
        return np.zeros(len(keys), bool) if not len(self._keys) else self._places(keys)[1]
