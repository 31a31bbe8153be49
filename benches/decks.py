"""Made-up decks of any size: real country codes, spread-out rates, several increments; the same for the same seed."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import xlsxwriter
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

HEADER = (
    "Code",
    "Destination",
    "Rate (USD)",
    "Initial increment",
    "Next increment",
    "Effective date",
    "Comment",
)
DATE = "2026-12-15"
ITALY = 39  # its area codes need their 0
_TERMS = ((1, 1), (60, 1), (60, 60), (30, 6))


def table(count: int, seed: int = 1, changed: int = 0) -> pa.Table:
    """A deck of `count` codes, sorted. `changed`: another month of the same deck: a tenth of the codes are others, a third of
    the rates have moved."""
    source = np.random.default_rng(seed)
    codes = _codes(source, count)
    rate = source.lognormal(-4, 1.3, count) + 0.0001
    terms = source.integers(0, len(_TERMS), count)
    if changed:
        other = np.random.default_rng(changed)
        fresh = np.setdiff1d(_codes(other, count), codes)[: count // 10]
        gone = other.choice(count, len(fresh), replace=False)
        codes[gone] = fresh
        moved = other.random(count) < 1 / 3
        rate = np.where(moved, rate * other.uniform(0.8, 1.2, count), rate)
    order = np.argsort(codes.astype(str))
    codes, rate, terms = codes[order], rate[order], terms[order]
    digits = pc.cast(pa.array(codes), pa.utf8())
    names = pc.binary_join_element_wise(
        "Destination", pc.utf8_slice_codeunits(digits, 0, 3), "area", pc.utf8_slice_codeunits(digits, 3, 5), " "
    )  # fmt: skip
    millionths = pa.array(np.round(rate * 1e6).astype(np.int64))
    whole, part = pc.divide(millionths, 1_000_000), pa.array(millionths.to_numpy() % 1_000_000)
    text = pc.binary_join_element_wise(
        pc.cast(whole, pa.utf8()), pc.utf8_lpad(pc.cast(part, pa.utf8()), 6, "0"), "."
    )
    first, following = (pa.array(np.array([t[i] for t in _TERMS])[terms]) for i in (0, 1))
    columns = [digits, names, text, first, following, _same(DATE, count), _same("No change", count)]
    return pa.table(dict(zip(HEADER, columns, strict=True)))


def _codes(source: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    """Distinct codes: a country code and two to six digits (more where a deck needs so many)."""
    countries = np.array(sorted(code for code in COUNTRY_CODE_TO_REGION_CODE if code < 800 and code != ITALY))
    found = np.zeros(0, np.int64)
    while len(found) < count:
        length = source.integers(2, 7, count)
        drawn = source.choice(countries, count) * 10**length + source.integers(0, 10**length)
        found = np.unique(np.concatenate([found, drawn]))
    chosen: npt.NDArray[np.int64] = source.choice(found, count, replace=False)
    return chosen


def _same(text: str, count: int) -> pa.Array:
    return pa.array([text]).take(pa.array(np.zeros(count, np.int64)))


def write(path: str, count: int, month: int) -> None:
    """Month 0, or a later one of the same deck, as the kind of file its name ends in."""
    writer = write_xlsx if path.endswith(".xlsx") else write_csv
    writer(Path(path), table(count, 1, changed=7 * month))


def write_csv(path: Path, deck: pa.Table) -> None:
    pacsv.write_csv(deck, path, pacsv.WriteOptions(quoting_style="none", quoting_header="none"))


def write_xlsx(path: Path, deck: pa.Table) -> None:
    """As a spreadsheet saves it: codes, rates and increments are numbers, names and dates text."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("Rates")
    sheet.write_row(0, 0, HEADER)
    numbers = (0, 2, 3, 4)
    for number, row in enumerate(zip(*(column.to_pylist() for column in deck.columns), strict=True), start=1):
        for column, cell in enumerate(row):
            if column in numbers:
                sheet.write_number(number, column, float(cell))
            else:
                sheet.write_string(number, column, cell)
    book.close()
