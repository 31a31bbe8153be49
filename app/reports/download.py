"""A report as an HTTP answer: streamed CSV and JSON, XLSX by way of a temporary file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import BinaryIO, Final, cast

from flask import Response, send_file

from app.errors import NotFound
from app.reports.table import Kind, Report, Row, cell_text
from app.reports.write_csv import csv_chunks
from app.reports.write_xlsx import write_xlsx

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: Final = ("csv", "xlsx", "json")


def download(report: Report, form: str, *, now: datetime) -> Response:
    """The whole report in `form` (csv, xlsx, json). Faults of the first rows become an error page, not half a file.

    Rows come from the store's files while the answer is sent, after the request's database session has ended: a report reads
    what it needs of the database when it is made.
    """
    name = f"tandem-{report.name}-{now:%Y%m%dT%H%MZ}"
    if form == "xlsx":
        file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  closed by the response
        write_xlsx(report, file)
        file.seek(0)
        return send_file(file, mimetype=XLSX, as_attachment=True, download_name=f"{name}.xlsx")
    if form not in FORMATS:
        raise NotFound("There is no such format.", hint="Formats: csv, xlsx, json.")
    chunks = csv_chunks(report) if form == "csv" else json_lines(report)
    first = next(chunks, "")
    mime = "text/csv; charset=utf-8" if form == "csv" else "application/json"
    return Response(
        chain([first], chunks),
        headers={
            "Content-Type": mime,
            "Content-Disposition": f'attachment; filename="{name}.{form}"',
            "X-Accel-Buffering": "no",
        },
    )


def json_lines(report: Report, chunk: int = 200) -> Iterator[str]:
    """`{"report":…,"columns":[…],"rows":[[…],…]}` in pieces; decimals are strings, "no data" and empty cells null."""
    head = json.dumps(
        {"report": report.name, "columns": [column.title for column in report.columns]}, ensure_ascii=False
    )
    yield head[:-1] + ', "rows": ['
    kinds = [column.kind for column in report.columns]
    held: list[str] = []
    first = True
    for row in report.rows:
        held.append(json.dumps(_json_row(kinds, row), ensure_ascii=False))
        if len(held) == chunk:
            yield ("" if first else ",\n") + ",\n".join(held)
            held, first = [], False
    yield (("" if first or not held else ",\n") + ",\n".join(held)) + "]}"


def _json_row(kinds: list[Kind], row: Row) -> list[object]:
    return [
        None if value is None else value if kind is Kind.COUNT else cell_text(kind, value)
        for kind, value in zip(kinds, row, strict=True)
    ]
