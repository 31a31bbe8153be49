"""Rows as a workbook in constant memory: rows go to disk as they come."""

from __future__ import annotations

from typing import Any, BinaryIO

import xlsxwriter

from app.reports.table import NO_DATA, Kind, Report
from ratecards.export import safe_text

MAX_ROWS = 1_048_575  # a sheet's limit, less the header


def write_xlsx(report: Report, out: BinaryIO) -> int:
    """Write the workbook, a further sheet where one is full; returns the rows written.

    Codes are text. Prices are numbers: a cell is a double, whose 15 digits hold every rate of this exchange exactly enough
    to read back the same nine decimals below 100,000 a minute.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    written = 0
    with xlsxwriter.Workbook(out, options) as book:
        formats = {
            Kind.NANOS: book.add_format({"num_format": "0.0000#####"}), Kind.PPM: book.add_format({"num_format": "0.00"}),
            Kind.INSTANT: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}), Kind.COUNT: book.add_format({"num_format": "#,##0"}),
            Kind.FIGURE: book.add_format({"num_format": "0.00"}),
        }  # fmt: skip
        heading = book.add_format({"bold": True, "bottom": 1})
        sheet: Any = None
        for row in report.rows:
            line = written % MAX_ROWS
            if line == 0:
                sheet = _new_sheet(book, report, heading)
            for index, (column, value) in enumerate(zip(report.columns, row, strict=True)):
                _cell(sheet, line + 1, index, column.kind, value, formats.get(column.kind))
            written += 1
        if sheet is None:
            _new_sheet(book, report, heading)
    return written


def _new_sheet(book: Any, report: Report, heading: Any) -> Any:
    number = len(book.worksheets())
    sheet = book.add_worksheet(report.title[:28] if number == 0 else f"{report.title[:24]} {number + 1}")
    for index, column in enumerate(report.columns):
        sheet.set_column(
            index, index, 34 if column.title == "Destination" else max(11, len(column.title) + 2)
        )
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, [column.title for column in report.columns], heading)
    return sheet


def _cell(sheet: Any, row: int, column: int, kind: Kind, value: Any, shape: Any) -> None:
    if value is None:
        if kind is Kind.FIGURE:
            sheet.write_string(row, column, NO_DATA)
    elif kind in (Kind.TEXT, Kind.CODE):
        sheet.write_string(row, column, safe_text(value) if kind is Kind.TEXT else value)
    elif kind is Kind.NANOS:
        sheet.write_number(row, column, value / 1_000_000_000, shape)
    elif kind is Kind.PPM:
        sheet.write_number(row, column, value / 10_000, shape)
    elif kind is Kind.INSTANT:
        sheet.write_datetime(row, column, value.replace(tzinfo=None), shape)
    else:
        sheet.write_number(row, column, value, shape)
