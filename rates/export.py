"""A deck out of the system: CSV and XLSX with exact decimals, readable again by our own importer."""

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, TextIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

COLUMNS: Final = (
    "Code",
    "Destination",
    "Rate",
    "First rate",
    "Connection fee",
    "Initial increment",
    "Next increment",
    "Free seconds",
    "Currency",
    "Status",
    "Effective from",
    "Effective until",
)
_STATUS = ("open", "blocked", "closed")
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_BATCH = 8192


def decimal_text(nanos: int | None) -> str:
    """Shortest exact decimal of an amount in nanos; "" for None."""
    if nanos is None:
        return ""
    whole, part = divmod(abs(nanos), 10**9)
    digits = f"{whole}.{part:09d}".rstrip("0").rstrip(".")
    return f"-{digits}" if nanos < 0 else digits


def decimal_texts(nanos: npt.NDArray[np.int64] | pa.Array | pa.ChunkedArray) -> pa.Array:
    """`decimal_text` of a whole column; "" for null."""
    column = pa.array(nanos) if isinstance(nanos, np.ndarray) else nanos
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    numbers = pc.fill_null(column, 0).to_numpy()
    size = np.abs(numbers)
    whole, part = pa.array(size // 10**9).cast(pa.utf8()), pa.array(size % 10**9).cast(pa.utf8())
    texts = pc.binary_join_element_wise(whole, pc.utf8_lpad(part, 9, "0"), ".")
    texts = pc.ascii_rtrim(pc.ascii_rtrim(texts, "0"), ".")
    if (numbers < 0).any():
        texts = pc.binary_join_element_wise(pc.if_else(pa.array(numbers < 0), "-", ""), texts, "")
    return pc.if_else(pc.is_null(column), "", texts) if column.null_count else texts


def safe_text(text: str | None) -> str:
    """Text that a spreadsheet will not take for a formula."""
    return "" if text is None else f"'{text}" if text.startswith(_RISKY) else text


def instant_text(instant: dt.datetime | None) -> str:
    """ISO date, with the time (UTC) only where it is not midnight."""
    if instant is None:
        return ""
    if instant.time() == dt.time():
        return instant.strftime("%Y-%m-%d")
    return instant.replace(tzinfo=None).isoformat(sep=" ")


def rows(deck: pa.Table) -> Iterator[Sequence[str]]:
    """Header, then one row of texts for every row of a timeline or view (schema.TIMELINE)."""
    yield COLUMNS
    names = (
        "code",
        "destination",
        "rate_nanos",
        "first_rate_nanos",
        "connect_fee_nanos",
        "initial_increment",
        "next_increment",
        "free_seconds",
        "currency",
        "status",
        "effective_from",
        "effective_until",
    )
    for batch in deck.select(names).to_batches(max_chunksize=_BATCH):
        for code, name, rate, first, fee, initial, following, free, currency, status, start, end in zip(
            *(column.to_pylist() for column in batch.columns), strict=True
        ):
            yield (
                code,
                safe_text(name),
                decimal_text(rate),
                decimal_text(first),
                decimal_text(fee),
                str(initial),
                str(following),
                str(free),
                currency,
                _STATUS[status],
                instant_text(start),
                instant_text(end),
            )


def write_csv(deck: pa.Table, sink: TextIO) -> None:
    """RFC 4180 with LF ends; open `sink` with newline=""."""
    csv.writer(sink, lineterminator="\n").writerows(rows(deck))


def csv_lines(deck: pa.Table) -> Iterator[str]:
    """The CSV line by line, for streamed answers."""

    class Echo:
        def write(self, text: str) -> str:
            return text

    writer = csv.writer(Echo(), lineterminator="\n")
    for row in rows(deck):
        yield writer.writerow(row)


def write_xlsx(deck: pa.Table, sink: BinaryIO) -> None:
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
    for number, row in enumerate(rows(deck)):
        for column, text in enumerate(row):
            if text:
                sheet.write_string(number, column, text)
    book.close()
