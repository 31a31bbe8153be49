"""Kamailio's acc rows and OpenSIPS' flatstore: INVITE and BYE paired by dialog; missed calls have no BYE.

Their instants are whole seconds and say when the final answer came, so set-up and answer are one, and no ringing is known."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rates.records.attempt import Attempt
from rates.records.unread import SECOND_US, Unread, instant_us
from rates.traffic import digits


@dataclass(frozen=True)
class _Line:
    number: int
    method: str
    dialog: tuple[str, str]
    code: str
    at_us: int | None
    caller: str
    called: str


def read_kamailio(text: str, source: str) -> Iterator[Attempt | Unread]:
    """Columns: id, method, from tag, to tag, call id, code, reason, time, source user …, destination user."""
    rows = enumerate(csv.reader(io.StringIO(text)), 1)
    found = (
        _Line(number, c[1], (c[4], c[2]), c[5], instant_us(c[7]), c[8], c[14])
        for number, c in rows
        if len(c) >= 15 and c[1] in ("INVITE", "BYE")
    )
    yield from _paired(found, source)


def read_opensips(text: str, source: str) -> Iterator[Attempt | Unread]:
    """Columns: method, from tag, to tag, call id, code, reason, epoch, …, source user, destination user."""
    lines: list[_Line] = []
    for number, line in enumerate(text.splitlines(), 1):
        c = line.split("|")
        if len(c) < 10 or not c[6].isdigit():
            if line.strip():
                yield Unread(number, "fewer than ten cells, or no instant", line[:200])
            continue
        lines.append(_Line(number, c[0], (c[3], c[1]), c[4], int(c[6]) * SECOND_US, c[8], c[9]))
    yield from _paired(lines, source)


def _paired(lines: Iterable[_Line], source: str) -> Iterator[Attempt | Unread]:
    begun: dict[tuple[str, str], _Line] = {}
    for line in lines:
        if line.at_us is None:
            yield Unread(line.number, "no instant")
        elif line.method == "INVITE" and line.code.startswith("2"):
            begun[line.dialog] = line
        elif line.method == "INVITE":
            yield _missed(line, line.at_us, source)
        elif line.dialog in begun:
            yield _answered(begun.pop(line.dialog), line.at_us, source)
        else:
            yield Unread(line.number, "a BYE without its INVITE")
    for line in begun.values():
        yield Unread(line.number, "answered, but no BYE: the call lasts, or its end is in another file")


def _missed(line: _Line, at_us: int, source: str) -> Attempt | Unread:
    number = digits(line.called)
    if number is None or not line.code.isdigit():
        return Unread(line.number, "no dialled number or no final code", line.called[:200])
    return Attempt(
        source=source, call_id=line.dialog[0], setup_us=at_us, dnis=number, ani=line.caller, end_us=at_us,
        sip_code=int(line.code),
    )  # fmt: skip


def _answered(line: _Line, end_us: int, source: str) -> Attempt | Unread:
    number, start = digits(line.called), line.at_us
    if number is None or start is None:
        return Unread(line.number, "no dialled number", line.called[:200])
    if end_us < start:
        return Unread(line.number, "the call ends before it begins")
    return Attempt(
        source=source, call_id=line.dialog[0], setup_us=start, dnis=number, ani=line.caller, answer_us=start, end_us=end_us,
        duration_ms=(end_us - start) // 1000, sip_code=200,
    )  # fmt: skip
