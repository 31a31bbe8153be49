"""What a person still has to answer about the columns of a file before its rows can be judged."""

from collections.abc import Iterator, Mapping, Sequence

from rates.deckcheck import Column
from rates.fields import FIELDS, FREE, MANY, is_field, label_of
from rates.options import CheckRequest
from rates.problems import Problem, problem
from rates.read.headers import ASK, TAKE, is_tier
from rates.synonyms import EXACT, words_of
from rates.tables import Table, Tables


def column_questions(tables: Tables, request: CheckRequest) -> Iterator[Problem]:
    """Of every table that is read; those of a sheet that only helps are few."""
    options = request.options
    if tables.unsure:
        kinds = ", ".join(f"{t.name}: {_kind_words(t)}" for t in tables.all if t.kind.value != "ignore")
        yield problem("sheets_unsure", text=kinds)
    for table in tables.rates:
        if table.header_sure < ASK and not table.header_stated and not table.mapping_stated:
            yield problem("header_not_found", sheet=table.name)
        stated = table.mapping if table.mapping_stated else None
        if options.mapping is not None and table is tables.rates[0]:
            stated = options.mapping
        yield from _stated_questions(table, stated)
        yield from _missing(table, tables, request)
        yield from _unsure(table)
    for table in tables.all:
        if table.kind.value in _NEEDS:
            yield from _helper_questions(table)


def _kind_words(table: Table) -> str:
    return f"{table.kind.value} for {table.origin.value}" if table.origin.value else str(table.kind.value)


def _stated_questions(table: Table, stated: Mapping[int, str] | None) -> Iterator[Problem]:
    for index, name in (stated or {}).items():
        if not 0 <= index < len(table.columns):
            yield problem("column_unknown", sheet=table.name, text=f"column {index + 1}: {name}")
        elif not is_field(name):
            yield problem(
                "column_unknown", sheet=table.name, text=name, hint="Fields are: " + ", ".join(FIELDS)
            )
    fields = list(table.mapping.values())
    for name in dict.fromkeys(fields):
        if fields.count(name) > 1 and name not in MANY:
            twice = ", ".join(c.header or c.letter for c in table.columns if c.field == name)
            yield problem("column_ambiguous", sheet=table.name, column=name, text=twice)
    if stated is None:
        yield from _same_heading(table)


def _same_heading(table: Table) -> Iterator[Problem]:
    """Two columns under one heading that matters, with different cells: which of them counts cannot be guessed."""
    by_name: dict[str, list[Column]] = {}
    for column in table.columns:
        field = EXACT.get(words_of(column.header)) if column.header and not column.stated else None
        if field and field not in (*FREE, "change", "destination", "country"):
            by_name.setdefault(words_of(column.header), []).append(column)
    frame = table.sheet.frame.iloc[table.header_row : table.last_row]
    for columns in by_name.values():
        if len(columns) > 1 and any((frame[columns[0].index] != frame[c.index]).any() for c in columns[1:]):
            yield problem(
                "column_ambiguous",
                sheet=table.name,
                column=columns[0].header,
                text=", ".join(c.letter for c in columns),
                hint="Columns "
                + " and ".join(c.letter for c in columns)
                + " have the same heading: map the one that counts"
                + (", or all of them as dial codes." if field_of(columns[0]) in MANY else "."),
            )


def field_of(column: Column) -> str | None:
    """What the heading alone says."""
    return EXACT.get(words_of(column.header))


def _missing(table: Table, tables: Tables, request: CheckRequest) -> Iterator[Problem]:
    if not table.has_codes and not _joinable(table, tables, request):
        hint = "No column holds dial codes: map it, or send a sheet that has them."
        if other := [
            c.header for c in table.columns if c.field is None and "code" in c.alternatives and c.header
        ]:
            hint = f"The cells of “{other[0]}” are no dial codes: map the column that has them, or send a sheet with them."
        if table.fields & {"ocn", "lata"}:
            hint = (
                "Prices by OCN or LATA need number blocks: send a sheet with NPA, NXX and the same column, "
                "or have the operator import number blocks."
            )
        elif "destination" in table.fields:
            hint += _elsewhere(request)
        yield problem("column_missing", sheet=table.name, column="code", hint=hint)
    if not table.has_rates:
        tiers = [c.header for c in table.columns if is_tier(c.header)]
        if tiers:
            yield problem("tier_unsure", sheet=table.name, text=", ".join(tiers))
            return
        yield problem(
            "column_missing",
            sheet=table.name,
            column="rate",
            hint="No column holds rates: map it, or send a sheet that has them.",
        )
    if "tier" in table.fields and request.options.tier is None:
        index = next(index for index, name in table.mapping.items() if name == "tier")
        cells = table.sheet.frame[index].iloc[table.header_row : table.last_row].str.strip()
        yield problem("tier_unsure", sheet=table.name, text=", ".join(sorted(set(cells) - {""})[:10]))


def _elsewhere(request: CheckRequest) -> str:
    """Where dial codes can come from by destination, or why they do not although somebody said so."""
    if request.options.codes_from == "deck_in_force":
        return " There is no deck in force to take them from yet."
    if request.options.codes_from == "code_deck":
        return " The exchange has no code deck yet: no product has a deck in force."
    return (
        " They can also be taken from the deck in force or from our code deck, by destination (`codes_from`)."
    )


def _joinable(table: Table, tables: Tables, request: CheckRequest) -> bool:
    """Whether the dial codes of a table without codes come from elsewhere."""
    if table.fields & {"ocn", "lata"} and (tables.of("blocks") or request.blocks):
        return True
    if "destination" not in table.fields:
        return False
    source = request.options.codes_from
    return bool(
        tables.of("codes")
        or (source == "deck_in_force" and request.current)
        or (source == "code_deck" and request.code_deck)
    )


def _unsure(table: Table) -> Iterator[Problem]:
    for column in table.columns:
        if column.field and column.field not in FREE and column.confidence < TAKE:
            yield problem(
                "column_unsure",
                sheet=table.name,
                column=column.header or f"column {column.letter}",
                text=column.field,
                hint=f"Taken for “{label_of(column.field)}” with {column.confidence} % confidence ({column.reason}): "
                "confirm or correct.",
            )


_NEEDS: dict[str, Sequence[str]] = {
    "codes": ("destination",),
    "surcharges": ("origin",),
    "blocks": (),
    "closures": (),
}


def _helper_questions(table: Table) -> Iterator[Problem]:
    for name in _NEEDS[str(table.kind.value)]:
        if name not in table.fields:
            yield problem(
                "column_missing",
                sheet=table.name,
                column=name,
                hint=f"Map the column that holds “{label_of(name)}”.",
            )
    if table.kind.value in ("codes", "blocks", "closures") and not table.has_codes:
        yield problem(
            "column_missing", sheet=table.name, column="code", hint="Map the column that holds dial codes."
        )
    if table.kind.value == "surcharges" and not (table.has_rates or "surcharge" in table.fields):
        yield problem(
            "column_missing", sheet=table.name, column="surcharge", hint="Map the column of the amounts."
        )
