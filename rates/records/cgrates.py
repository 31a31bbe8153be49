"""CSV exports of CGRateS: `…,destination,setup,answer,10s,cost,…` or `id;type;tenant;account;destination;answer;seconds;…`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from rates.records.attempt import Attempt
from rates.records.unread import Unread, instant_us, length_ms
from rates.traffic import digits


def read_cgrates(text: str, source: str) -> Iterator[Attempt | Unread]:
    """The columns are found by the instants in them; `#` lines are comments."""
    mark = max(",;", key=text.split("\n", 1)[0].count)
    for line, cells in enumerate(csv.reader(io.StringIO(text), delimiter=mark), 1):
        if cells and not cells[0].startswith("#"):
            yield _record(cells, line, source)


def _record(cells: list[str], line: int, source: str) -> Attempt | Unread:
    said = mark_out(cells)
    at = next((place for place, cell in enumerate(cells) if instant_us(cell) is not None), None)
    if at is None or at == 0:
        return Unread(line, "no instant", said)
    last = at + 1 if at + 1 < len(cells) and instant_us(cells[at + 1]) is not None else at
    number, setup, answered = digits(cells[at - 1]), instant_us(cells[at]), instant_us(cells[last])
    talk = length_ms(cells[last + 1]) if last + 1 < len(cells) else None
    # A number with a national 0 in front cannot be told from a code: it would need the trunk's country.
    if number is None or cells[at - 1].startswith("0"):
        return Unread(line, "the dialled number is not in international form", said)
    if setup is None or answered is None or talk is None:
        return Unread(line, "no duration", said)
    return Attempt(
        source=source, call_id=cells[0], setup_us=setup, dnis=number, ani=cells[at - 2] if at >= 2 else "",
        answer_us=answered, end_us=answered + talk * 1000, duration_ms=talk, sip_code=200,
    )  # fmt: skip


def mark_out(cells: list[str]) -> str:
    return ",".join(cells)[:200]
