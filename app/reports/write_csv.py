"""Rows as CSV, chunk by chunk. Text cannot become a formula; numbers keep their sign."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from app.reports.table import Kind, Report, cell_text
from ratecards.export import safe_text

CHUNK_ROWS = 500


def csv_chunks(report: Report) -> Iterator[str]:
    """The file in pieces of some hundred rows, header first, lines ended by CR LF."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([column.title for column in report.columns])
    kinds = [column.kind for column in report.columns]
    for number, row in enumerate(report.rows, 1):
        cells = [cell_text(kind, value) for kind, value in zip(kinds, row, strict=True)]
        writer.writerow(
            [safe_text(cell) if kind is Kind.TEXT else cell for kind, cell in zip(kinds, cells, strict=True)]
        )
        if number % CHUNK_ROWS == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
