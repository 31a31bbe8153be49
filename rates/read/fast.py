"""A long, even text table at the speed of Arrow. What is odd about a file is left to the patient reader: `None` means that."""

import csv
import io
import mmap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from rates.options import Limits

ENDS: Final = 64
"""Lines at either end that the patient reader takes: titles, headers under another delimiter, footers."""
FEWEST_BYTES: Final = 1 << 17
FIELD_CHARS: Final = 131_072
_ASCII_LIKE: Final = ("utf-8", "utf-8-sig", "ascii", "cp1252", "latin-1", "iso8859-15", "cp1250", "cp1251")


def split_even(
    path: Path, encoding: str, delimiter: str, limits: Limits
) -> tuple[list[str], pa.Table, list[str]] | None:
    """(first lines, the rows between them as text columns "0", "1", …, last lines); None = read it row by row."""
    if encoding not in _ASCII_LIKE or path.stat().st_size < FEWEST_BYTES:
        return None
    with path.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(b"\0") >= 0:
            return None
        start, stop = _after_lines(content), _before_lines(content)
        if start is None or stop is None or start >= stop:
            return None
        first = _decoded(content[:start], encoding)
        last = _decoded(content[stop:], encoding.removesuffix("-sig"))
        if first is None or last is None or _open_quote(first) or _open_quote(last):
            return None
        width = _width([*first, *last], delimiter)
        if width < 2 or width > limits.columns:
            return None
        quoted = content.find(b'"') >= 0
    with pa.memory_map(str(path)) as whole:
        middle = whole.read_buffer().slice(start, stop - start)
    table = _parse(middle, width, encoding.removesuffix("-sig"), delimiter)
    if table is None or (quoted and _has_marks(table)) or _too_long(table):
        return None
    return first, table, last


def _after_lines(content: mmap.mmap) -> int | None:
    place = -1
    for _ in range(ENDS):
        place = content.find(b"\n", place + 1)
        if place < 0:
            return None
    return place + 1


def _before_lines(content: mmap.mmap) -> int | None:
    place = len(content)
    for _ in range(ENDS):
        place = content.rfind(b"\n", 0, place)
        if place < 0:
            return None
    return place + 1


def _decoded(part: bytes, encoding: str) -> list[str] | None:
    """Lines with their ends, as a text file gives them."""
    try:
        return list(io.StringIO(part.decode(encoding), newline=""))
    except UnicodeDecodeError:
        return None


def _open_quote(lines: Sequence[str]) -> bool:
    """Whether a record may go on across the border; then only reading from the top tells rows apart."""
    return any(line.count('"') % 2 for line in lines)


def _width(lines: Sequence[str], delimiter: str) -> int:
    widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
    return widths.most_common(1)[0][0] if widths else 0


def _parse(middle: pa.Buffer, width: int, encoding: str, delimiter: str) -> pa.Table | None:
    names = [str(i) for i in range(width)]
    try:
        return pacsv.read_csv(
            pa.BufferReader(middle),
            read_options=pacsv.ReadOptions(column_names=names, encoding="utf8" if encoding in ("utf-8", "ascii") else encoding),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_utf8()), strings_can_be_null=False
            ),
        )  # fmt: skip
    except (pa.ArrowInvalid, UnicodeError):  # rows of several widths, bytes of another encoding
        return None


def _chunks(table: pa.Table) -> Iterator[pa.Array]:
    return (chunk for column in table.columns for chunk in column.chunks)


def _has_marks(table: pa.Table) -> bool:
    """Quotes or line ends inside a cell: doubled, misplaced or unclosed quotes are not for this reader."""
    return any(
        pc.any(pc.match_substring(chunk, mark)).as_py() for chunk in _chunks(table) for mark in ('"', "\n", "\r")
    )  # fmt: skip


def _too_long(table: pa.Table) -> bool:
    return any((pc.max(pc.binary_length(chunk)).as_py() or 0) > FIELD_CHARS for chunk in _chunks(table))
