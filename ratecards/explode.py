"""Every dial code of several decks, with its longest match in each: the exploded view (one walk, constant memory)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby
from operator import itemgetter


def explode(
    decks: Sequence[Sequence[str]], extra: Iterable[str] = ()
) -> Iterator[tuple[str, dict[int, int]]]:
    """Yield `(code, {deck index: row index})` for the union of the decks' codes, ascending.

    decks: the codes of each deck, sorted ascending, each at most once. The row is the longest code of that deck which is
    a prefix of `code`; a deck without one is left out. extra: further codes (sorted) to price, e.g. those of a rate card.
    """
    streams = [_entries(deck, codes) for deck, codes in enumerate(decks)]
    streams.append((code, -1, -1) for code in extra)
    above: list[tuple[str, dict[int, int]]] = []
    for code, entries in groupby(merge(*streams), key=itemgetter(0)):
        while above and not code.startswith(above[-1][0]):
            above.pop()
        rows = dict(above[-1][1]) if above else {}
        rows.update((deck, row) for _, deck, row in entries if deck >= 0)
        above.append((code, rows))
        yield code, rows


def _entries(deck: int, codes: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    return ((code, deck, row) for row, code in enumerate(codes))
