"""A corpus of decks as they arrive: every defect in several formats, made when the tests run, with what must come of each.

case      one file and what is expected of it
cells     defects of cells and columns
files     defects of bytes, sheets and archives
shapes    whole decks as carriers make them
offices   decks as carriers' back offices send them
writers, xlsb   rows → bytes of every format
"""

from __future__ import annotations

from tests.decks.corpus import cells, files, offices, shapes
from tests.decks.corpus.case import Case, Corpus


def all_cases() -> list[Case]:
    corpus = Corpus()
    cells.add(corpus)
    files.add(corpus)
    shapes.add(corpus)
    offices.add(corpus)
    return corpus.cases
