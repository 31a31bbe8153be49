"""One defect (or dress) of a deck and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.decks.corpus.writers import FORMATS, WORKBOOKS, Rows, Sheets

CELLS = ("csv", "xlsx")
"""Formats every defect of cells is written in; the others take turns, three to a defect."""
TURNS = ("tsv", "xls", "zip", "xlsb", "txt", "ods", "csv.gz")


@dataclass(frozen=True, kw_only=True)
class Case:
    """codes: dial code → rate a minute as text (`blocked`, `closed` for such rows), of exactly what would come into force; with layers
    the code is `code@origin` or `code@jurisdiction`. problems: id → rows, of every problem but those about the deck as a whole; row 0 =
    none. A case without codes is refused or asks."""

    name: str
    build: Callable[[], bytes] = field(repr=False)
    ending: str
    options: Mapping[str, Any] = field(default_factory=dict)
    codes: Mapping[str, str] | None = None
    problems: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    asks: bool = False

    @property
    def id(self) -> str:
        return f"{self.name}.{self.ending}"

    @property
    def status(self) -> str:
        return "needs_mapping" if self.asks else "rejected" if self.codes is None else "ready"


class Corpus:
    """All cases, in the order they were added; a name with its ending is one."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self._turn = 0

    def table(self, name: str, rows: Rows, formats: tuple[str, ...] | None = None, **expected: Any) -> None:
        """A defect of cells: CSV, XLSX, and three formats whose turn it is."""
        if formats is None:
            turns = [TURNS[(self._turn + step) % len(TURNS)] for step in range(3)]
            self._turn += 3
            formats = (*CELLS, *turns)
        for ending in formats:
            self._add(name, lambda ending=ending: FORMATS[ending](rows), ending, **expected)  # type: ignore[misc]

    def book(
        self,
        name: str,
        sheets: Sheets,
        formats: tuple[str, ...] = ("xlsx", "xls", "ods", "xlsb"),
        **expected: Any,
    ) -> None:
        """A defect of several sheets."""
        for ending in formats:
            self._add(name, lambda ending=ending: WORKBOOKS[ending](sheets), ending, **expected)  # type: ignore[misc]

    def file(self, name: str, ending: str, build: Callable[[], bytes], **expected: Any) -> None:
        """A defect of bytes."""
        self._add(name, build, ending, **expected)

    def _add(self, name: str, build: Callable[[], bytes], ending: str, **expected: Any) -> None:
        case = Case(name=name, build=build, ending=ending, **expected)
        assert case.id not in {known.id for known in self.cases}, case.id
        self.cases.append(case)
