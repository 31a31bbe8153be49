"""Raw cells of one sheet, and the refusal that ends a check early."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pandas as pd
import pyarrow as pa

from rates.options import Limits
from rates.problems import Problem, problem

CHUNK_ROWS = 20_000


class Refused(Exception):
    """The file cannot be judged any further; carries the problems to show."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].id)
        self.problems = problems

    @classmethod
    def because(cls, id: str, **where: Any) -> "Refused":
        return cls(problem(id, **where))


@dataclass(frozen=True)
class RawSheet:
    """`frame`: index = 1-based row, columns = 0-based column, every cell a str ("" = empty). date_1904: serial dates of this
    workbook count from 1904. formulas: cells that hold a formula without a stored value, such as `E5`."""

    name: str
    frame: pd.DataFrame
    date_1904: bool = False
    formulas: tuple[str, ...] = ()
    notes: tuple[Problem, ...] = field(default=())

    @property
    def rows(self) -> int:
        return len(self.frame)


def letter(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA: the column's name in a spreadsheet."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def plain_texts(cells: Sequence[Any]) -> pa.Array:
    return pa.array(cells, pa.utf8())


def build_frame(
    rows: Iterable[Sequence[Any]],
    sheet: str,
    limits: Limits,
    middle: pa.Table | None = None,
    tail: Iterable[Sequence[Any]] = (),
    texts: Callable[[Sequence[Any]], pa.Array] = plain_texts,
) -> pd.DataFrame:
    """Collect rows (any width) into a frame of strings, chunk by chunk, so that memory stays near the size of the text.
    `middle`: a table of texts, columns "0", "1", …, that comes after `rows`; then `tail`. `texts`: cells of a column as text."""
    chunks: list[pa.Table] = []
    total = width = 0
    before, after = ((_chunk(part, texts) for part in _parts(cells)) for cells in (rows, tail))
    for chunk in chain(before, (middle,) if middle else (), after):
        total += chunk.num_rows
        width = max(width, chunk.num_columns)
        if total > limits.rows:
            raise Refused.because(
                "file_too_big",
                sheet=sheet,
                row=limits.rows,
                hint=f"A sheet may have {limits.rows:,} rows: split the deck.",
            )
        if width > limits.columns:
            raise Refused.because(
                "file_too_big",
                sheet=sheet,
                hint=f"A sheet may have {limits.columns} columns: remove the empty ones.",
            )
        if total * width > limits.cells:
            raise Refused.because("file_too_big", sheet=sheet)
        chunks.append(chunk)
    if not chunks:
        return pd.DataFrame(index=pd.RangeIndex(1, 1))
    names = [str(i) for i in range(width)]
    # Large texts are what pandas holds: a table of them is taken as it is.
    schema = pa.schema([(name, pa.large_utf8()) for name in names])
    padded = [_widen(chunk, names).cast(schema) for chunk in chunks]
    table = pa.concat_tables(padded)
    frame: pd.DataFrame = table.to_pandas()
    frame.columns = pd.RangeIndex(width)
    frame.index = pd.RangeIndex(1, total + 1)
    return frame


def _parts(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    part: list[Sequence[Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == CHUNK_ROWS:
            yield part
            part = []
    if part:
        yield part


def _chunk(part: list[Sequence[Any]], texts: Callable[[Sequence[Any]], pa.Array]) -> pa.Table:
    width = max(map(len, part))
    if any(len(row) != width for row in part):
        part = [row if len(row) == width else [*row, *([""] * (width - len(row)))] for row in part]
    if not width:
        return pa.table({"0": pa.array([""] * len(part), pa.utf8())})
    return pa.table({str(i): texts(column) for i, column in enumerate(zip(*part, strict=True))})


def _widen(chunk: pa.Table, names: list[str]) -> pa.Table:
    for name in names[chunk.num_columns :]:
        chunk = chunk.append_column(name, pa.array([""] * chunk.num_rows, pa.utf8()))
    return chunk
