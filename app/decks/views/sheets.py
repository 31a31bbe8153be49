"""Several sheets in the wizard: what each holds, and what each of their columns means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from rates import fields
from rates.deckcheck import CheckReport, Column, TableGuess, Value
from rates.options import DeckOptions, TableOptions

KIND_NAMES = {
    "rates": "Rates", "codes": "Dial codes of destinations", "origins": "Origin groups (A-prefixes)",
    "closures": "Codes that close", "surcharges": "Surcharges by origin", "blocks": "NPA-NXX blocks", "ignore": "Leave out",
}  # fmt: skip


@dataclass(frozen=True)
class SheetRow:
    """One sheet of several in step 2; a sheet that is left out shows too, so that it can be brought back."""

    name: str
    rows: int | None
    kind: Value
    origin: str


LEFT_OUT = Value(value="ignore", confidence=100, stated=True)


def sheet_rows(report: CheckReport | None) -> list[SheetRow]:
    """Sheets in the order of the file; [] for a file with one."""
    guess = report.guess if report else None
    if guess is None or len(guess.sheets) < 2:
        return []
    known = {table.name: table for table in guess.tables}
    only = guess.sheet.value if not known else None
    found = []
    for name in guess.sheets:
        table = known.get(name)
        if table is not None:
            found.append(SheetRow(name, table.rows, table.kind, table.origin.value or ""))
        else:
            kind = Value(value="rates", confidence=100, stated=True) if name == only else LEFT_OUT
            found.append(SheetRow(name, None, kind, ""))
    return found


@dataclass(frozen=True)
class MappedTable:
    """A table of the columns step. `place`: part of its fields' names; "" for a file with one sheet."""

    place: str
    name: str
    kind: str
    columns: tuple[Column, ...]


def mapped_tables(report: CheckReport | None) -> list[MappedTable]:
    """The tables whose columns a person maps: every sheet that is read, or the only one."""
    guess = report.guess if report else None
    if guess is None:
        return []
    used = [(n, table) for n, table in enumerate(guess.tables) if table.kind.value not in (None, "ignore")]
    if not used:
        return [MappedTable("", guess.sheet.value or "", "", guess.columns)]
    return [
        MappedTable(f"t{n}-", table.name, KIND_NAMES.get(table.kind.value or "", ""), table.columns)
        for n, table in used
    ]


def with_kinds(options: DeckOptions, report: CheckReport | None, sent: Mapping[str, str]) -> DeckOptions:
    """`options` with the kinds of sheets chosen in the form; unchanged where the form does not ask for them."""
    rows = sheet_rows(report)
    if not any(f"kind-{n}" in sent for n in range(len(rows))):
        return options
    kept: dict[str, TableOptions] = {}
    changed = False
    for n, row in enumerate(rows):
        kind = sent.get(f"kind-{n}", row.kind.value or "ignore")
        if kind not in KIND_NAMES:
            continue
        before = options.tables.get(row.name, TableOptions())
        origin = sent.get(f"origin-{n}", row.origin).strip() if kind == "rates" else ""
        same = kind == row.kind.value
        changed |= not same or origin != row.origin
        mapping = before.mapping if same else None
        kept[row.name] = msgspec.structs.replace(before, kind=cast(Any, kind), origin=origin, mapping=mapping)
    if not changed and not options.tables and "sheets" not in sent:
        return options  # another chip was changed; nobody has said anything about the sheets
    return msgspec.structs.replace(
        options, tables=kept, sheets=(), mapping=None if changed else options.mapping
    )


def with_mapping(options: DeckOptions, report: CheckReport | None, sent: Mapping[str, str]) -> DeckOptions:
    """`options` with the fields chosen above the columns (`field-<index>`, with several sheets `t<n>-field-<index>`)."""
    tables = _tables(report)
    if not any(name.startswith("t") and "-field-" in name for name in sent):
        return msgspec.structs.replace(options, mapping=_chosen(sent, "field-"))
    kept = {}
    for n, table in enumerate(tables):
        before = options.tables.get(table.name) or _as_guessed(table)
        chosen = _chosen(sent, f"t{n}-field-")
        kept[table.name] = msgspec.structs.replace(before, mapping=chosen, headers=None) if chosen else before
    return msgspec.structs.replace(options, tables=kept, sheets=(), mapping=None)


def _tables(report: CheckReport | None) -> tuple[TableGuess, ...]:
    return report.guess.tables if report and report.guess else ()


def _as_guessed(table: TableGuess) -> TableOptions:
    return TableOptions(kind=cast(Any, table.kind.value or "ignore"), origin=table.origin.value or "")


def _chosen(sent: Mapping[str, str], prefix: str) -> dict[int, str]:
    return {
        int(name.removeprefix(prefix)): value
        for name, value in sent.items()
        if name.startswith(prefix) and name.removeprefix(prefix).isdigit() and fields.is_field(value)
    }
