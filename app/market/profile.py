"""A traffic profile as a buyer keeps it: dial code, minutes a month, and if known what a minute costs now and a name."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from app.errors import Invalid

LINES_MAX = 20_000
MINUTES_MAX = 10**12
HINT = "One a line: code, minutes, rate paid now, name. The last two may be left out: 4420,120000,0.0031,UK London."


@dataclass(frozen=True)
class ProfileLine:
    """`row`: line of the file, from 1. `paid_nanos`: of the base currency a minute, None when not told."""

    row: int
    code: str
    minutes: int
    paid_nanos: int | None
    name: str


def read_profile(text: str) -> list[ProfileLine]:
    """Comma, semicolon or tab between the fields; a first line of headings is passed over. Raises Invalid with the line."""
    rows = text.lstrip("\ufeff").splitlines()
    mark = next((one for one in ("\t", ";", ",") if any(one in row for row in rows[:20])), None)
    found: list[ProfileLine] = []
    for number, row in enumerate(rows, 1):
        if not row.strip():
            continue
        fields = next(csv.reader([row], delimiter=mark)) if mark else row.split(maxsplit=3)
        fields = [field.strip() for field in fields]
        if not found and not any(sign.isdigit() for sign in "".join(fields[:2])):
            continue
        found.append(_line(number, fields))
        if len(found) > LINES_MAX:
            raise Invalid(f"At most {LINES_MAX:,} destinations at once.", hint="Split the file.")
    if not found:
        raise Invalid("The profile names no destination.", hint=HINT)
    return found


def _line(number: int, fields: Sequence[str]) -> ProfileLine:
    code = fields[0].lstrip("+").replace(" ", "")
    if not (code.isascii() and code.isdigit() and len(code) <= 15):
        raise Invalid(f"Line {number}: {fields[0][:40]!r} is not a dial code.", hint=HINT)
    if len(fields) < 2:
        raise Invalid(f"Line {number}: how many minutes?", hint=HINT)
    minutes = _number(fields[1], number, "minutes")
    if minutes != minutes.to_integral_value() or not 0 <= minutes <= MINUTES_MAX:
        raise Invalid(f"Line {number}: {fields[1][:40]!r} is no whole number of minutes.", hint=HINT)
    paid = None
    if len(fields) > 2 and fields[2]:
        rate = _number(fields[2], number, "rate")
        if not 0 <= rate <= 1000 or rate != rate.quantize(Decimal("1e-9")):
            raise Invalid(f"Line {number}: {fields[2][:40]!r} is not a rate a minute.", hint=HINT)
        paid = int(rate.scaleb(9))
    return ProfileLine(number, code, int(minutes), paid, " ".join(fields[3:])[:120])


def _number(text: str, number: int, what: str) -> Decimal:
    try:
        value = Decimal(text.replace(" ", "").replace("'", ""))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise Invalid(f"Line {number}: {text[:40]!r} is not a number ({what}).", hint=HINT)
    return value
