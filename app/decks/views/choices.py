"""Chips of the sheet step: what was guessed, how sure, and what else it could be."""

from __future__ import annotations

from dataclasses import dataclass

from rates.deckcheck import CheckReport, Value

DELIMITERS = {",": "comma ,", ";": "semicolon ;", "\t": "tab", "|": "pipe |", " ": "space"}
KEYS = {"\t": "tab", " ": "space"}
MARKS = {".": "point 0.5", ",": "comma 0,5"}
ORDERS = {"ymd": "year-month-day", "dmy": "day-month-year", "mdy": "month-day-year"}


@dataclass(frozen=True)
class Chip:
    """`options` are (value, text); `value` is the one used; confidence 0-100."""

    name: str
    label: str
    value: str
    confidence: int
    stated: bool
    options: list[tuple[str, str]]


def sheet_chips(report: CheckReport) -> list[Chip]:
    """Encoding, delimiter, decimal mark and date order, as far as they apply to the file."""
    guess = report.guess
    if guess is None:
        return []
    kinds: tuple[tuple[str, str, Value, dict[str, str], tuple[str, ...]], ...] = (
        ("encoding", "Encoding", guess.encoding, {}, ("utf-8", "cp1252", "utf-16", "iso-8859-15", "cp1251")),
        ("delimiter", "Delimiter", guess.delimiter, DELIMITERS, (",", ";", "\t", "|")),
        ("decimal_mark", "Decimal mark", guess.decimal_mark, MARKS, (".", ",")),
        ("date_order", "Date order", guess.date_order, ORDERS, ("ymd", "dmy", "mdy")),
    )
    chips = []
    for name, label, value, texts, usual in kinds:
        if value.value is None and name in ("encoding", "delimiter"):
            continue  # a workbook has neither
        known = list(dict.fromkeys(v for v in (value.value, *value.alternatives, *usual) if v))
        options = [(KEYS.get(v, v), texts.get(v, v)) for v in known]
        chosen = KEYS.get(value.value or "", value.value or "")
        if not chosen:
            options.insert(0, ("", "not needed" if value.confidence else "choose"))
        chips.append(Chip(name, label, chosen, value.confidence, value.stated, options))
    return chips
