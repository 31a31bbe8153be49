"""Origin groups of a deck: the A-prefixes of each from its own lists, surcharges, and which group callers without a number fall in."""

import re
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc
import pycountry

from rates import problems
from rates.lines import Lines, Reading
from rates.options import CheckRequest
from rates.parse.codes import BadCode, codes_in
from rates.parse.money import parse_amount
from rates.parse.sheet import parse_sheet
from rates.parse.text import clean
from rates.problems import problem
from rates.read.headers import INVALID, REST, full_words
from rates.rules import JurisdictionRules, OriginGroup, OriginRules, Surcharge, origin_rules
from rates.tables import Table, Tables


def rules_of_file(
    tables: Tables, lines: list[Lines], reading: Reading, request: CheckRequest, current: pa.Table | None
) -> tuple[OriginRules | None, JurisdictionRules | None, pa.Table]:
    """(origin rules, jurisdiction rules, problems: rates.problems.SCHEMA). A group that prices something needs a list of A-prefixes: of
    the file, of the options, or of the deck in force; the group of invalid callers needs none."""
    found: list[problems.Problem] = []
    priced = list(dict.fromkeys(name for one in lines for name in _names(one, "origin")))
    lists = {name: tuple(prefixes) for name, prefixes in request.options.origin_groups.items()}
    for table in tables.of("origins"):
        for name, prefixes in _lists(table, found):
            lists[_known(name, [*priced, *lists])] = tuple(dict.fromkeys([*lists.get(name, ()), *prefixes]))
    charges = [charge for table in tables.of("surcharges") for charge in _surcharges(table, reading, found)]
    calls = any(_names(one, "jurisdiction") for one in lines)
    jurisdictions = JurisdictionRules(ij_fallback=request.options.ij_fallback) if calls else None
    used = list(dict.fromkeys([*priced, *(charge.group for charge in charges), *lists]))
    if not used:
        return None, jurisdictions, problems.to_table(found)
    before = {group.name: group.prefixes for group in _before(current)}
    invalid = request.options.invalid_group or next(
        (name for name in used if INVALID.search(full_words(name))), None
    )
    if invalid is not None and invalid not in used:
        used.append(invalid)
    rest = next((n for n in used if n != invalid and not lists.get(n) and REST.search(full_words(n))), None)
    for name in [*priced, *(charge.group for charge in charges)]:
        if not lists.get(name) and not before.get(name) and name not in (invalid, rest):
            found.append(problem("origin_list_missing", text=name))
    found += _claimed_twice(lists)
    rules = OriginRules(
        reading=request.options.origin_reading,
        groups=tuple(OriginGroup(name=n, prefixes=lists.get(n) or before.get(n, ())) for n in used),
        rest_group=rest,
        invalid_group=invalid,
        surcharges=tuple({charge.group: charge for charge in charges}.values()),
    )
    return rules, jurisdictions, problems.to_table(dict.fromkeys(found))


def _claimed_twice(lists: Mapping[str, tuple[str, ...]]) -> Iterator[problems.Problem]:
    """A caller belongs to one group: the same prefix in two lists cannot be priced."""
    owner: dict[str, str] = {}
    for name, prefixes in lists.items():
        for prefix in prefixes:
            if owner.setdefault(prefix, name) != name:
                yield problem("origin_twice", text=f"{prefix}: {owner[prefix]}, {name}")


def _before(current: pa.Table | None) -> tuple[OriginGroup, ...]:
    rules = origin_rules(current) if current is not None else None
    return rules.groups if rules else ()


def _names(lines: Lines, field: str) -> list[str]:
    texts = lines.texts.get(field)
    return [] if texts is None else [name for name in pc.unique(texts).to_pylist() if name]


def _known(name: str, names: list[str]) -> str:
    """The group as the prices call it, where only case and marks differ."""
    key = full_words(name)
    return next((other for other in names if full_words(other) == key), name)


def _lists(table: Table, found: list[problems.Problem]) -> Iterator[tuple[str, list[str]]]:
    """(group, A-prefixes): one row a group or prefix, or one column a group."""
    at = {field: index for index, field in table.mapping.items()}
    frame = table.sheet.frame.iloc[table.header_row : table.last_row]
    place = next((at[name] for name in ("code", "area_code", "country_code", "npanxx") if name in at), None)
    if place is None:  # country names stand where the heading promises prefixes
        place = next((column.index for column in table.columns if "code" in column.alternatives), None)
    if "origin" in at and (place is not None or "country" in at or "destination" in at):
        place = place if place is not None else at.get("country", at.get("destination"))
        group = ""
        for row, name, cell in zip(
            frame.index, clean(frame[at["origin"]]).to_pylist(), clean(frame[place]).to_pylist(), strict=True
        ):
            group = name or group
            if group and cell:
                yield group, _prefixes(table, int(row), cell, found)
        return
    for column in table.columns:
        if not column.header:
            continue
        for row, cell in zip(frame.index, clean(frame[column.index]).to_pylist(), strict=True):
            if cell:
                yield column.header, _prefixes(table, int(row), cell, found)


def _prefixes(table: Table, row: int, cell: str, found: list[problems.Problem]) -> list[str]:
    """Dial codes of a cell, or the country codes of the countries it names."""
    codes: list[str] = []
    for part in re.split(r"[,;|\n]+", cell):
        part = part.strip()
        if not part:
            continue
        try:
            codes += codes_in(part)
        except BadCode:
            if (country := _country_code(part)) is None:
                found.append(problem("origin_unknown", sheet=table.name, row=row, text=part))
            else:
                codes.append(country)
    return codes


def _country_code(name: str) -> str | None:
    """Country code of a country by its name or its ISO code; None where several countries share the code."""
    import phonenumbers  # few decks name countries here, and its tables take a while to load

    try:
        region = pycountry.countries.lookup(name).alpha_2
    except LookupError:
        return None
    code: int = phonenumbers.country_code_for_region(region)
    return (
        str(code)
        if code and len(phonenumbers.region_codes_for_country_code(code)) == 1
        else _shared(code, region, phonenumbers.region_code_for_country_code(code))
    )


def _shared(code: int, region: str, known_for: str | None) -> str | None:
    """Where a country code is shared, the country it is known for has it: 44 is the United Kingdom, 1 is nobody's."""
    if not code or code == 1:
        return None
    return str(code) if known_for == region else None


def _surcharges(table: Table, reading: Reading, found: list[problems.Problem]) -> Iterator[Surcharge]:
    lines = parse_sheet(table.sheet, table.header_row, table.last_row, table.mapping, table.headers, reading)
    field = next((name for name in ("surcharge", "rate", "connect_fee") if name in lines.texts), None)
    if field is None or "origin" not in lines.texts:
        return
    rows = zip(
        lines.rows.tolist(), lines.texts["origin"].to_pylist(), lines.texts[field].to_pylist(), strict=True
    )
    for row, group, cell in rows:
        if not group:
            continue
        nanos, fault = parse_amount(cell.lstrip("+"), reading.decimal_mark)
        if nanos is None or fault not in (None, "rate_precision"):
            found.append(
                problem("rate_invalid", sheet=table.name, row=row, column=lines.headers[field], text=cell)
            )
        else:
            yield Surcharge(group=group, nanos=nanos)
