"""Row numbers in addresses."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import IntegerConverter, Map

LARGEST_ID = 2**31 - 1


class RowId(IntegerConverter):
    """`<int:…>`: no row has a number beyond what the database's column holds, so such an address is not found."""

    def __init__(self, map: Map, **settings: Any) -> None:
        super().__init__(map, **{"max": LARGEST_ID, **settings})
