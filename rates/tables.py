"""The sheets of a file: what each holds, judged by its content, to be confirmed by a person; each with a mapping of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rates.deckcheck import Column, PreviewRow, TableGuess, Value
from rates.fields import FREE, ORIGIN_RATE, is_rate
from rates.options import DeckOptions, TableOptions
from rates.read.columns import find_header, map_columns
from rates.read.headers import INVALID, REST, full_words
from rates.read.raw import RawSheet, Refused
from rates.read.source import Source

MOST_SHEETS = 40
KINDS = ("rates", "codes", "closures", "origins", "surcharges", "blocks", "ignore")
_CHANGES = re.compile(
    r"chang|amend|updat|\bnew rates?\b|increase|decrease|anderung|neuerung|modif|cambi|variazion|alterac|delta"
)
_CLOSES = re.compile(
    r"\b(clos|delet|remov|discontinu|withdraw|terminated|losch|geloscht|schliess|geschlossen|entfall|suppr|ferm|retir|cierr|cerrad|elimin"
    r"|bajas?\b|chius|cess|soppress|fechad|removid|encerrad)"
)
_ORIGINS = re.compile(
    r"\b(origins?|originations?|a numbers?|a codes?|ani|cli|groups?|ursprung|herkunft|origine|origen|origem)\b"
)
_CODES = ("code", "named_code", "country_code", "area_code", "npanxx", "npa")


@dataclass(frozen=True)
class Table:
    """One sheet with what it holds. `mapping`: column → field, without those that are not read. origin: group whose callers the
    prices are for, "" = everybody."""

    sheet: RawSheet
    kind: Value
    origin: Value
    header_row: int
    header_sure: int
    header_stated: bool
    last_row: int
    last_stated: bool
    columns: tuple[Column, ...]
    mapping_stated: bool

    @property
    def name(self) -> str:
        return self.sheet.name

    @property
    def mapping(self) -> dict[int, str]:
        return {
            column.index: column.field for column in self.columns if column.field and column.field not in FREE
        }

    @property
    def headers(self) -> dict[int, str]:
        return {column.index: column.header for column in self.columns}

    @property
    def fields(self) -> set[str]:
        return set(self.mapping.values())

    @property
    def has_codes(self) -> bool:
        fields = self.fields
        return (
            bool(fields & {"code", "npanxx", "named_code"})
            or {"country_code", "area_code"} <= fields
            or {"npa", "nxx"} <= fields
        )

    @property
    def has_rates(self) -> bool:
        return any(
            is_rate(name) and name not in ("first_rate", "rate_offpeak", "rate_weekend")
            for name in self.fields
        )

    def guessed(self, preview_rows: int) -> TableGuess:
        rows = self.sheet.frame.head(preview_rows).itertuples(name=None)
        return TableGuess(
            name=self.name,
            kind=self.kind,
            origin=self.origin,
            header_row=Value(
                value=str(self.header_row), confidence=self.header_sure, stated=self.header_stated
            ),
            rows=self.sheet.rows,
            columns=self.columns,
            preview=tuple(
                PreviewRow(row=int(row[0]), cells=tuple(str(cell)[:200] for cell in row[1:])) for row in rows
            ),
        )


@dataclass(frozen=True)
class Tables:
    """rates: main one first; all: every sheet looked at, in the order of the file; unsure: a person must confirm the kinds."""

    rates: tuple[Table, ...]
    all: tuple[Table, ...]
    unsure: bool

    def of(self, kind: str) -> tuple[Table, ...]:
        return tuple(table for table in self.all if table.kind.value == kind)

    @property
    def sheets(self) -> list[RawSheet]:
        """Sheets that are read, the main one first."""
        others = [t.sheet for t in self.all if t.kind.value not in ("ignore", "rates")]
        return [*(table.sheet for table in self.rates), *others]


def plan_tables(source: Source, options: DeckOptions) -> Tables:
    """Reads the sheets that are used (all, while nobody said which). Raises Refused."""
    names = list(source.sheets)
    stated = {name: table for name, table in options.tables.items() if table.kind != "ignore"}
    wanted = list(stated) or list(options.sheets)
    if missing := [name for name in wanted if name not in source.sheets]:
        raise Refused.because("sheet_missing", text=missing[0], hint="The file has: " + ", ".join(names[:20]))
    if wanted:
        said = [
            _stated(source.sheets[name](), stated.get(name, TableOptions()), options, number)
            for number, name in enumerate(wanted)
        ]
        return _with_origins(tuple(said), unsure=False)
    if len(names) == 1:
        return Tables(
            (table := _table(source.sheets[names[0]](), options, TableOptions(), first=True),),
            (table,),
            False,
        )
    found = [
        _judged(_table(source.sheets[name](), options, TableOptions(), first=True))
        for name in names[:MOST_SHEETS]
    ]
    return _chosen([table for table in found if table is not None])


def _stated(sheet: RawSheet, said: TableOptions, options: DeckOptions, number: int) -> Table:
    table = _table(sheet, options, said, first=number == 0)
    origin = (
        Value(value=said.origin, confidence=100, stated=True)
        if said.origin is not None
        else Value(value="", confidence=90)
    )
    return replace(
        table, kind=Value(value=said.kind, confidence=100, alternatives=KINDS, stated=True), origin=origin
    )


def _table(sheet: RawSheet, options: DeckOptions, said: TableOptions, *, first: bool) -> Table:
    """`first`: what the options say without naming a sheet holds for it; other sheets find their own header."""
    frame = sheet.frame
    whole = said.kind == "rates"
    header = said.header_row
    if header is None and first and whole:
        header = options.header_row
    header_row, sure = (header, 100) if header is not None else find_header(frame) if len(frame) else (0, 0)
    if header is None and not first and whole and header_row == 0:
        header_row = options.header_row or 0
    last = said.last_row or (options.last_row if first and whole else None)
    mapping = said.mapping
    if mapping is None and whole and said.headers is None:
        mapping = options.mapping
    if len(frame) and not (
        0 <= header_row <= len(frame) and header_row <= (last or len(frame)) <= len(frame)
    ):
        raise Refused.because(
            "option_invalid",
            sheet=sheet.name,
            text=f"header {header_row}, last {last or len(frame)}",
            hint=f"The sheet has rows 1 to {len(frame)}.",
        )
    if (
        mapping
        and whole
        and (beyond := [index for index in mapping if index >= frame.shape[1]])
        and not first
    ):
        raise Refused.because(
            "column_unknown",
            sheet=sheet.name,
            text=f"column {beyond[0] + 1}",
            hint="This sheet has other columns: give it a mapping of its own.",
        )
    columns = map_columns(frame, header_row, mapping, said.headers or options.headers) if frame.size else ()
    return Table(
        sheet,
        Value(value="rates", confidence=100, alternatives=KINDS),
        Value(value="", confidence=90),
        header_row,
        sure,
        header is not None,
        last or len(frame),
        last is not None,
        columns,
        mapping is not None,
    )


def _judged(table: Table) -> Table | None:
    """Kind by content; None for a sheet without cells."""
    if not table.sheet.rows or not table.columns:
        return None
    kind, confidence = _kind(table)
    return replace(table, kind=Value(value=kind, confidence=confidence, alternatives=KINDS))


def _kind(table: Table) -> tuple[str, int]:
    fields, name = table.fields, full_words(table.name)
    coded = table.has_codes
    if table.header_row == 0 and not (coded and table.has_rates):
        return ("origins", 75) if _ORIGINS.search(name) and _is_wide(table) else ("ignore", 80)
    if "origin" in fields and (
        "surcharge" in fields or (table.has_rates and not coded and "destination" not in fields)
    ):
        return "surcharges", 90
    if table.has_rates and (coded or "destination" in fields or fields & {"ocn", "lata"}):
        return "rates", 95
    if fields & {"ocn", "lata"} and coded:
        return "blocks", 90
    listed = "origin" in fields and (coded or fields & {"country", "destination"})
    if not table.has_rates and (listed or (coded and _ORIGINS.search(name))):
        return "origins", 90
    if _ORIGINS.search(name) and _is_wide(table):
        return "origins", 80
    if not table.has_rates and coded and _CLOSES.search(name):
        return "closures", 85
    if not table.has_rates and coded and "destination" in fields:
        return "codes", 90
    return "ignore", 85


def _is_wide(table: Table) -> bool:
    """Columns named after groups, with codes below."""
    from rates.read.looks import CODE, share

    filled = [column for column in table.columns if column.samples]
    return len(filled) >= 2 and all(share(column.samples, CODE) > 0.8 for column in filled)


def _chosen(found: list[Table]) -> Tables:
    """Which of the sheets make the deck: all of their kind, except lists of changes and copies."""
    if not found:
        raise Refused.because("sheet_empty")
    rates = [table for table in found if table.kind.value == "rates"]
    if not rates:
        largest = max(found, key=lambda t: (t.sheet.frame.shape[1] > 1, t.sheet.rows))
        chosen = replace(largest, kind=Value(value="rates", confidence=60, alternatives=KINDS))
        return Tables((chosen,), tuple(chosen if t is largest else t for t in found), False)
    largest = max(rates, key=lambda t: t.sheet.rows)
    changed = {
        id(table): Value(value="ignore", confidence=80, alternatives=KINDS)
        for table in rates
        if table is not largest
        and _CHANGES.search(full_words(table.name))
        and not _CHANGES.search(full_words(largest.name))
    }
    needs_codes = not all(table.has_codes for table in rates)
    for table in found:
        if table.kind.value in ("codes", "blocks") and not needs_codes:
            changed[id(table)] = Value(value="ignore", confidence=80, alternatives=KINDS)
    found = [replace(table, kind=changed[id(table)]) if id(table) in changed else table for table in found]
    used = sum(table.kind.value != "ignore" for table in found)
    return _with_origins(tuple(found), unsure=used > 1)


def _with_origins(found: tuple[Table, ...], *, unsure: bool) -> Tables:
    """Sheets of prices for the same codes are lists for different callers: each takes the group it is named after."""
    rates = [table for table in found if table.kind.value == "rates"]
    grouped = any(t.kind.value in ("origins", "surcharges") for t in found)
    if len(rates) > 1 and not any(table.origin.stated for table in rates):
        layered = _share_codes(rates)
        settled = {}
        for table in rates:
            name = table.name.rsplit("/", 1)[-1].removesuffix(".csv").strip()
            words = full_words(name)
            base = (
                bool(REST.search(words))
                or not (layered or (grouped and INVALID.search(words)))
                or _is_base(words)
            )
            settled[id(table)] = Value(
                value="" if base and not INVALID.search(words) else name,
                confidence=80,
                alternatives=("", name),
            )
        if layered:
            found = tuple(replace(t, origin=settled[id(t)]) if id(t) in settled else t for t in found)
    rates = sorted(
        (table for table in found if table.kind.value == "rates"),
        key=lambda t: (bool(t.origin.value), 0 if t.kind.stated else -t.sheet.rows),
    )
    return Tables(tuple(rates), found, unsure)


def _is_base(words: str) -> bool:
    return bool(
        re.search(
            r"\b(a z|az|rates?|all|base|price ?list|standard|default|world ?wide|any|deck|full)\b", words
        )
    )


def _share_codes(rates: Sequence[Table]) -> bool:
    """Whether most codes of a sheet stand in another one too."""
    sets = [_first_codes(table) for table in rates]
    for number, mine in enumerate(sets):
        others = set().union(*(codes for place, codes in enumerate(sets) if place != number))
        if mine and len(mine & others) > 0.5 * len(mine):
            return True
    return False


def _first_codes(table: Table) -> set[str]:
    at = [index for index, name in table.mapping.items() if name in _CODES]
    if not at:
        at = [index for index, name in table.mapping.items() if name == "destination"]
    body = table.sheet.frame.iloc[table.header_row : table.header_row + 3000]
    return {" ".join(row) for row in body[at].itertuples(index=False, name=None) if any(row)}


__all__ = ["ORIGIN_RATE", "Table", "Tables", "plan_tables"]
