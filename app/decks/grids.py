"""Pages of the Arrow files behind a deck: filter, search, sort and slice on the server, without pandas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from app.config import Settings
from app.errors import Invalid
from rates.store import Store

PAGE = 50
MAX_PAGE = 500


@dataclass(frozen=True)
class Page:
    """`rows` of this page; `total` rows pass the filter; pages count from 1."""

    rows: list[dict[str, Any]]
    page: int
    pages: int
    total: int


def open_table(settings: Settings, key: str | None, empty: pa.Schema) -> pa.Table:
    """The stored table, or an empty one where the check made none."""
    return empty.empty_table() if key is None else Store(str(settings.store_dir)).open(key)


def paged(table: pa.Table, page: int, size: int = PAGE) -> Page:
    """Page `page` of the table; a number beyond the end gives the last page. Raises Invalid for a silly size."""
    if not 1 <= size <= MAX_PAGE:
        raise Invalid(f"A page has 1 to {MAX_PAGE} rows, not {size}.", hint="Lower page_size.")
    pages = max(1, -(-table.num_rows // size))
    page = min(max(1, page), pages)
    return Page(table.slice((page - 1) * size, size).to_pylist(), page, pages, table.num_rows)


def filter_problems(table: pa.Table, *, problem_id: str = "", severity: str = "") -> pa.Table:
    """Problems of one id and/or severity, in file order."""
    if problem_id:
        table = table.filter(pc.equal(table["id"], problem_id))
    if severity:
        table = table.filter(pc.equal(table["severity"], severity))
    return table


SORTS = {
    "code": [("code", "ascending")],
    "-change": [("pct_ppm", "descending"), ("code", "ascending")],
    "change": [("pct_ppm", "ascending"), ("code", "ascending")],
    "destination": [("destination", "ascending"), ("code", "ascending")],
    "effective": [("effective_from", "ascending"), ("code", "ascending")],
    "outliers": [("size", "descending"), ("code", "ascending")],
}


def filter_diff(table: pa.Table, *, label: str = "", q: str = "", sort: str = "code") -> pa.Table:
    """Rows of one label whose code starts with, or destination contains, `q`.

    Digits search codes, anything else destinations without regard to case. Raises Invalid for an unknown sort.
    """
    if sort not in SORTS:
        raise Invalid(f"Cannot sort by {sort}.", hint=f"Use one of {', '.join(SORTS)}.")
    if "destination_new" in table.column_names:
        table = table.append_column(
            "destination", pc.coalesce(table["destination_new"], table["destination_old"])
        )
    if label:
        chosen = pc.equal(table["label"], label)
        if "name_label" in table.column_names:
            chosen = pc.or_kleene(chosen, pc.fill_null(pc.equal(table["name_label"], label), False))
        table = table.filter(chosen)
    q = q.strip()
    if q:
        digits = q.lstrip("+")
        if digits.isdigit():
            table = table.filter(pc.starts_with(table["code"], digits))
        else:
            names = pc.utf8_lower(pc.fill_null(table["destination"], ""))
            table = table.filter(pc.match_substring(names, q.lower()))
    if sort == "outliers":
        table = table.append_column("size", pc.abs(pc.fill_null(table["pct_ppm"], 0)))
    return table.sort_by(SORTS[sort])
