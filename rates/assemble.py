"""Tables of a file → Lines to be judged: codes joined to the prices of their destinations, every layer by itself."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates import store
from rates.checks import codes as code_check
from rates.lines import Lines, Reading
from rates.nanp import codes_by
from rates.options import CheckRequest, DeckOptions
from rates.parse.blocks import blocks_by, joined_npanxx, key_of, npanxx_codes
from rates.parse.layered import split_layers
from rates.parse.money import MISSING
from rates.parse.names import name_key
from rates.parse.sheet import parse_sheet
from rates.problems import Problem
from rates.read.ragged import mend
from rates.read.raw import Refused
from rates.read.source import Source
from rates.schema import CLOSED
from rates.tables import Table, Tables


def assemble(tables: Tables, reading: Reading, request: CheckRequest) -> tuple[list[Lines], list[Lines]]:
    """(lines of prices, lines of the sheets that only helped; their problems count too)."""
    helpers: list[Lines] = []
    by_name = _codes_by_name(tables, reading, request, helpers)
    by_block = _codes_by_block(tables, reading, request, helpers)
    found: list[Lines] = []
    for table in tables.rates:
        lines = _parsed(table, reading)
        _one_tier(lines)
        _whole_codes(lines)
        if not table.has_codes:
            _joined(lines, by_name, by_block)
        found += split_layers(lines, str(table.origin.value or ""))
    found += [_closing(table, reading) for table in tables.of("closures")]
    return found, helpers


def _closing(table: Table, reading: Reading) -> Lines:
    """Codes without prices, which close on their date, else on that of the deck."""
    lines = _parsed(table, reading)
    _whole_codes(lines)
    if "effective_from" not in lines.texts and "effective_until" in lines.texts:
        until, since = "effective_until", "effective_from"
        lines.texts[since], lines.headers[since] = lines.texts.pop(until), lines.headers.pop(until)
        lines.values[since], lines.faults[since] = lines.values.pop(until), lines.faults.pop(until)
    lines.texts["rate"] = pa.array([""] * len(lines), pa.utf8())
    lines.values["rate"] = np.full(len(lines), MISSING, np.int64)
    lines.values["status"] = np.full(len(lines), CLOSED, np.int8)
    return lines


def _parsed(table: Table, reading: Reading) -> Lines:
    beyond = [index for index in table.mapping if index >= table.sheet.frame.shape[1]]
    if beyond:
        raise Refused.because("column_unknown", sheet=table.name, text=f"column {beyond[0] + 1}")
    return parse_sheet(table.sheet, table.header_row, table.last_row, table.mapping, table.headers, reading)


def _one_tier(lines: Lines) -> None:
    """Rows of other volume tiers than the chosen one are left out."""
    if "tier" in lines.texts and lines.reading.options.tier is not None:
        chosen = lines.reading.options.tier.strip().lower()
        same = pc.equal(pc.utf8_lower(lines.texts["tier"]), chosen)
        lines.keep &= same.to_numpy(zero_copy_only=False)


def _whole_codes(lines: Lines) -> None:
    """NPA-NXX in any form becomes texts["code"]."""
    texts = lines.texts
    if "code" in texts:
        return
    if "npanxx" in texts:
        texts["code"], lines.headers["code"] = npanxx_codes(texts["npanxx"]), lines.headers["npanxx"]
    elif "npa" in texts and "nxx" in texts:
        texts["code"] = joined_npanxx(texts["npa"], texts["nxx"])
        lines.headers["code"] = f"{lines.headers['npa']} + {lines.headers['nxx']}"


def _joined(
    lines: Lines, by_name: Mapping[str, list[str]], by_block: Mapping[str, Mapping[str, list[str]]]
) -> None:
    """texts["code"] from the destination, OCN or LATA of each row; rows that no list knows are reported and left out."""
    ways: tuple[tuple[str, Mapping[str, list[str]], Callable[[str], str]], ...] = (
        ("ocn", by_block["ocn"], key_of),
        ("lata", by_block["lata"], key_of),
        ("destination", by_name, name_key),
    )
    held = [way for way in ways if way[0] in lines.texts]
    for field, index, key in [way for way in held if way[1]] or held[:1]:
        cells = lines.texts[field]
        if field == "destination" and "country" in lines.texts:
            cells = _with_country(cells, lines.texts["country"], index)
        encoded = pc.dictionary_encode(cells)
        lists = [",".join(index.get(key(text), ())) for text in encoded.dictionary.to_pylist()]
        codes = pa.array(lists, pa.utf8()).take(encoded.indices)
        unknown = pc.and_(pc.equal(codes, ""), pc.not_equal(cells, "")).to_numpy(zero_copy_only=False)
        chosen = lines.chosen("skip_unknown_destinations")
        lines.report(
            "destination_unknown",
            unknown,
            field,
            severity="warning" if chosen else None,
            hint="Left out by your choice." if chosen else None,
            skip=True,
        )
        lines.texts["code"], lines.headers["code"] = codes, lines.headers[field]
        return


def _with_country(names: pa.Array, countries: pa.Array, index: Mapping[str, list[str]]) -> pa.Array:
    """`Mobile` of the row of Albania is `Albania Mobile`, where the list of codes knows only that."""
    whole = [
        name if name_key(name) in index or not country else f"{country} {name}"
        for name, country in zip(names.to_pylist(), countries.to_pylist(), strict=True)
    ]
    return pa.array(whole, pa.utf8())


def _codes_by_name(
    tables: Tables, reading: Reading, request: CheckRequest, helpers: list[Lines]
) -> Mapping[str, list[str]]:
    """Destination → dial codes: from the sheets of codes, else from where the options say."""
    found: dict[str, list[str]] = defaultdict(list)
    for table in tables.of("codes"):
        lines, codes, sources = _helper_codes(table, reading, helpers)
        names = lines.texts["destination"]
        if pc.any(pc.equal(names, "")).as_py():
            names = pc.fill_null(pc.fill_null_forward(pc.if_else(pc.equal(names, ""), None, names)), "")
        country = lines.texts.get("country")
        for code, source in zip(codes, sources, strict=True):
            name = names[source].as_py()
            found[name_key(name)].append(code)
            if country is not None and country[source].as_py():
                found[name_key(f"{country[source].as_py()} {name}")].append(code)
    if found or all(table.has_codes for table in tables.rates):
        return found
    path = {"deck_in_force": request.current, "code_deck": request.code_deck}.get(
        request.options.codes_from or ""
    )
    if path:
        deck = store.read_file(path)
        for code, name in zip(deck["code"].to_pylist(), deck["destination"].to_pylist(), strict=True):
            if code not in found[name_key(name)]:
                found[name_key(name)].append(code)
    return found


def _codes_by_block(
    tables: Tables, reading: Reading, request: CheckRequest, helpers: list[Lines]
) -> Mapping[str, Mapping[str, list[str]]]:
    """Field → OCN or LATA → dial codes, from the sheets of blocks, else from the exchange's own number blocks."""
    if request.blocks and not tables.of("blocks"):
        keyed = set().union(*(table.fields for table in tables.rates if not table.has_codes))
        own = store.read_file(request.blocks) if keyed & {"ocn", "lata"} else None
        return {
            field: codes_by(own, field) if own is not None and field in keyed else {}
            for field in ("ocn", "lata")
        }
    found: dict[str, dict[str, list[str]]] = {"ocn": defaultdict(list), "lata": defaultdict(list)}
    for table in tables.of("blocks"):
        lines, codes, sources = _helper_codes(table, reading, helpers)
        for field, index in found.items():
            if field in lines.texts:
                keys = lines.texts[field].take(pa.array(sources, pa.int64())).to_pylist()
                for key, members in blocks_by(keys, codes).items():
                    index[key] += members
    return found


def _helper_codes(table: Table, reading: Reading, helpers: list[Lines]) -> tuple[Lines, list[str], list[int]]:
    """Dial codes of a sheet without prices and the row of each; what is wrong with them is reported on that sheet."""
    lines = _parsed(table, reading)
    for name in [
        name for name in lines.texts if name.startswith("effective") or name in ("status", "currency")
    ]:
        lines.texts.pop(name)
    _whole_codes(lines)
    lines.report("text_row", _no_codes(lines), next(iter(lines.texts), None), skip=True)
    code_check.check(lines)
    helpers.append(lines)
    sources = lines.values["code_source"]
    kept = lines.keep[sources]
    return lines, lines.texts["codes"].filter(pa.array(kept)).to_pylist(), sources[kept].tolist()


def _no_codes(lines: Lines) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    empty = np.ones(len(lines), bool)
    for name in ("code", "country_code", "area_code"):
        if name in lines.texts:
            empty &= pc.equal(lines.texts[name], "").to_numpy(zero_copy_only=False)
    return empty


def mended(tables: Tables, source: Source, options: DeckOptions) -> tuple[Tables, list[Problem]]:
    """Text tables with rows of too many cells put right, and what to say about them."""
    notes: list[Problem] = []
    if source.kind == "workbook" or not source.delimiter.value:
        return tables, notes
    changed: dict[str, Table] = {}
    for table in tables.rates:
        sheet, said = mend(
            table.sheet,
            table.header_row,
            table.headers,
            table.mapping,
            source.delimiter.value,
            "join_split_cells" in options.repairs,
        )
        notes += said
        if sheet is not table.sheet:
            changed[table.name] = replace(table, sheet=sheet)
    if not changed:
        return tables, notes
    return Tables(
        tuple(changed.get(t.name, t) for t in tables.rates),
        tuple(changed.get(t.name, t) for t in tables.all),
        tables.unsure,
    ), notes
