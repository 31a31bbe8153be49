"""A deck in a carrier's own layout: its headings, its column order, its way to write rates and dates.

What is written so is read again by the same template: a test sends it round.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from app.decks.exports import XLSX_ROWS, decimal_text, safe_text
from app.decks.models import DeckTemplate
from app.decks.service.choose_mapping import read_options
from app.errors import Invalid
from rates.country import KNOWN
from rates.options import DeckOptions
from rates.schema import BLOCKED, CLOSED

BATCH = 5_000
STATUS = {0: "open", BLOCKED: "blocked", CLOSED: "closed"}


@dataclass(frozen=True)
class Layout:
    """Headings with their fields, in order; "" = a column that stays empty."""

    columns: tuple[tuple[str, str], ...]
    options: DeckOptions

    @property
    def headings(self) -> list[str]:
        return [heading for heading, _ in self.columns]


def layout_of(template: DeckTemplate) -> Layout:
    """The template's layout. Raises Invalid where it does not know its column order."""
    options = read_options(template.options)
    by_heading, by_index = options.headers or {}, options.mapping or {}
    if not template.columns:
        raise Invalid(
            f"Template {template.name} does not know its column order.",
            hint="Approve one more deck of this layout.",
        )
    found = [(head, by_index.get(at) or by_heading.get(head, "")) for at, head in enumerate(template.columns)]
    columns = [(head, field if field in WRITERS else "") for head, field in found]
    return Layout(tuple(columns), options)


def fitted(layout: Layout, view: pa.Table) -> Layout:
    """The layout with columns of ours behind it for whatever these rows say that it has no column for."""
    have = {field for _, field in layout.columns}
    more: list[tuple[str, str]] = []
    if "code" not in have and not {"country_code", "area_code"} <= have:
        more.append(("Code", "code"))
    if "rate" not in have:
        more.append(("Rate", "rate"))
    if "status" not in have and pc.any(pc.not_equal(view["status"], 0)).as_py():
        more.append(("Status", "status"))
    if "connect_fee" not in have and pc.any(pc.not_equal(view["connect_fee_nanos"], 0)).as_py():
        more.append(("Connection fee", "connect_fee"))
    defaults = layout.options.defaults
    usual = defaults.initial_increment or 1, defaults.next_increment or 1
    steps = zip(
        pc.unique(view["initial_increment"]).to_pylist(),
        pc.unique(view["next_increment"]).to_pylist(),
        strict=False,
    )
    if not have & {"increments", "initial_increment"} and any(step != usual for step in steps):
        more.append(("Increments", "increments"))
    for name in ("origin", "jurisdiction"):
        if name not in have and name in view.column_names and view[name].null_count < view.num_rows:
            more.append((name.capitalize(), name))
    return Layout((*layout.columns, *more), layout.options)


def plain_layout() -> Layout:
    """Ours, for products without a template."""
    names = (
        "destination",
        "code",
        "rate",
        "connect_fee",
        "increments",
        "effective_from",
        "currency",
        "status",
    )
    return Layout(tuple((name.replace("_", " ").capitalize(), name) for name in names), DeckOptions())


def csv_text(view: pa.Table, layout: Layout) -> Iterator[str]:
    """The rows of a timeline view (rates.schema.TIMELINE) as CSV in pieces."""
    layout = fitted(layout, view)
    buffer = io.StringIO()
    comma = layout.options.decimal_mark == ","
    writer = csv.writer(buffer, delimiter=";" if comma else ",", lineterminator="\r\n")
    writer.writerow([safe_text(head) for head in layout.headings])
    for row in _rows(view, layout):
        writer.writerow([safe_text(text) for text in row])
        if buffer.tell() > 1 << 18:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def xlsx_file(view: pa.Table, layout: Layout) -> bytes:
    """The same as a workbook; codes and rates are text, so that no digit is lost."""
    if view.num_rows > XLSX_ROWS:
        raise Invalid(
            f"A sheet holds {XLSX_ROWS} rows; these are {view.num_rows}.", hint="Download it as CSV."
        )
    layout = fitted(layout, view)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet("Rates")
    for place, head in enumerate(layout.headings):
        sheet.write_string(0, place, head)
    for line, row in enumerate(_rows(view, layout), 1):
        for place, text in enumerate(row):
            if text:
                sheet.write_string(line, place, text)
    book.close()
    return out.getvalue()


def _rows(view: pa.Table, layout: Layout) -> Iterator[list[str]]:
    writers = [WRITERS[field] if field else _nothing for _, field in layout.columns]
    for start in range(0, view.num_rows, BATCH):
        for row in view.slice(start, BATCH).to_pylist():
            yield [write(row, layout.options) for write in writers]


def _nothing(_row: dict[str, Any], _options: DeckOptions) -> str:
    return ""


def _number(value: Decimal, options: DeckOptions) -> str:
    text = decimal_text(value)
    return text.replace(".", ",") if options.decimal_mark == "," else text


def _money(nanos: int, options: DeckOptions) -> Decimal:
    return Decimal(nanos).scaleb(-7 if options.money_unit == "cent" else -9)


def _rate(row: dict[str, Any], options: DeckOptions) -> str:
    if row["status"] == CLOSED:
        return ""
    return _priced(row, row["rate_nanos"], row["next_increment"], options)


def _first_rate(row: dict[str, Any], options: DeckOptions) -> str:
    nanos = row["first_rate_nanos"]
    return "" if nanos is None else _priced(row, nanos, row["initial_increment"], options)


def _priced(row: dict[str, Any], nanos: int, increment: int, options: DeckOptions) -> str:
    amount = _money(nanos, options)
    if options.rate_unit == "per_second":
        amount = amount / 60
    elif options.rate_unit == "per_increment":
        amount = amount * increment / 60
    return _number(amount, options)


def _date(instant: datetime | None, options: DeckOptions) -> str:
    if instant is None:
        return ""
    at = instant.astimezone(UTC)
    day = {"dmy": "%d.%m.%Y", "mdy": "%m/%d/%Y"}.get(options.date_order or "", "%Y-%m-%d")
    return (
        at.strftime(day) if (at.hour, at.minute, at.second) == (0, 0, 0) else at.strftime(f"{day} %H:%M:%S")
    )


def _country_code(code: str) -> str:
    return next((code[:n] for n in (1, 2, 3) if code[:n].isdigit() and int(code[:n]) in KNOWN), code)


Writer = Callable[[dict[str, Any], DeckOptions], str]
WRITERS: dict[str, Writer] = {
    "code": lambda row, _: str(row["code"]),
    "country_code": lambda row, _: _country_code(row["code"]),
    "area_code": lambda row, _: row["code"][len(_country_code(row["code"])) :],
    "destination": lambda row, _: row["destination"] or "",
    "rate": _rate,
    "first_rate": _first_rate,
    "connect_fee": lambda row, options: _number(_money(row["connect_fee_nanos"], options), options),
    "increments": lambda row, _: f"{row['initial_increment']}/{row['next_increment']}",
    "initial_increment": lambda row, _: str(row["initial_increment"]),
    "next_increment": lambda row, _: str(row["next_increment"]),
    "free_seconds": lambda row, _: str(row["free_seconds"]) if row["free_seconds"] else "",
    "currency": lambda row, _: row["currency"],
    "status": lambda row, _: STATUS[row["status"]],
    "effective_from": lambda row, options: _date(row["effective_from"], options),
    "effective_until": lambda row, options: _date(row["effective_until"], options),
    "origin": lambda row, _: row.get("origin") or "",
    "jurisdiction": lambda row, _: row.get("jurisdiction") or "",
}
