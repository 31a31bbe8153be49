"""A deck out of the system: CSV and XLSX with exact decimals, readable again by our own importer."""

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import BinaryIO, TextIO

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from rates.country import country_code_length
from rates.decimals import decimal_texts
from rates.layout import STANDARD, Layout, complete
from rates.options import DeckOptions
from rates.schema import CLOSED, completed

_STATUS = ("open", "blocked", "closed")
_RISKY = ("=", "+", "-", "@", "\t", "\r", "'")
_BATCH = 8192


def safe_text(text: str | None) -> str:
    """Text that a spreadsheet will not take for a formula."""
    if text is None or text.startswith(
        ("'s-", "'s ", "'t-", "'t ")
    ):  # places of the Netherlands, read as they stand
        return text or ""
    return f"'{text}" if text.startswith(_RISKY) else text


def instant_text(instant: dt.datetime | None) -> str:
    """ISO date, with the time (UTC) only where it is not midnight."""
    if instant is None:
        return ""
    if instant.time() == dt.time():
        return instant.strftime("%Y-%m-%d")
    return instant.replace(tzinfo=None).isoformat(sep=" ")


def rows(
    deck: pa.Table, layout: Layout | None = None, options: DeckOptions | None = None
) -> Iterator[Sequence[str]]:
    """Headers, then one row of texts for every row of a timeline or view (schema.TIMELINE), in the order of the layout.

    `options` of a carrier's template: its decimal mark, its units of time and money, its order of dates."""
    layout = complete(layout or STANDARD, deck, options)
    yield [safe_text(header) for header, _ in layout]
    for batch in pa.table(completed(deck)).to_batches(max_chunksize=_BATCH):
        columns = [_texts(batch, field, options or DeckOptions()) for _, field in layout]
        yield from zip(*(column.to_pylist() for column in columns), strict=True)


def _texts(batch: pa.RecordBatch, field: str, options: DeckOptions) -> pa.Array:
    """One column as text; empty for a field that a timeline does not know."""
    whole = ("initial_increment", "next_increment", "free_seconds")
    if field in ("code", "currency", "jurisdiction"):
        return pc.fill_null(batch[field], "")
    if field in ("rate", "first_rate", "connect_fee"):
        return _amounts(batch, field, options)
    if field in whole:
        return batch[field].cast(pa.utf8())
    if field == "increments":
        first, following = (batch[name].cast(pa.utf8()) for name in ("initial_increment", "next_increment"))
        return pc.binary_join_element_wise(first, following, "/")
    if field in ("destination", "origin"):
        return pa.array([safe_text(name) for name in batch[field].to_pylist()], pa.utf8())
    if field == "status":
        return pa.array(_STATUS, pa.utf8()).take(batch["status"])
    if field in ("effective_from", "effective_until"):
        return pa.array(
            [_date(instant, options.date_order) for instant in batch[field].to_pylist()], pa.utf8()
        )
    if field in ("country_code", "area_code"):
        return _half(batch["code"], field)
    return pa.array([""] * batch.num_rows, pa.utf8())


def _amounts(batch: pa.RecordBatch, field: str, options: DeckOptions) -> pa.Array:
    """Exact amounts in the template's units; where a code is closed there is no rate."""
    nanos = batch[f"{field}_nanos"]
    if field == "rate":
        nanos = pc.if_else(pc.equal(batch["status"], CLOSED), pa.scalar(None, pa.int64()), nanos)
    steps = batch["initial_increment" if field == "first_rate" else "next_increment"].to_pylist()
    unit = options.rate_unit if field != "connect_fee" else None
    if unit in ("per_second", "per_increment") or options.money_unit == "cent":
        seconds = {"per_second": [1] * len(steps), "per_increment": steps}.get(unit or "", [60] * len(steps))
        point = -7 if options.money_unit == "cent" else -9
        exact = zip(nanos.to_pylist(), seconds, strict=True)
        found = [None if n is None else (Decimal(n) * s / 60).scaleb(point) for n, s in exact]
        texts = pa.array(["" if amount is None else _plain(amount) for amount in found], pa.utf8())
    else:
        texts = decimal_texts(nanos)
    return pc.replace_substring(texts, ".", ",") if options.decimal_mark == "," else texts


def _plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _date(instant: dt.datetime | None, order: str | None) -> str:
    day = {"dmy": "%d.%m.%Y", "mdy": "%m/%d/%Y"}.get(order or "")
    if instant is None or day is None:
        return instant_text(instant)
    return instant.strftime(day if instant.time() == dt.time() else f"{day} %H:%M:%S")


def _half(codes: pa.Array, field: str) -> pa.Array:
    """Country code, or what follows it."""
    lengths = pa.array([country_code_length(code) for code in codes.to_pylist()], pa.int64())
    pairs = zip(codes.to_pylist(), lengths.to_pylist(), strict=True)
    return pa.array(
        [code[:length] if field == "country_code" else code[length:] for code, length in pairs], pa.utf8()
    )


def write_csv(deck: pa.Table, sink: TextIO, layout: Layout | None = None, *, delimiter: str = ",") -> None:
    """RFC 4180 with LF ends; open `sink` with newline=""."""
    csv.writer(sink, lineterminator="\n", delimiter=delimiter).writerows(rows(deck, layout))


def csv_lines(
    deck: pa.Table, layout: Layout | None = None, options: DeckOptions | None = None, *, end: str = "\n"
) -> Iterator[str]:
    """The CSV line by line, for streamed answers; semicolons between the cells where the decimal mark is a comma."""

    class Echo:
        def write(self, text: str) -> str:
            return text

    delimiter = ";" if options is not None and options.decimal_mark == "," else ","
    writer = csv.writer(Echo(), lineterminator=end, delimiter=delimiter)
    for row in rows(deck, layout, options):
        yield writer.writerow(row)


def write_xlsx(
    deck: pa.Table, sink: BinaryIO, layout: Layout | None = None, options: DeckOptions | None = None
) -> None:
    """One sheet `Rates`. Codes and rates are text cells, so that no digit is lost; constant memory."""
    book = xlsxwriter.Workbook(
        sink,
        {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "constant_memory": True,
        },
    )
    sheet = book.add_worksheet("Rates")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 40)
    for number, row in enumerate(rows(deck, layout, options)):
        for column, text in enumerate(row):
            if text:
                sheet.write_string(number, column, text)
    book.close()
