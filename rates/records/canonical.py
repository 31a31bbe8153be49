"""Our own CSV of call records: a heading, then one row per attempt. The full list of columns is docs/call-records.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from rates.records.attempt import Attempt
from rates.records.unread import NotRecords, Unread, instant_us, length_ms
from rates.traffic import digits

COLUMNS: Final = (
    "call_id", "attempt", "leg", "trunk", "product", "ani", "dnis", "lrn", "setup", "ringing", "answer", "end", "seconds",
    "sip_code", "q850", "released_by", "amount", "currency",
)  # fmt: skip
NEEDED: Final = ("call_id", "dnis", "setup")


def is_canonical(first_line: str) -> bool:
    heads = {cell.strip().strip('"').casefold() for cell in first_line.replace(";", ",").split(",")}
    return set(NEEDED) <= heads


def read_canonical(text: str, source: str) -> Iterator[Attempt | Unread]:
    """`,` or `;` between cells; columns in any order, unknown ones are an error: a mistyped name must not be lost."""
    first = text.split("\n", 1)[0]
    rows = csv.reader(io.StringIO(text), delimiter=max(",;", key=first.count))
    heads = [cell.strip().casefold() for cell in next(rows)]
    strange = [head for head in heads if head not in COLUMNS]
    if strange or len(set(heads)) < len(heads):
        said = f"unknown: {', '.join(strange)[:80]}" if strange else "one stands twice"
        raise NotRecords(f"The heading's columns are not those of call records ({said}).")
    for line, cells in enumerate(rows, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(heads):
            yield Unread(line, "more cells than the heading has", ",".join(cells)[:200])
            continue
        said_of = {name: cells[at].strip() if at < len(cells) else "" for at, name in enumerate(heads)}
        yield _record(said_of, line, source)


def _record(said: Mapping[str, str], line: int, source: str) -> Attempt | Unread:
    text = ",".join(said.values())[:200]

    def instant(name: str) -> int | None:
        value = said.get(name, "")
        found = instant_us(value) if value else None
        if value and found is None:
            raise ValueError(f"“{value[:40]}” in {name} is no instant: 2026-11-21T10:00:00Z")
        return found

    def whole(name: str, default: int | None) -> int | None:
        value = said.get(name, "")
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= 9):
            raise ValueError(f"“{value[:40]}” in {name} is no whole number")
        return int(value)

    try:
        setup, answer, end = instant("setup"), instant("answer"), instant("end")
        if setup is None:
            raise ValueError("the setup instant is missing")
        seconds = said.get("seconds", "")
        talk = length_ms(seconds) if seconds else None
        if seconds and talk is None:
            raise ValueError(f"“{seconds[:40]}” in seconds is no duration")
        if talk is None:
            talk = 0 if answer is None else _between(answer, end)
        number = digits(said["dnis"])
        if number is None:
            raise ValueError(f"“{said['dnis'][:40]}” is no dialled number in international form")
        return Attempt(
            source=source, call_id=said["call_id"], setup_us=setup, dnis=number, ani=said.get("ani", ""),
            lrn=digits(said.get("lrn", "")) or "", leg=said.get("leg", "") or "b", attempt=whole("attempt", 1) or 0,
            trunk=said.get("trunk", ""), product=said.get("product", ""), ringing_us=instant("ringing"), answer_us=answer,
            end_us=end, duration_ms=talk, sip_code=whole("sip_code", 200 if answer else 0) or 0, q850=whole("q850", None),
            released_by=said.get("released_by", "").casefold(), amount_nanos=_nanos(said.get("amount", "")),
            currency=said.get("currency", "").upper(),
        )  # fmt: skip
    except ValueError as fault:
        return Unread(line, str(fault), text)


def _between(answer: int, end: int | None) -> int:
    """Whole milliseconds, rounded up: half a second of talk is talk."""
    if end is None:
        raise ValueError("an answered call needs its end or its seconds")
    return -(-(end - answer) // 1000)


def _nanos(text: str) -> int | None:
    if not text:
        return None
    try:
        value = Decimal(text).scaleb(9)
    except InvalidOperation:
        raise ValueError(f"“{text[:40]}” in amount is no number") from None
    if not value.is_finite() or value != value.to_integral_value() or not 0 <= value < 10**18:
        raise ValueError(f"“{text[:40]}” in amount is no amount of at most nine decimals")
    return int(value)
