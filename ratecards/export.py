"""A rate card as CSV or XLSX, for the customer. Rates are exact; text cells cannot become formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO, Final

import pyarrow as pa
import xlsxwriter

HEADER: Final = (
    "Code", "Destination", "Rate per minute", "Currency", "Initial increment s", "Next increment s", "Effective from (UTC)",
)  # fmt: skip


def safe_text(text: str) -> str:
    """Text that a spreadsheet shows instead of running: `'` before a leading = + - @ tab or return."""
    return "'" + text if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def decimal_text(nanos: int, places: int = 4) -> str:
    """Exact decimal of nanos with at least `places` decimals and no more zeros than that."""
    whole, part = divmod(abs(nanos), 1_000_000_000)
    digits = f"{part:09d}".rstrip("0").ljust(places, "0")
    return f"{'-' if nanos < 0 else ''}{whole}{'.' + digits if digits else ''}"


def _rows(card: pa.Table) -> Iterator[tuple[str, str, int, str, int, int, datetime]]:
    names = [
        "code",
        "destination",
        "rate_nanos",
        "currency",
        "initial_increment",
        "next_increment",
        "effective_from",
    ]
    for batch in card.select(names).to_batches(max_chunksize=4096):
        yield from zip(*(batch[name].to_pylist() for name in names), strict=True)


def card_csv(card: pa.Table) -> Iterator[str]:
    """Lines of the CSV, header first; a chunk per few thousand rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(HEADER)
    for number, (code, name, rate, currency, first, following, start) in enumerate(_rows(card)):
        writer.writerow(
            [
                code,
                safe_text(name),
                decimal_text(rate),
                currency,
                first,
                following,
                f"{start:%Y-%m-%d %H:%M:%S}",
            ]
        )
        if number % 4096 == 4095:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def card_xlsx(card: pa.Table, out: BinaryIO) -> None:
    """Write the workbook; codes are text, rates numbers with nine decimals at most."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
               "remove_timezone": True, "in_memory": False}  # fmt: skip
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("Rate card")
        rate_format, date_format = (
            book.add_format({"num_format": "0.0000#####"}),
            book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        )
        sheet.write_row(0, 0, HEADER, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        for row, (code, name, rate, currency, first, following, start) in enumerate(_rows(card), 1):
            sheet.write_string(row, 0, code)
            sheet.write_string(row, 1, safe_text(name))
            sheet.write_number(
                row, 2, float(Decimal(rate).scaleb(-9)), rate_format
            )  # XLSX cells are doubles: 15 digits hold it
            sheet.write_string(row, 3, currency)
            sheet.write_number(row, 4, first)
            sheet.write_number(row, 5, following)
            sheet.write_datetime(row, 6, start.replace(tzinfo=None), date_format)
        sheet.set_column(1, 1, 40)
