"""Rows → files of every kind a deck comes as. Cells are str, int, float or date; each writer stores them as that program would."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape

import xlsxwriter
import xlwt

from tests.decks.corpus.xlsb import xlsb_bytes

Cell = str | int | float | dt.date
Rows = Sequence[Sequence[Cell]]
Sheets = Mapping[str, Rows]


def text_bytes(rows: Rows, delimiter: str = ",", encoding: str = "utf-8", end: str = "\n") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue().encode(encoding)


def xlsx_bytes(
    sheets: Sheets, merges: Mapping[str, Sequence[str]] | None = None, date_1904: bool = False
) -> bytes:
    """`merges`: ranges such as `A2:A4` by sheet; the text of their first cell stays."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": date_1904})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, dt.date):
                    sheet.write_datetime(row, column, cell, day)
                elif isinstance(cell, str):
                    sheet.write_string(row, column, cell) if cell else None
                else:
                    sheet.write_number(row, column, cell)
        for area in (merges or {}).get(name, ()):
            first = area.split(":")[0]
            row, column = int(first[1:]) - 1, ord(first[0]) - 65
            sheet.merge_range(area, rows[row][column])
    book.close()
    return out.getvalue()


def xls_bytes(sheets: Sheets) -> bytes:
    book = xlwt.Workbook()
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, dt.date):
                    sheet.write(row, column, cell, day)
                elif cell != "":
                    sheet.write(row, column, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


_ODS = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
    "<office:body><office:spreadsheet>{}</office:spreadsheet></office:body></office:document-content>"
)
_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest'
    ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)


def ods_bytes(sheets: Sheets) -> bytes:
    tables = "".join(
        f'<table:table table:name="{escape(name)}">'
        + "".join(f"<table:table-row>{''.join(map(_ods_cell, cells))}</table:table-row>" for cells in rows)
        + "</table:table>"
        for name, rows in sheets.items()
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as sink:
        sink.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.oasis.opendocument.spreadsheet")
        sink.writestr("META-INF/manifest.xml", _MANIFEST)
        sink.writestr("content.xml", _ODS.format(tables))
    return out.getvalue()


def _ods_cell(cell: Cell) -> str:
    if cell == "":
        return "<table:table-cell/>"
    if isinstance(cell, dt.date):
        kind = f'office:value-type="date" office:date-value="{cell.isoformat()}"'
    elif isinstance(cell, str):
        kind = 'office:value-type="string"'
    else:
        kind = f'office:value-type="float" office:value="{cell!r}"'
    return f"<table:table-cell {kind}><text:p>{escape(str(cell))}</text:p></table:table-cell>"


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as sink:
        for name, content in members.items():
            sink.writestr(name, content)
    return out.getvalue()


def gzip_bytes(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


FORMATS: dict[str, Callable[[Rows], bytes]] = {
    "csv": text_bytes,
    "tsv": lambda rows: text_bytes(rows, "\t"),
    "txt": lambda rows: text_bytes(rows, ";", end="\r\n"),
    "xlsx": lambda rows: xlsx_bytes({"Rates": rows}),
    "xls": lambda rows: xls_bytes({"Rates": rows}),
    "xlsb": lambda rows: xlsb_bytes({"Rates": rows}),
    "ods": lambda rows: ods_bytes({"Rates": rows}),
    "zip": lambda rows: zip_bytes({"deck.csv": text_bytes(rows)}),
    "csv.gz": lambda rows: gzip_bytes(text_bytes(rows)),
}
"""File ending → bytes of one table."""

WORKBOOKS: dict[str, Callable[[Sheets], bytes]] = {
    "xlsx": xlsx_bytes,
    "xls": xls_bytes,
    "xlsb": xlsb_bytes,
    "ods": ods_bytes,
    "zip": lambda sheets: zip_bytes({f"{name}.csv": text_bytes(rows) for name, rows in sheets.items()}),
}
"""File ending → bytes of several tables."""
