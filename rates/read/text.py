"""Delimited text → raw cells: encoding, delimiter, records."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rates.deckcheck import Value
from rates.options import Limits
from rates.read.fast import split_even
from rates.read.mixed import MIXED, how_to_decode, is_mixed
from rates.read.raw import RawSheet, Refused, build_frame

DELIMITERS = (",", ";", "\t", "|", "^", "~")
ENCODINGS = (
    "utf-8",
    "cp1252",
    "latin-1",
    "iso8859-15",
    "cp1250",
    "cp1251",
    "utf-16",
    "gb18030",
    "big5",
    "shift_jis",
    MIXED,
)
SAMPLE_LINES = 200
FIELD_CHARS = 131_072
HEAD_ROWS = 30
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def guess_encoding(path: Path, stated: str | None, last: str | None) -> Value:
    """BOM → strict UTF-8 → the carrier's last accepted → charset-normalizer. Stated wins over all."""
    if stated:
        try:
            codecs.lookup(how_to_decode(stated)[0])
        except LookupError:
            raise Refused.because(
                "encoding_error", text=stated, hint="This encoding is not known: choose one of the list."
            ) from None
        return Value(value=stated, confidence=100, alternatives=ENCODINGS, stated=True)
    with path.open("rb") as source:
        head = source.read(1 << 18)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Value(value=name, confidence=100, alternatives=ENCODINGS)
    if _is_utf8(path):
        return Value(value="utf-8", confidence=100 if not head.isascii() else 99, alternatives=ENCODINGS)
    if b"\0" in head:
        raise Refused.because("file_type_unknown")
    if is_mixed(path):
        return Value(value=MIXED, confidence=80, alternatives=ENCODINGS)
    if last and last not in ("utf-8", "utf-8-sig"):
        return Value(value=last, confidence=85, alternatives=ENCODINGS)
    from charset_normalizer import from_bytes  # few files need it, and it takes a while to load

    found = from_bytes(
        head, cp_isolation=["cp1252", "cp1250", "cp1251", "gb18030", "big5", "shift_jis"]
    ).best()
    return Value(
        value=found.encoding if found else "cp1252", confidence=70 if found else 50, alternatives=ENCODINGS
    )


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with path.open("rb") as source:
        try:
            while block := source.read(1 << 20):
                if b"\0" in block:
                    return False
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _lines(path: Path, encoding: str, limits: Limits) -> Iterator[str]:
    number = 0
    codec, errors = how_to_decode(encoding)
    with (
        path.open("rb") as binary,
        io.TextIOWrapper(io.BufferedReader(binary), encoding=codec, errors=errors, newline="") as source,
    ):
        try:
            while line := source.readline(limits.line_chars + 1):
                number += 1
                if len(line) > limits.line_chars:
                    raise Refused.because("line_too_long", row=number, text=line[:80])
                yield line.replace("\0", "")
        except UnicodeError:
            raise Refused.because(
                "encoding_error",
                row=_undecodable(path, codec) or number + 1,
                hint=f"The text is not {encoding}: choose another encoding.",
            ) from None


def _undecodable(path: Path, codec: str) -> int | None:
    """1-based line of the first byte that does not fit; None for codecs whose line ends are no single bytes."""
    with path.open("rb") as source:
        for number, line in enumerate(source, start=1):
            try:
                line.decode(codec)
            except UnicodeDecodeError:
                return number
    return None


def guess_delimiter(path: Path, encoding: str, stated: str | None, limits: Limits) -> Value:
    """The delimiter under which the rows below the first have one width, and the first row (under any delimiter) that width too."""
    if stated:
        if len(stated) != 1:
            raise Refused.because("option_invalid", text=stated, hint="A delimiter is one character.")
        return Value(value=stated, confidence=100, alternatives=DELIMITERS, stated=True)
    lines = []
    for line in _lines(path, encoding, limits):
        if line.strip():
            lines.append(line)
        if len(lines) >= SAMPLE_LINES:
            break
    if not lines:
        raise Refused.because("sheet_empty")
    first = {d: _widths(lines[:1], d)[0] for d in DELIMITERS}
    scores: list[tuple[float, str]] = []
    for delimiter in DELIMITERS:
        widths = _widths(lines[1:] or lines, delimiter)
        width, count = Counter(widths).most_common(1)[0]
        if width < 2:
            continue
        share = count / len(widths)
        matched = 1.0 if first[delimiter] == width else 0.9 if width in first.values() else 0.5
        scores.append((share * share * matched * min(width, 12), delimiter))
    if not scores:
        return Value(value=",", confidence=60, alternatives=DELIMITERS)
    scores.sort(key=lambda s: -s[0])
    sure = len(scores) == 1 or scores[0][0] > 1.5 * scores[1][0]
    return Value(value=scores[0][1], confidence=98 if sure else 85, alternatives=DELIMITERS)


def _widths(lines: Sequence[str], delimiter: str) -> list[int]:
    try:
        return [len(row) for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if row] or [
            0
        ]
    except csv.Error:
        return [0]


def read_text(path: Path, name: str, encoding: str, delimiter: str, limits: Limits) -> RawSheet:
    """All records of the file. A record is one row, whatever line breaks stand inside its quotes; blank lines count."""
    csv.field_size_limit(FIELD_CHARS)
    even = split_even(path, encoding, delimiter, limits)
    if even is None:
        rows = _records(_lines(path, encoding, limits), name, delimiter)
        return RawSheet(name=name, frame=build_frame(rows, name, limits))
    first, table, last = even
    head, tail = _records(iter(first), name, delimiter), _records(iter(last), name, delimiter, mend=False)
    return RawSheet(name=name, frame=build_frame(head, name, limits, table, tail))


def _records(
    lines: Iterator[str], name: str, delimiter: str, *, mend: bool = True
) -> Iterator[Sequence[str]]:
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t")
    row = 0
    head: list[list[str]] = []
    try:
        for record in reader:
            row += 1
            if mend and row <= HEAD_ROWS:
                head.append(record)
                continue
            if head:
                yield from _mend_head(head, delimiter, record)
                head = []
            yield record
    except csv.Error as fault:
        raise Refused.because("line_too_long", sheet=name, row=row + 1, text=str(fault)) from None
    yield from _mend_head(head, delimiter, None)


def _mend_head(head: list[list[str]], delimiter: str, after: list[str] | None) -> Iterator[list[str]]:
    """Split again the rows near the top that came under another delimiter than the rest (a header with commas over rows with `;`)."""
    width = Counter(
        len(record) for record in [*head, *([after] if after else [])] if len(record) > 1
    ).most_common(1)
    for record in head:
        if len(record) == 1 and width and re.search(r"[,;\t|^~]", record[0]):
            for other in DELIMITERS:
                parts = next(csv.reader([record[0]], delimiter=other, skipinitialspace=True), [])
                if other != delimiter and len(parts) == width[0][0]:
                    record = parts
                    break
        yield record
