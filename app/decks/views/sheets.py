"""Several sheets in the wizard: what each holds, and what each of their columns means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from rates import fields
from rates.deckcheck import CheckReport, Column, TableGuess
from rates.options import DeckOptions, TableOptions

KIND_NAMES = {
    "rates": "Rates", "codes": "Dial codes of destinations", "origins": "Origin groups (A-prefixes)",
    "surcharges": "Surcharges by origin", "blocks": "NPA-NXX blocks", "ignore": "Leave out",
}  # fmt: skip


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
    tables = _tables(report)
    if not any(f"kind-{n}" in sent for n in range(len(tables))):
        return options
    kept: dict[str, TableOptions] = {}
    for n, table in enumerate(tables):
        kind = sent.get(f"kind-{n}", table.kind.value or "ignore")
        if kind not in KIND_NAMES:
            continue
        before = options.tables.get(table.name, TableOptions())
        origin = sent.get(f"origin-{n}", table.origin.value or "").strip()
        same = kind == table.kind.value
        kept[table.name] = msgspec.structs.replace(
            before, kind=cast(Any, kind), origin=origin, mapping=before.mapping if same else None
        )
    return msgspec.structs.replace(
        options, tables=kept, sheets=(), mapping=None if kept != options.tables else options.mapping
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
