"""Tables as CSV and XLSX: rates as plain decimals, codes as text, no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from app.errors import Invalid

BATCH = 5_000
RISKY = ("=", "+", "-", "@", "\t", "\r")
XLSX_ROWS = 1_048_575
XLSX_DATE = "yyyy-mm-dd hh:mm:ss"

# Column of the Arrow table -> heading of the file. Rates in nanos become decimals of the currency.
DECK_COLUMNS = {
    "code": "Code", "destination": "Destination", "rate_nanos": "Rate", "currency": "Currency",
    "connect_fee_nanos": "Connection fee", "initial_increment": "Initial increment",
    "next_increment": "Next increment", "status": "Status", "effective_from": "Effective from",
    "effective_until": "Effective until",
}  # fmt: skip
DIFF_COLUMNS = {
    "code": "Code", "destination": "Destination", "label": "Change", "name_label": "Name change",
    "currency": "Currency", "old_rate_nanos": "Old rate", "new_rate_nanos": "New rate", "pct_ppm": "Change %",
    "old_terms": "Old terms", "new_terms": "New terms", "asked_from": "Asked from",
    "effective_from": "Effective from", "compared_with": "Compared with", "falls_back_to": "Falls back to",
    "row": "Row of the file",
}  # fmt: skip
PROBLEM_COLUMNS = {
    "sheet": "Sheet", "row": "Row", "column": "Column", "code": "Code", "text": "Text", "severity": "Severity",
    "id": "Problem", "hint": "Reason and how to mend it",
}  # fmt: skip
STATUS = {0: "open", 1: "blocked", 2: "closed"}


def csv_rows(table: pa.Table, columns: dict[str, str], *, heading: bool = True) -> Iterator[str]:
    """The table as CSV text in pieces, with a heading row unless told otherwise."""
    shown = {name: head for name, head in columns.items() if name in table.column_names}
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    if heading:
        writer.writerow([safe_text(head) for head in shown.values()])
    for start in range(0, table.num_rows, BATCH):
        for row in table.slice(start, BATCH).select(list(shown)).to_pylist():
            writer.writerow([safe_text(printed(name, row[name])) for name in shown])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    if tail := buffer.getvalue():
        yield tail


def bad_rows(table: pa.Table, heads: Sequence[str]) -> Iterator[str]:
    """Problems as CSV, each with the reason and then the whole row as it stands in the file.

    `heads`: the file's own headings from column A on, shown as `A: Destination`.
    """
    if "cells" not in table.column_names:
        yield from csv_rows(table, PROBLEM_COLUMNS)
        return
    width = pc.max(pc.list_value_length(table["cells"])).as_py() or 0
    cells = {f"cell {place}": _head(place, heads) for place in range(width)}
    for start in range(0, max(table.num_rows, 1), BATCH):
        part = table.slice(start, BATCH)
        rows = part["cells"].to_pylist()
        for place, name in enumerate(cells):
            texts = [row[place] if row and place < len(row) else None for row in rows]
            part = part.append_column(name, pa.array(texts, pa.utf8()))
        yield from csv_rows(part, {**PROBLEM_COLUMNS, **cells}, heading=start == 0)


def _head(place: int, heads: Sequence[str]) -> str:
    letter, head = xl_col_to_name(place), heads[place].strip() if place < len(heads) else ""
    return f"{letter}: {head}" if head else letter


def xlsx_bytes(table: pa.Table, columns: dict[str, str], title: str) -> bytes:
    """The table as a workbook of one sheet. Raises Invalid when a sheet cannot hold it."""
    if table.num_rows > XLSX_ROWS:
        raise Invalid(
            f"A sheet holds {XLSX_ROWS} rows; these are {table.num_rows}.", hint="Download it as CSV."
        )
    shown = {name: head for name, head in columns.items() if name in table.column_names}
    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet(title[:31].translate(str.maketrans("[]:*?/\\", "-------")) or "Deck")
    bold, rate = book.add_format({"bold": True}), book.add_format({"num_format": "0.00000#######"})
    instant, percent = book.add_format({"num_format": XLSX_DATE}), book.add_format({"num_format": "0.00"})
    sheet.freeze_panes(1, 0)
    for place, (name, head) in enumerate(shown.items()):
        sheet.set_column(place, place, 34 if name in ("destination", "hint") else 16)
        sheet.write_string(0, place, head, bold)
    line = 0
    for start in range(0, table.num_rows, BATCH):
        for row in table.slice(start, BATCH).select(list(shown)).to_pylist():
            line += 1
            for place, name in enumerate(shown):
                value = row[name]
                if value is None:
                    continue
                if name.endswith("_nanos"):
                    sheet.write_number(line, place, float(Decimal(value).scaleb(-9)), rate)
                elif name == "pct_ppm":
                    sheet.write_number(line, place, value / 10_000, percent)
                elif isinstance(value, datetime):
                    sheet.write_datetime(line, place, value.astimezone(UTC).replace(tzinfo=None), instant)
                elif isinstance(value, int) and name != "status":
                    sheet.write_number(line, place, value)
                else:
                    sheet.write_string(line, place, printed(name, value))
    book.close()
    return out.getvalue()


def json_rows(table: pa.Table, columns: dict[str, str]) -> list[dict[str, Any]]:
    """Rows for programs: decimals as strings, instants as ISO text, names without units of storage."""
    names = [name for name in columns if name in table.column_names]
    return [
        {
            name.removesuffix("_nanos").replace("pct_ppm", "change_percent"): plain(name, row[name])
            for name in names
        }
        for row in table.select(names).to_pylist()
    ]


def plain(name: str, value: Any) -> Any:
    """One value as JSON."""
    return (
        value
        if isinstance(value, int) and not name.endswith(("_nanos", "_ppm", "status"))
        else printed(name, value) or None
    )


def printed(name: str, value: Any) -> str:
    """One value as text; '' for none."""
    if value is None:
        return ""
    if name.endswith("_nanos"):
        return decimal_text(Decimal(value).scaleb(-9))
    if name == "pct_ppm":
        return decimal_text(Decimal(value).scaleb(-4))
    if name == "status":
        return STATUS.get(value, str(value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def decimal_text(value: Decimal) -> str:
    """Shortest exact form without exponent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def safe_text(text: str) -> str:
    """Text cells that a spreadsheet would take for a formula get an apostrophe; numbers keep their sign."""
    if text.startswith(RISKY) and not _is_number(text):
        return f"'{text}"
    return text


def _is_number(text: str) -> bool:
    return text[1:].replace(".", "", 1).isdigit() and text[0] == "-"
