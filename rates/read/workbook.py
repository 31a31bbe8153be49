"""Workbooks → raw cells. The XML is looked over before the parser sees it: true extent, entities, formulas without value."""

import datetime as dt
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn
from xml.sax.saxutils import unescape

import numpy as np
import pandas as pd
import pyarrow as pa
import python_calamine as calamine

from rates.options import Limits
from rates.read.archive import BLOCK, open_archive
from rates.read.fallback import second_rows
from rates.read.merged import fill_down
from rates.read.raw import RawSheet, Refused, build_frame

_ROW = re.compile(rb'<(?:\w+:)?row [^>]*?\br="(\d{1,9})"')
_DIMENSION = re.compile(rb'<(?:\w+:)?dimension [^>]*?ref="[A-Z]*\d*:?\$?([A-Z]+)\$?(\d+)"')
_FAR_CELL = re.compile(rb'<(?:\w+:)?c [^>]*?\br="([A-Z]{2,4})\d')
_EMPTY_FORMULA = re.compile(
    rb'<c r="([A-Z]+\d+)"[^>]*>\s*<f(?:/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>'
)
_REPEAT = re.compile(rb'number-(?:rows|columns)-repeated="(\d{5,})"')
_OVERLAP = 512
MACROS = "The workbook holds macros: save the sheet as XLSX or CSV and send that."


@dataclass(frozen=True)
class _Part:
    rows: int
    columns: int
    formulas: tuple[str, ...]


def look_over(path: Path, limits: Limits) -> tuple[bool, dict[str, tuple[str, ...]]]:
    """Judge every XML part of an XLSX, XLSB or ODS. Returns (dates count from 1904, sheet → cells with a formula and no value)."""
    date_1904 = False
    formulas: dict[str, tuple[str, ...]] = {}
    with open_archive(path, limits) as archive:
        names = _sheet_names(archive)
        unpacked = 0
        for entry in archive.infolist():
            lower = entry.filename.lower()
            if lower.endswith("vbaproject.bin") or lower.startswith(("basic/", "scripts/")):
                raise Refused.because("file_unsafe", text=entry.filename, hint=MACROS)
            if not lower.endswith((".xml", ".rels", ".bin", ".vml")):
                continue
            part, size, marked = _scan(
                archive, entry, limits, is_sheet="worksheets/" in lower or lower == "content.xml"
            )
            unpacked += size
            date_1904 |= marked and lower.endswith("workbook.xml")
            if unpacked > limits.unpacked_bytes:
                raise Refused.because("file_too_big")
            if (
                part.rows > limits.rows
                or part.columns > limits.columns
                or part.rows * part.columns > limits.cells
            ):
                raise Refused.because(
                    "file_too_big",
                    text=f"{entry.filename}: {part.rows:,} rows, {part.columns:,} columns",
                    hint="Cells stand far outside the table: delete the empty rows and columns, save, and send it again.",
                )
            if part.formulas:
                formulas[names.get(lower.removeprefix("/"), "")] = part.formulas
    return date_1904, formulas


_SHEET = re.compile(rb'<(?:\w+:)?sheet [^>]*?name="([^"]*)"[^>]*?r:id="([^"]*)"')
_LINK = re.compile(rb"<Relationship [^>]*>")


def _sheet_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Part of an XLSX, lower case → name of its sheet; empty where the book does not say so in the usual words."""
    try:
        book, links = archive.read("xl/workbook.xml"), archive.read("xl/_rels/workbook.xml.rels")
    except (KeyError, zipfile.BadZipFile, EOFError, OSError, NotImplementedError):
        return {}
    targets = {}
    for link in _LINK.findall(links[:BLOCK]):
        id, target = re.search(rb'Id="([^"]*)"', link), re.search(rb'Target="([^"]*)"', link)
        if id and target:
            targets[id[1]] = (
                target[1].decode("utf-8", "replace").lower().removeprefix("/xl/").removeprefix("xl/")
            )
    return {
        f"xl/{targets[id]}": unescape(name.decode("utf-8", "replace"), {"&quot;": '"', "&apos;": "'"})
        for name, id in _SHEET.findall(book[:BLOCK])
        if id in targets
    }


def _scan(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Limits, is_sheet: bool
) -> tuple[_Part, int, bool]:
    rows = columns = size = 0
    formulas: list[str] = []
    tail, marked = b"", False
    try:
        with archive.open(entry) as source:
            while block := source.read(BLOCK):
                size += len(block)
                if size > limits.unpacked_bytes:
                    raise Refused.because("file_too_big", text=entry.filename)
                window = tail + block
                if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
                    raise Refused.because(
                        "file_unsafe",
                        text=entry.filename,
                        hint="The file declares XML entities: save it anew as XLSX or CSV.",
                    )
                marked |= b'date1904="1"' in window or b'date1904="true"' in window
                if is_sheet:
                    rows, columns = _extent(window, rows, columns, top=not tail)
                    if b"<f" in window and len(formulas) < 10_000:
                        formulas += [
                            ref.decode()
                            for ref in _EMPTY_FORMULA.findall(window)
                            if ref.decode() not in formulas[-4:]
                        ]
                tail = window[-_OVERLAP:]
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError) as fault:
        raise Refused.because("file_corrupt", text=f"{entry.filename}: {fault}") from None
    return _Part(rows, columns, tuple(formulas)), size, marked


def _extent(window: bytes, rows: int, columns: int, *, top: bool) -> tuple[int, int]:
    """Largest row and column that this stretch of XML names; a row's number only at its start, columns beyond Z only, what the
    sheet claims of itself only at its top."""
    if found := _ROW.findall(window):
        rows = max(rows, max(map(int, found)))
    for far in set(_FAR_CELL.findall(window)):
        columns = max(columns, _column(far))
    if top and (claim := _DIMENSION.search(window)) is not None:
        # a claim alone costs nothing in our parser, but a far cell always comes with one in honest files
        columns = max(columns, min(_column(claim[1]), 26))
    for repeat in _REPEAT.findall(window):
        rows = max(rows, int(repeat) if int(repeat) < 1_048_000 else rows)
    return rows, columns


def _column(letters: bytes) -> int:
    value = 0
    for byte in letters:
        value = value * 26 + byte - 64
    return value


def _plain(cells: Sequence[Any]) -> list[Any]:
    return ["" if cell is None else cell for cell in cells]


def open_workbook(path: Path) -> calamine.CalamineWorkbook:
    try:
        return calamine.CalamineWorkbook.from_path(str(path))
    except Exception as fault:  # the parser's errors have no common base of their own
        _refuse(fault)


def _refuse(fault: Exception) -> NoReturn:
    if isinstance(fault, calamine.PasswordError) or "password" in str(fault).lower():
        raise Refused.because("file_encrypted") from None
    raise Refused.because("file_corrupt", text=str(fault)) from None


def read_workbook_sheet(
    path: Path,
    book: calamine.CalamineWorkbook,
    sheet: str,
    label: str,
    limits: Limits,
    date_1904: bool,
    formulas: Sequence[str],
) -> RawSheet:
    """All cells of one sheet from A1, as the strings a person would type."""
    try:
        source = book.get_sheet_by_name(sheet)
        if source.total_height * max(source.total_width, 1) > limits.cells:
            raise Refused.because("file_too_big", sheet=label)
        frame = fill_down(
            build_frame(_rows(source), label, limits, texts=_texts), source.merged_cell_ranges or ()
        )
    except Refused:
        raise
    except Exception as fault:
        if not zipfile.is_zipfile(path):
            _refuse(fault)
        known: dict[float, str] = {}
        rows = ([_text(cell, known) for cell in _plain(cells)] for cells in second_rows(path, sheet, fault))
        frame = build_frame(rows, label, limits)
    return RawSheet(name=label, frame=frame, date_1904=date_1904, formulas=tuple(formulas))


def _rows(sheet: Any) -> Iterator[list[Any]]:
    start = sheet.start
    indent = [""] * (start[1] if start else 0)
    for cells in sheet.iter_rows():  # begins at row 1, but at the first used column
        yield indent + cells if indent else cells


def _texts(cells: Sequence[Any]) -> pa.Array:
    """A column as text. Columns of one kind, as most are, at once; whole numbers without a look at each."""
    kinds = set(map(type, cells))
    if kinds == {str}:
        return pa.array(cells, pa.utf8())
    if kinds == {float}:
        numbers = np.array(cells, np.float64)
        if np.isfinite(numbers).all():
            if (numbers == np.floor(numbers)).all() and (np.abs(numbers) < 1e15).all():
                return pa.array(numbers.astype(np.int64)).cast(pa.utf8())
            places, distinct = pd.factorize(numbers)
            return pa.array([number_text(value) for value in distinct.tolist()], pa.utf8()).take(
                pa.array(places)
            )
    known: dict[float, str] = {}
    return pa.array([cell if cell.__class__ is str else _text(cell, known) for cell in cells], pa.utf8())


def _text(cell: Any, known: dict[float, str]) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, (int, float)):
        text = known.get(cell)
        if text is None:
            text = known[cell] = number_text(cell)
        return text
    if isinstance(cell, dt.datetime):
        return cell.strftime("%Y-%m-%d") if cell.time() == dt.time() else cell.isoformat(sep=" ")
    return str(cell)


def number_text(value: float) -> str:
    """A stored number as the spreadsheet shows it: at most 15 significant digits, no exponent."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    text = f"{value:.15g}"
    if "e" not in text:
        return text
    return format(Decimal(text), "f")
