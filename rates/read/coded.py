"""Columns in which codes stand in unusual ways: several columns of codes, names with their code, remarks that close or block."""

import re
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rates.deckcheck import Column
from rates.parse.named import form_of, matched
from rates.parse.words import closes, speaks_of_closing
from rates.read.looks import CODE, share
from rates.synonyms import EXACT, words_of

_NUMBERED = re.compile(r"^(?P<base>.*?) ?(?P<number>\d{1,2})?$")
ENOUGH = 0.8
MANY_REMARKS = 20_000
_STEMS = (
    "block|bloq|bloc|barr|susp|sospe|dispon|inak|supri|disab|ina[ct]|unav|indisp|interd|sperr|ausges|verf|clos|delet|remov|disc|withd|expir|ceas|longer|termin"
    "|obsol|schl|l.{1,2}scht|l.{1,2}schu|entf|beend|einge|ferm|suppr|retir|arr|cerr|elim|cier|borr|baja|chius|canc|rimo|cess|sopp|fech"
    "|apag|encer|removi|not |no "
)
"""Every word that closes or blocks has one of them; what has one is looked at closely."""


def a_series(columns: Sequence[Column], body: pd.DataFrame) -> dict[int, int]:
    """Index → confidence of the columns `Code 1`, `Code 2` … (the first may go without number); {} when there are not two. Sure
    where codes of one row begin alike, asked where they do not: the second may be something else."""
    found: dict[str, dict[int, Column]] = {}
    for column in columns:
        named = _NUMBERED.match(words_of(column.header))
        if named and EXACT.get(named["base"]) == "code":
            found.setdefault(named["base"], {}).setdefault(int(named["number"] or 0), column)
    for numbers in found.values():
        first, *others = [numbers[number] for number in sorted(numbers)]
        if others and all(_codes_only(body[column.index]) for column in (first, *others)):
            alike = all(_begin_alike(body[first.index], body[other.index]) for other in others)
            return {column.index: 92 if alike else 80 for column in (first, *others)}
    return {}


def _codes_only(cells: pd.Series) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return not filled or share(filled, CODE) > 0.9


def _begin_alike(first: pd.Series, second: pd.Series) -> bool:
    both = [
        (a.strip(" +0"), b.strip(" +0"))
        for a, b in zip(first, second, strict=True)
        if a.strip() and b.strip()
    ]
    return all(a[:1] == b[:1] for a, b in both)


def names_with_codes(samples: Sequence[str]) -> bool:
    """Whether most names hold a dial code, all in one form."""
    form = form_of(samples)
    return form is not None and sum(bool(matched(form, one)) for one in samples) >= ENOUGH * len(samples)


def remarks_count(cells: pd.Series) -> tuple[str, int, str] | None:
    """(field, confidence, reason) where a remark closes or blocks its code; None where all are only remarks."""
    texts = [text for text in cells.unique() if text.strip()]
    if len(texts) > MANY_REMARKS:  # one word in a million remarks is looked for at the speed of Arrow
        lower = pc.utf8_lower(pa.array(texts, pa.utf8()))
        texts = (
            pa.array(texts, pa.utf8())
            .filter(pc.match_substring_regex(lower, _STEMS))[:MANY_REMARKS]
            .to_pylist()
        )
    if any(closes(text) for text in texts):
        return "remark", 80, "some remarks close or block a code"
    if any(speaks_of_closing(text) for text in texts):
        return "remark", 78, "some remarks speak of closing or blocking"
    return None
