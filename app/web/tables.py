"""Every table downloads as CSV: streamed, UTC, decimals as text, cells that a spreadsheet cannot take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from flask import Response

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
FLUSH_ROWS = 500


def safe_text(value: Any) -> Any:
    """Text that begins like a formula gets a leading apostrophe; numbers keep their sign."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return "" if value is None else value


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Chunks of CSV text, a few hundred rows each."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe_text(cell) for cell in row])
        if number % FLUSH_ROWS == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A download of `filename`.csv. `rows` is read while it is sent: pass data, not a query bound to the session."""
    response = Response(csv_lines(header, rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}.csv"'
    return response


def csv_of(filename: str, rows: Sequence[Any], row_type: type[Any]) -> Response:
    """Rows that are instances of the dataclass `row_type`, one column a field."""
    names = [field.name for field in fields(row_type)]
    return csv_response(filename, names, [[getattr(row, name) for name in names] for row in rows])
