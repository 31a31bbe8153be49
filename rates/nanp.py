"""Files a user has about numbers of North America: blocks (NPA-NXX or thousand-block to state, rate centre, OCN, LATA) and
ported numbers. Read as text, checked line by line; what is wrong is a problem with its line, and the line is left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from rates.parse.blocks import blocks_by

FIELDS: Final = ("npa_nxx", "npa", "nxx", "block", "country", "state", "rate_centre", "ocn", "lata")
SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "npa_nxx": ("npanxx", "npa-nxx", "npa_nxx", "code", "prefix", "dial code"),
    "npa": ("npa", "npa_id", "area code", "areacode", "area_code"),
    "nxx": ("nxx", "exchange", "co code", "cocode", "prefix3"),
    "block": ("block", "x", "thousand", "thousands block", "block_id", "blk"),
    "country": ("country", "country code", "cc"),
    "state": ("state", "st", "province", "location", "region", "state/province"),
    "rate_centre": ("rate_centre", "rate centre", "rate center", "ratecenter", "rate_center", "rc", "city"),
    "ocn": ("ocn", "company code"),
    "lata": ("lata",),
    "number": ("number", "tn", "telephone number", "phone", "dialled", "dnis"),
    "lrn": ("lrn", "routing number", "rn"),
}
MOST_PROBLEMS: Final = 200
_CODE: Final = re.compile(r"^1?([2-9]\d{2})([2-9]\d{2})?(\d)?$")
_NUMBER: Final = re.compile(r"^\d{1,15}$")


@dataclass(frozen=True)
class LineProblem:
    """`line` counts from 1 in the file."""

    line: int
    text: str
    why: str


@dataclass
class NumberTable:
    """What could be read; every column utf8."""

    table: pa.Table
    skipped: int = 0
    problems: list[LineProblem] = field(default_factory=list)

    def refuse(self, line: int, text: str, why: str) -> None:
        self.skipped += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(LineProblem(line, text[:80], why))


class UnreadableNumbers(ValueError):
    """The file as a whole cannot be used; the message says why and how to mend it."""


def read_blocks(path: Path, columns: Mapping[str, str] | None = None) -> NumberTable:
    """Number blocks. `columns`: field → heading or place (`1` = first column); found by their headings when left out.

    Table columns: code (NPA, NPANXX or NPANXXX), country, state, rate_centre, ocn, lata. Raises UnreadableNumbers."""
    cells, first = _columns(path, columns, needed=(("npa_nxx",), ("npa",)), fields=FIELDS)
    out = NumberTable(pa.table({}))
    kept: dict[str, list[str]] = {
        name: [] for name in ("code", "country", "state", "rate_centre", "ocn", "lata")
    }
    seen: dict[str, int] = {}
    for at in range(len(next(iter(cells.values())))):
        row = {name: column[at].strip() for name, column in cells.items()}
        joined = row.get("npa_nxx") or "".join(row.get(part, "") for part in ("npa", "nxx", "block"))
        code = re.sub(r"[\s().-]", "", joined)
        line = first + at
        found = _CODE.match(code)
        if not found or (found[3] and not found[2]):
            out.refuse(line, joined, "is not NPA, NPA-NXX or a thousand-block")
            continue
        code = "".join(part for part in found.groups() if part)
        state = row.get("state", "").upper()
        if len(state) != 2:
            out.refuse(line, state, "has no state of two letters")
            continue
        if code in seen:
            out.refuse(line, code, f"stands in line {seen[code]} already")
            continue
        seen[code] = line
        country = {"USA": "US", "UNITED STATES": "US", "CANADA": "CA"}.get(
            row.get("country", "").upper(), row.get("country", "").upper()
        )
        kept["code"].append(code)
        kept["country"].append(country if len(country) == 2 else "")
        kept["state"].append(state)
        kept["rate_centre"].append(row.get("rate_centre", "").upper())
        ocn = row.get("ocn", "").upper()
        kept["ocn"].append(ocn if re.fullmatch(r"[0-9A-Z]{1,4}", ocn) else "")
        lata = row.get("lata", "")
        kept["lata"].append(lata if lata.isdigit() and len(lata) <= 5 else "")
    out.table = pa.table({name: pa.array(values, pa.utf8()) for name, values in kept.items()})
    if not out.table.num_rows:
        raise UnreadableNumbers("No line of the file is a number block; name the columns.")
    return out


def read_ported(path: Path, columns: Mapping[str, str] | None = None) -> NumberTable:
    """Ported numbers: number and LRN, ten digits of North America get their 1. Raises UnreadableNumbers."""
    cells, first = _columns(path, columns, needed=(("number", "lrn"),), fields=("number", "lrn"))
    out = NumberTable(pa.table({}))
    numbers: list[str] = []
    routed: list[str] = []
    seen: dict[str, str] = {}
    for at, pair in enumerate(zip(cells["number"], cells["lrn"], strict=True)):
        number, lrn = (_full(text) for text in pair)
        if number is None or lrn is None:
            out.refuse(first + at, " → ".join(pair), "is not a number and an LRN")
        elif seen.setdefault(number, lrn) != lrn:
            out.refuse(first + at, number, f"has another LRN already, {seen[number]}")
        else:
            numbers.append(number)
            routed.append(lrn)
    out.table = pa.table({"number": pa.array(numbers, pa.utf8()), "lrn": pa.array(routed, pa.utf8())})
    if not numbers:
        raise UnreadableNumbers("No line of the file has a number and an LRN; name the columns.")
    return out


def _full(text: str) -> str | None:
    digits = re.sub(r"[\s().+-]", "", text)
    if re.fullmatch(r"[2-9]\d{2}[2-9]\d{6}", digits):
        return f"1{digits}"
    return digits if _NUMBER.match(digits) else None


def codes_by(blocks: pa.Table, kind: str) -> Mapping[str, list[str]]:
    """OCN or LATA (`kind`), as rates.parse.blocks.key_of writes it → dial codes with the 1 in front, for decks keyed by it."""
    codes = [f"1{code}" for code in blocks.column("code").to_pylist()]
    return blocks_by(blocks.column(kind).to_pylist(), codes)


def _columns(
    path: Path,
    columns: Mapping[str, str] | None,
    *,
    needed: tuple[tuple[str, ...], ...],
    fields: tuple[str, ...],
) -> tuple[dict[str, list[str]], int]:
    """Cells of each field, and the line of the first."""
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(autogenerate_column_names=True, encoding="utf8"),
            parse_options=csv.ParseOptions(invalid_row_handler=lambda row: "skip"),
            convert_options=csv.ConvertOptions(strings_can_be_null=False),
        )
    except (pa.ArrowInvalid, OSError) as fault:
        raise UnreadableNumbers(f"The file is not a CSV file in UTF-8: {fault}") from fault
    table = table.cast(pa.schema([(name, pa.utf8()) for name in table.column_names]))
    table = pa.table({name: pc.fill_null(table[name], "") for name in table.column_names})
    if not table.num_rows:
        raise UnreadableNumbers("The file is empty.")
    heading = [str(table[name][0].as_py()).strip().lower() for name in table.column_names]
    places = _places(heading, columns, fields)
    by_place = bool(columns) and all(given.isdigit() for given in (columns or {}).values())
    if not any(all(name in places for name in way) for way in needed):
        ways = " or ".join(" + ".join(way) for way in needed)
        raise UnreadableNumbers(
            f"The columns for {ways} are not found by their headings ({', '.join(heading)[:120]}); name them, for example "
            f"{needed[0][0]}=1 for the first column."
        )
    skip = 0 if by_place and not _is_heading(heading) else 1
    cells = {name: table[table.column_names[place]].slice(skip).to_pylist() for name, place in places.items()}
    return cells, 1 + skip


def _is_heading(cells: list[str]) -> bool:
    return not any(re.search(r"\d{3}", cell) for cell in cells)


def _places(heading: list[str], columns: Mapping[str, str] | None, fields: tuple[str, ...]) -> dict[str, int]:
    if columns:
        places = {}
        for name, given in columns.items():
            if name not in fields:
                raise UnreadableNumbers(f"There is no column {name}; use {', '.join(fields)}.")
            if given.isdigit() and 1 <= int(given) <= len(heading):
                places[name] = int(given) - 1
            elif given.strip().lower() in heading:
                places[name] = heading.index(given.strip().lower())
            else:
                raise UnreadableNumbers(f"The file has no column {given}; it has {', '.join(heading)[:200]}.")
        return places
    return {
        name: next(heading.index(word) for word in SYNONYMS[name] if word in heading)
        for name in fields
        if any(word in heading for word in SYNONYMS[name])
    }
