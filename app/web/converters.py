"""Row numbers in addresses."""

from __future__ import annotations

from werkzeug.routing import IntegerConverter

LARGEST_ID = 2**31 - 1
NO_ROW = 0


def row_number(text: str) -> int:
    """The number in an address or a query; NO_ROW where the column could not hold it. Raises ValueError where it is none."""
    digits = text.strip().lstrip("0") or "0"
    found = int(digits) if len(digits) <= len(str(LARGEST_ID)) else NO_ROW
    return found if 0 < found <= LARGEST_ID else NO_ROW


class RowId(IntegerConverter):
    """`<int:…>`: a number beyond what the database's column holds is no row's, and is not found like any other.

    Not refused here: where two rules share an address the matcher would answer 405 of the other one's methods."""

    def to_python(self, value: str) -> int:
        return row_number(value)
