"""Problems as values: what is wrong, where it stands, and how to mend it."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from rates.catalogue import CATALOGUE

Severity = Literal["error", "warning"]
TEXT_LIMIT: Final = 80

SCHEMA: Final = pa.schema(
    [
        ("sheet", pa.utf8()),
        ("row", pa.int32()),
        ("column", pa.utf8()),
        ("code", pa.utf8()),
        ("text", pa.utf8()),
        ("id", pa.utf8()),
        ("severity", pa.utf8()),
        ("hint", pa.utf8()),
    ]
)
"""`row` 1-based as the spreadsheet shows it, null for the whole file; `column` the header text (or letter), null for the row."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. `id` is stable (rates.catalogue); `text` is the offending cell, cut to 80 characters."""

    id: str
    severity: Severity
    hint: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    code: str | None = None
    text: str | None = None


class ProblemGroup(msgspec.Struct, frozen=True, kw_only=True):
    """All problems of one id and severity: for the grouped error page."""

    id: str
    severity: Severity
    title: str
    hint: str
    count: int
    repairs: tuple[str, ...]
    """Names for `DeckOptions.repairs`; empty = the file itself must be mended."""
    examples: tuple[Problem, ...]


def problem(
    id: str,
    *,
    severity: Severity | None = None,
    hint: str | None = None,
    sheet: str | None = None,
    row: int | None = None,
    column: str | None = None,
    code: str | None = None,
    text: str | None = None,
) -> Problem:
    """A problem with the catalogue's severity and hint unless told otherwise."""
    entry = CATALOGUE[id]
    return Problem(
        id=id,
        severity=severity or entry.severity,
        hint=hint or entry.hint,
        sheet=sheet,
        row=row,
        column=column,
        code=code,
        text=None if text is None else text[:TEXT_LIMIT],
    )


def to_table(problems: Iterable[Problem]) -> pa.Table:
    rows = [msgspec.structs.asdict(p) for p in problems]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def to_problems(table: pa.Table) -> list[Problem]:
    return [Problem(**row) for row in table.to_pylist()]


def group(table: pa.Table, examples: int = 10) -> list[ProblemGroup]:
    """Group by id and severity, errors first, then by count; each with its first examples in file order."""
    if not table.num_rows:
        return []
    counts = table.group_by(["id", "severity"]).aggregate([([], "count_all")]).to_pylist()
    groups = []
    for entry in sorted(counts, key=lambda c: (c["severity"] != "error", -c["count_all"], c["id"])):
        of = table.filter(
            (pc.field("id") == entry["id"]) & (pc.field("severity") == entry["severity"])
        ).slice(0, examples)
        shown = tuple(to_problems(of))
        known = CATALOGUE[entry["id"]]
        groups.append(
            ProblemGroup(
                id=entry["id"],
                severity=entry["severity"],
                title=known.title,
                hint=shown[0].hint,
                count=entry["count_all"],
                repairs=known.repairs,
                examples=shown,
            )
        )
    return groups


def concat(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables([SCHEMA.empty_table(), *tables]).combine_chunks()
