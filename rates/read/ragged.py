"""Rows with more cells than the header: a delimiter stands unquoted inside a name, or a decimal comma split a price in two."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from rates.fields import is_rate
from rates.problems import Problem, problem
from rates.read.looks import CODE
from rates.read.raw import RawSheet

_NUMBER = re.compile(r"^[^\d\-]{0,4}\d[\d.,]*\D{0,4}$")
_DIGITS = re.compile(r"^\d{1,9}$")
Rows = npt.NDArray[np.int64]
_MOST_NOTES = 10_000


def mend(
    sheet: RawSheet,
    header_row: int,
    headers: Mapping[int, str],
    mapping: Mapping[int, str],
    delimiter: str,
    join_decimals: bool,
) -> tuple[RawSheet, list[Problem]]:
    """The sheet with such rows put right where one reading alone makes sense of them, and what to say about them."""
    named = [index for index, text in headers.items() if text]
    frame = sheet.frame
    if not header_row or not named or frame.shape[1] <= (width := max(named) + 1):
        return sheet, []
    beyond = (frame.iloc[header_row:, width:] != "").any(axis=1)
    rows = np.flatnonzero(beyond.to_numpy()) + header_row
    if not len(rows):
        return sheet, []
    name = next((index for index, field in mapping.items() if field == "destination"), None)
    rates = sorted(index for index, field in mapping.items() if is_rate(field))
    codes = [
        index for index, field in mapping.items() if field in ("code", "area_code", "country_code", "npanxx")
    ]
    if delimiter == "," and rates and _decimals_split(frame, header_row, rows, rates[0], width):
        if join_decimals:
            at = rates[0]
            cut = {int(row): [str(cell) for cell in frame.iloc[row]] for row in rows}
            return _joined(
                sheet, {row: [*c[:at], f"{c[at]},{c[at + 1]}", *c[at + 2 :]] for row, c in cut.items()}
            ), []
        row, text = int(rows[0]) + 1, delimiter.join(frame.iloc[int(rows[0])])
        return sheet, [problem("cells_split", sheet=sheet.name, row=row, column=headers[rates[0]], text=text)]
    if name is None or not rates:
        return sheet, []
    notes: list[Problem] = []
    mended: dict[int, list[str]] = {}
    for place in rows:
        cells = [str(cell) for cell in frame.iloc[place]]
        last = max(index for index, cell in enumerate(cells) if cell.strip())
        extra = last - width + 1
        between = f"{delimiter} " if delimiter in ",;" else delimiter
        whole = [
            *cells[:name],
            between.join(cells[name : name + extra + 1]),
            *cells[name + extra + 1 : last + 1],
        ]
        if _sound(whole, rates, codes) and not _sound(cells, rates, codes):
            mended[int(place)] = whole
            if len(notes) < _MOST_NOTES:
                notes.append(
                    problem(
                        "cells_split",
                        severity="warning",
                        sheet=sheet.name,
                        row=int(place) + 1,
                        column=headers[name],
                        text=whole[name],
                        hint=f"An unquoted “{delimiter}” was taken for part of the name.",
                    )
                )
    if not mended:
        return sheet, []
    return _joined(sheet, mended), notes


def _sound(cells: list[str], rates: list[int], codes: list[int]) -> bool:
    priced = all(_NUMBER.match(cells[index].strip()) or not cells[index].strip() for index in rates)
    return (
        priced
        and any(cells[i].strip() for i in rates)
        and all(not cells[i].strip() or CODE.match(cells[i].strip()) for i in codes)
    )


def _decimals_split(frame: pd.DataFrame, header_row: int, rows: Rows, rate: int, width: int) -> bool:
    """Every row has exactly one cell too many, and price and the cell after it are digits only."""
    body = frame.iloc[header_row:]
    filled = (body != "").any(axis=1).to_numpy()
    if len(rows) < 0.95 * filled.sum() or frame.shape[1] <= rate + 1:
        return False
    sample = frame.iloc[rows[:500]]
    if width + 1 < frame.shape[1] and (sample.iloc[:, width + 1 :] != "").any(axis=None):
        return False
    return all(
        _DIGITS.match(a.strip()) and _DIGITS.match(b.strip())
        for a, b in zip(sample[rate], sample[rate + 1], strict=True)
    )


def _joined(sheet: RawSheet, mended: Mapping[int, list[str]]) -> RawSheet:
    frame = sheet.frame
    cells = frame.to_numpy(dtype=object, copy=True)
    for place, new in mended.items():
        cells[place] = [*new, *([""] * frame.shape[1])][: frame.shape[1]]
    return replace(sheet, frame=pd.DataFrame(cells, index=frame.index, columns=frame.columns).astype("str"))
